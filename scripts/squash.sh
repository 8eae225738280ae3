#!/bin/sh
# Write every room's migrations anew as 0001 (before the first release nobody depends on them).
set -eu
cd "$(dirname "$0")/.."
rm -f apps/*/migrations/0*.py
.venv/bin/python manage.py makemigrations tenants audit accounts facilities equipment compliance cleaning_logs operations
