"""Addresses of the cleaning_logs room."""

from django.urls import path, re_path

from apps.cleaning_logs import scan_event, scan_views, views

app_name = "cleaning_logs"
urlpatterns = [
    path("q/", scan_views.scan_enter, name="scan_enter"),
    # Labels are printed without the last slash; people type it.
    re_path(r"^q/(?P<code>[^/]+)/?$", scan_views.scan, name="scan"),
    path("q/<str:code>/log/", scan_views.scan_free, name="scan_free"),
    path("q/<str:code>/log/<int:requirement_id>/", scan_views.scan_log, name="scan_log"),
    path("q/<str:code>/event/<int:requirement_id>/", scan_event.scan_event, name="scan_event"),
    path("q/<str:code>/done/<uuid:uuid>/", scan_views.scan_done, name="scan_done"),
    path("logs/", views.log_list, name="log_list"),
    path("logs/export.csv", views.log_export, name="log_export"),
    path("logs/new/<int:requirement_id>/", scan_views.log_create, name="log_create"),
    path("logs/<int:pk>/", views.log_detail, name="log_detail"),
    path("logs/<int:pk>/supersede/", views.log_supersede, name="log_supersede"),
    path("logs/photos/<int:pk>/", views.log_photo, name="log_photo"),
]
