"""Addresses of the operations room."""

from django.urls import path

from apps.operations import views
from apps.operations.importing import views as importing

app_name = "operations"
urlpatterns = [
    path("health/live", views.health_live, name="health_live"),
    path("health/ready", views.health_ready, name="health_ready"),
    path("robots.txt", views.robots, name="robots"),
    path("import/", importing.import_start, name="import_start"),
    path("import/earlier/", importing.import_list, name="import_list"),
    path("import/template/<slug:kind>.csv", importing.import_template, name="import_template"),
    path("import/<int:pk>/", importing.import_preview, name="import_preview"),
    path("import/<int:pk>/columns/", importing.import_map, name="import_map"),
    path("import/<int:pk>/result/", importing.import_result, name="import_result"),
    path("import/<int:pk>/errors.csv", importing.import_errors, name="import_errors"),
    path("import/<int:pk>/undo/", importing.import_undo, name="import_undo"),
    path("import/<int:pk>/discard/", importing.import_discard, name="import_discard"),
]
