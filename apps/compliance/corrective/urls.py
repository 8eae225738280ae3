"""Addresses of corrective actions and acknowledgements, in the namespace of the room."""

from django.urls import path

from apps.compliance.corrective import acknowledge_views, views

urlpatterns = [
    # /corrective/
    path("corrective/", views.corrective_list, name="corrective_list"),
    path("corrective/csv/", views.corrective_csv, name="corrective_csv"),
    path("corrective/new/", views.corrective_create, name="corrective_create"),
    path("corrective/<int:pk>/", views.corrective_detail, name="corrective_detail"),
    path("corrective/<int:pk>/edit/", views.corrective_edit, name="corrective_edit"),
    path("corrective/<int:pk>/assign/", views.corrective_assign, name="corrective_assign"),
    path("corrective/<int:pk>/fix/", views.corrective_fix, name="corrective_fix"),
    path("corrective/<int:pk>/close/", views.corrective_close, name="corrective_close"),
    path("corrective/<int:pk>/reopen/", views.corrective_reopen, name="corrective_reopen"),
    path("corrective/photos/<int:pk>/", views.corrective_photo, name="corrective_photo"),
    # /requirements/…/acknowledge/
    path(
        "requirements/<int:pk>/acknowledge/", acknowledge_views.requirement_acknowledge, name="requirement_acknowledge"
    ),
    path("requirements/<int:pk>/resume/", acknowledge_views.requirement_resume, name="requirement_resume"),
]
