#!/bin/sh
# The embedded database's own commands, with .venv's Python or, when that is gone, any: stopping needs no package.
set -eu
cd "$(dirname "$0")/.."
for python in .venv/bin/python python3 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$python" -m apps.operations.embedded "$@"
    fi
done
echo "No Python 3.11 or newer was found." >&2
exit 1
