#!/usr/bin/env python
"""Django's command line."""

import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent


def is_development() -> bool:
    """Is this the .venv of 'make setup', and nothing configured as on a server? Then CLEANTRACK_ENV is local."""
    configured = any(os.environ.get(name) for name in ("CLEANTRACK_ENV", "SECRET_KEY", "DATABASE_URL"))
    ours = Path(sys.prefix).resolve() == CHECKOUT / ".venv" and (CHECKOUT / ".venv/cleantrack-stamp").exists()
    return ours and not configured and not (CHECKOUT / ".env").exists()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cleantrack.settings")
    if is_development():
        os.environ["CLEANTRACK_ENV"] = "local"
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        sys.exit(
            f"CleanTrack's dependencies are not installed for {sys.executable} ({error}).\n"
            "Run 'make setup', then use the Python in .venv, for example: .venv/bin/python manage.py check"
        )
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
