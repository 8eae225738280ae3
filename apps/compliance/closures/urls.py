"""Addresses of closures, in the namespace of the room."""

from django.urls import path

from apps.compliance.closures import views

urlpatterns = [
    # /closures/
    path("closures/", views.closure_list, name="closure_list"),
    path("closures/new/", views.closure_create, name="closure_create"),
    path("closures/<int:pk>/end/", views.closure_end, name="closure_end"),
    path("closures/days/new/", views.closed_day_create, name="closed_day_create"),
    path("closures/days/<int:pk>/remove/", views.closed_day_remove, name="closed_day_remove"),
]
