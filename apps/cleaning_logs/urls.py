"""Addresses of the cleaning_logs room."""

from django.urls import URLPattern

app_name = "cleaning_logs"
urlpatterns: list[URLPattern] = []
