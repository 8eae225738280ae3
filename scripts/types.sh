#!/bin/sh
# mypy. Its Django plugin loads the settings but opens no database: an address that is never used spares starting one.
set -eu
cd "$(dirname "$0")/.."
CLEANTRACK_ENV=local DATABASE_URL=postgres://nobody@127.0.0.1/unused exec .venv/bin/python -m mypy "$@"
