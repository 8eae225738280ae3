#!/usr/bin/env bash
# The build step of a host without containers. Migrations are the host's pre-deploy command: python manage.py migrate
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python -m pip install --disable-pip-version-check --require-hashes -r requirements.txt
python manage.py collectstatic --noinput
