"""Addresses of the equipment room."""

from django.urls import path

from apps.equipment import label_views, type_views, views

app_name = "equipment"
urlpatterns = [
    path("equipment/", views.equipment_list, name="equipment_list"),
    path("equipment/export.csv", views.equipment_export, name="equipment_export"),
    path("equipment/new/", views.equipment_create, name="equipment_create"),
    path("equipment/<int:pk>/", views.equipment_detail, name="equipment_detail"),
    path("equipment/<int:pk>/edit/", views.equipment_edit, name="equipment_edit"),
    path("equipment/<int:pk>/archive/", views.equipment_archive, name="equipment_archive"),
    path("equipment/<int:pk>/restore/", views.equipment_restore, name="equipment_restore"),
    path("equipment/<int:pk>/photo/", views.equipment_photo, name="equipment_photo"),
    path("equipment/<int:pk>/photo/edit/", views.equipment_photo_edit, name="equipment_photo_edit"),
    path("equipment/<int:pk>/photo/remove/", views.equipment_photo_remove, name="equipment_photo_remove"),
    path("equipment/types/", type_views.type_list, name="type_list"),
    path("equipment/types/export.csv", type_views.type_export, name="type_export"),
    path("equipment/types/new/", type_views.type_create, name="type_create"),
    path("equipment/types/<int:pk>/edit/", type_views.type_edit, name="type_edit"),
    path("equipment/types/<int:pk>/archive/", type_views.type_archive, name="type_archive"),
    path("equipment/types/<int:pk>/restore/", type_views.type_restore, name="type_restore"),
    path("labels/", label_views.label_list, name="label_list"),
    path("labels/export.csv", label_views.label_export, name="label_export"),
    path("labels/new/", label_views.label_create, name="label_create"),
    path("labels/missing/<int:pk>/", label_views.label_create_missing, name="label_create_missing"),
    path("labels/print/", label_views.label_print, name="label_print"),
    path("labels/sheet.pdf", label_views.label_sheet, name="label_sheet"),
    path("labels/<int:pk>/", label_views.label_detail, name="label_detail"),
    path("labels/<int:pk>/claim/", label_views.label_claim, name="label_claim"),
    path("labels/<int:pk>/replace/", label_views.label_replace, name="label_replace"),
    path("labels/<int:pk>/revoke/", label_views.label_revoke, name="label_revoke"),
]
