#!/bin/sh
# Compile both locks. They hold hashes and no address of an index; they suit every platform and Python from 3.11 on.
set -eu
cd "$(dirname "$0")/.."
compile() {
    name=$1
    shift
    .venv/bin/python -m uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" "$@" "$name.in" -o "$name.txt"
}
compile requirements "$@"
compile requirements-dev "$@"
git diff --stat -- requirements.txt requirements-dev.txt 2>/dev/null || true
