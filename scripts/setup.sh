#!/bin/sh
# Make .venv and install requirements-dev.txt. Does nothing, and needs no network, while the lock, the Python and the
# path are those of the last time. PYTHON=/path/to/python chooses another Python.
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV 2>/dev/null || true

suits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14 python; do
        if suits "$name"; then
            printf '%s\n' "$name"
            return
        fi
        if [ -n "${PYTHON:-}" ] && [ "$name" = "$PYTHON" ]; then
            echo "PYTHON=$PYTHON is no Python of version 3.11 or newer." >&2
            exit 1
        fi
    done
    echo "CleanTrack needs Python 3.11 or newer, and none was found. Install it (Debian: apt install python3 python3-venv)," >&2
    echo "or name one: make setup PYTHON=/path/to/python3.11" >&2
    exit 1
}

# What the environment was made from: where it lies, which Python, which lock.
state() {
    "$1" - "$here" requirements-dev.txt <<'PYTHON'
import hashlib, os, platform, sys
print(sys.argv[1])
print(os.path.realpath(getattr(sys, "_base_executable", sys.executable)), platform.python_version())
print(hashlib.sha256(open(sys.argv[2], "rb").read()).hexdigest())
PYTHON
}

python=$(find_python) || exit 1
stamp=.venv/cleantrack-stamp

usable() {
    [ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null || return 1
    # Its scripts carry the path they were made for.
    grep -qF "$here/.venv" .venv/bin/activate 2>/dev/null || return 1
    # The same Python, if one was named; the same minor version in any case.
    if [ -n "${PYTHON:-}" ]; then
        [ "$(state .venv/bin/python | sed -n 2p)" = "$(state "$python" | sed -n 2p)" ] || return 1
    fi
    suits .venv/bin/python || return 1
    [ ! -f "$stamp" ] || [ "$(state .venv/bin/python | sed -n 1,2p)" = "$(sed -n 1,2p "$stamp")" ]
}

if ! usable; then
    [ ! -e .venv ] || echo "Rebuilding .venv: it was made elsewhere or by another Python."
    rm -rf .venv
    echo "Making .venv with $("$python" --version) …"
    if ! "$python" -m venv .venv; then
        rm -rf .venv
        echo "'$python -m venv' failed. On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
fi

if [ "$(state .venv/bin/python)" != "$(cat "$stamp" 2>/dev/null)" ]; then
    rm -f "$stamp"
    echo "Installing the locked dependencies …"
    if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes \
        -r requirements-dev.txt; then
        echo "The dependencies could not be installed. This step needs the network, once for each change of the lock." >&2
        exit 1
    fi
    state .venv/bin/python >"$stamp.new"
    mv "$stamp.new" "$stamp"
fi
