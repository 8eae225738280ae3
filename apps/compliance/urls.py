"""Addresses of the compliance room."""

from django.urls import include, path

from apps.compliance import dashboard_views, views
from apps.compliance.bulk import views as bulk_views

app_name = "compliance"
urlpatterns = [
    # /
    path("", dashboard_views.dashboard, name="dashboard"),
    path("board/", dashboard_views.board, name="board"),
    path("", include("apps.compliance.agenda.urls")),
    path("", include("apps.compliance.trends.urls")),
    # /requirements/
    path("requirements/", views.requirement_list, name="requirement_list"),
    path("requirements/csv/", views.requirement_csv, name="requirement_csv"),
    path("requirements/idle/", views.requirement_idle_list, name="requirement_idle_list"),
    path("requirements/bulk/", bulk_views.requirement_bulk, name="requirement_bulk"),
    path("requirements/new/", views.requirement_create, name="requirement_create"),
    path("requirements/<int:pk>/", views.requirement_detail, name="requirement_detail"),
    path("requirements/<int:pk>/edit/", views.requirement_edit, name="requirement_edit"),
    path("requirements/<int:pk>/schedule/", views.requirement_schedule, name="requirement_schedule"),
    path("requirements/<int:pk>/waive/", views.requirement_waive, name="requirement_waive"),
    path("requirements/<int:pk>/archive/", views.requirement_archive, name="requirement_archive"),
    path("requirements/<int:pk>/restore/", views.requirement_restore, name="requirement_restore"),
    # /protocols/
    path("protocols/", views.protocol_list, name="protocol_list"),
    path("protocols/new/", views.protocol_create, name="protocol_create"),
    path("protocols/<int:pk>/", views.protocol_detail, name="protocol_detail"),
    path("protocols/<int:pk>/edit/", views.protocol_edit, name="protocol_edit"),
    path("protocols/<int:pk>/archive/", views.protocol_archive, name="protocol_archive"),
    path("protocols/<int:pk>/restore/", views.protocol_restore, name="protocol_restore"),
    path("packs/", include("apps.compliance.packs.urls")),
    path("", include("apps.compliance.corrective.urls")),
    path("", include("apps.compliance.closures.urls")),
    path("", include("apps.compliance.events.urls")),
]
