#!/bin/sh
# Migrate, load the demo, serve. One Ctrl-C ends the server; the embedded database stays for the next command.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
port=${PORT:-8000}
host=${HOST:-127.0.0.1}

"$python" - "$host" "$port" <<'PYTHON'
import socket, sys
host, port = sys.argv[1], sys.argv[2]
if not port.isdigit() or not 0 < int(port) < 65536:
    sys.exit(f"PORT={port} is no port number.")
with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((host, int(port)))
    except OSError as error:
        sys.exit(f"Cannot serve on {host}:{port} ({error.strerror}). Choose another: make run PORT={int(port) % 65000 + 1}")
PYTHON

"$python" manage.py migrate --verbosity 1
"$python" manage.py load_demo
echo
echo "Serving on http://localhost:$port/ – Ctrl-C ends it. (The database stays for the next command: make stop.)"
case $host in *:*) host="[$host]" ;; esac
exec "$python" -W ignore::RuntimeWarning manage.py runserver --skip-checks "$host:$port"
