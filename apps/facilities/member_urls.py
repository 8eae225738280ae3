"""Addresses of the member pages, included by urls.py."""

from django.urls import path

from apps.facilities import member_views as views

urlpatterns = [
    path("members/", views.member_list, name="member_list"),
    path("members/export.csv", views.member_export, name="member_export"),
    path("members/new/", views.member_create, name="member_create"),
    path("members/<int:pk>/edit/", views.member_edit, name="member_edit"),
    path("members/<int:pk>/deactivate/", views.member_deactivate, name="member_deactivate"),
    path("members/<int:pk>/reactivate/", views.member_reactivate, name="member_reactivate"),
    path("members/<int:pk>/invite/", views.member_invite, name="member_invite"),
]
