"""Addresses of trends, inside those of the compliance room."""

from django.urls import path

from apps.compliance.trends import views

urlpatterns = [
    # /trends/
    path("trends/", views.trends, name="trends"),
]
