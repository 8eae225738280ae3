#!/bin/sh
# djade over every Django template.
set -eu
cd "$(dirname "$0")/.."
# shellcheck disable=SC2185
find templates apps -name '*.html' -type f -print0 |
    xargs -0 -r .venv/bin/djade --target-version 5.2 "$@"
