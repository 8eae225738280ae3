"""Addresses of my work and the calendar, inside those of the compliance room."""

from django.urls import path

from apps.compliance.agenda import views

urlpatterns = [
    # /work/
    path("work/", views.my_work, name="my_work"),
    # /calendar/
    path("calendar/", views.calendar, name="calendar"),
]
