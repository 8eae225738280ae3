"""Load the demo once, and print where to look and whom to sign in as."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.operations import demo
from apps.operations.demo.southbank import PIN


class Command(BaseCommand):
    """``manage.py load_demo``: two invented organizations with a past. Run again, it only prints."""

    help = "Load two invented organizations to try CleanTrack with. Refuses in production; run again, it only prints."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo has published passwords. It never loads in production.")
        if demo.is_loaded():
            self.stdout.write("The demo is already loaded.")
        else:
            self.stdout.write("Loading the demo …")
            began = time.monotonic()
            demo.load()
            self.stdout.write(f"Loaded the demo in {time.monotonic() - began:.1f} s.")
        self.stdout.write(self._words())

    def _words(self) -> str:
        port, base = settings.PORT, settings.BASE_DOMAIN
        address = f"http://{base}:{port}"
        logins = demo.logins()
        wide = max(len(login.email) for login in logins)
        lines = [
            "",
            f"  {address}/                   sign in; every organization",
            f"  http://northgate.{base}:{port}/         a hospital trust",
            f"  http://southbank.{base}:{port}/         a landlord",
            f"  {address}/platform/          platform staff",
            f"  {address}/q/{demo.shown_label()}      a label on a bed pan washer that is overdue: try it on a phone",
            "",
            f"  Everybody’s password is {demo.PASSWORD}",
            "",
            *(f"  {login.email:<{wide}}  {login.role:<24}  {login.where}" for login in logins),
            "",
            "  Labels of Northgate take a log from anybody who gives a name.",
            f"  Labels of Southbank’s Riverside Court ask for a name and the PIN {PIN}.",
        ]
        return "\n".join(lines)
