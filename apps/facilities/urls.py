"""Addresses of the facilities room."""

from django.urls import include, path

from apps.facilities import area_views, views

app_name = "facilities"
urlpatterns = [
    path("facilities/", views.facility_list, name="facility_list"),
    path("facilities/export.csv", views.facility_export, name="facility_export"),
    path("facilities/new/", views.facility_create, name="facility_create"),
    path("facilities/<int:pk>/", views.facility_detail, name="facility_detail"),
    path("facilities/<int:pk>/edit/", views.facility_edit, name="facility_edit"),
    path("facilities/<int:pk>/archive/", views.facility_archive, name="facility_archive"),
    path("facilities/<int:pk>/restore/", views.facility_restore, name="facility_restore"),
    path("facilities/<int:pk>/pin/", views.facility_pin, name="facility_pin"),
    path("facilities/<int:pk>/pin/clear/", views.facility_pin_clear, name="facility_pin_clear"),
    path("facilities/<int:pk>/areas/new/", area_views.area_create, name="area_create"),
    path("areas/", area_views.area_list, name="area_list"),
    path("areas/export.csv", area_views.area_export, name="area_export"),
    path("areas/<int:pk>/", area_views.area_detail, name="area_detail"),
    path("areas/<int:pk>/edit/", area_views.area_edit, name="area_edit"),
    path("areas/<int:pk>/archive/", area_views.area_archive, name="area_archive"),
    path("areas/<int:pk>/restore/", area_views.area_restore, name="area_restore"),
    path("", include("apps.facilities.member_urls")),
]
