"""The WSGI entry point. Importing the URL configuration here refuses to start with an undeclared view."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cleantrack.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

import cleantrack.urls  # noqa: E402, F401
