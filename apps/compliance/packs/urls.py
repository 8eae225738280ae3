"""Addresses of the rule packs, under /packs/."""

from django.urls import path

from apps.compliance.packs import apply_views, views

urlpatterns = [
    path("", views.pack_list, name="pack_list"),
    path("not-applicable/<int:pk>/end/", views.not_applicable_end, name="not_applicable_end"),
    path("<slug:pack_id>/", views.pack_detail, name="pack_detail"),
    path("<slug:pack_id>/facilities/<int:pk>/", views.pack_facility, name="pack_facility"),
    path(
        "<slug:pack_id>/facilities/<int:pk>/<str:duty_id>/not-applicable/",
        views.not_applicable_create,
        name="not_applicable_create",
    ),
    path("<slug:pack_id>/apply/", apply_views.pack_apply, name="pack_apply"),
    path("<slug:pack_id>/facts/", apply_views.pack_facts, name="pack_facts"),
    path("<slug:pack_id>/preview/", apply_views.pack_preview, name="pack_preview"),
    path("<slug:pack_id>/upgrade/", views.pack_upgrade, name="pack_upgrade"),
]
