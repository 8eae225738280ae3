"""The styleguide, outside production only."""

from django.urls import path

from apps.operations import styleguide

urlpatterns = [path("", styleguide.styleguide, name="styleguide")]
