"""Addresses of events and prerequisites, in the namespace of the room."""

from django.urls import path

from apps.compliance.events import views

urlpatterns = [
    path("requirements/<int:pk>/event/", views.event_record, name="event_record"),
    path("requirements/<int:pk>/needs/", views.prerequisite_edit, name="prerequisite_edit"),
    path("events/<int:pk>/take-back/", views.event_take_back, name="event_take_back"),
]
