"""Addresses of the accounts room."""

from django.urls import path

from apps.accounts import saved_views, views

app_name = "accounts"
urlpatterns = [
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("kept/", views.kept_entries, name="kept_entries"),
    path("kept/discard/", views.kept_entries_discard, name="kept_entries_discard"),
    path("account/", views.account, name="account"),
    path("password/change/", views.password_change, name="password_change"),
    path("password/reset/", views.password_reset, name="password_reset"),
    path("password/reset/done/", views.password_reset_done, name="password_reset_done"),
    path("password/reset/complete/", views.password_reset_complete, name="password_reset_complete"),
    path("password/reset/<uidb64>/<token>/", views.password_reset_confirm, name="password_reset_confirm"),
    path("views/save/", saved_views.saved_view_create, name="saved_view_create"),
    path("views/<int:pk>/delete/", saved_views.saved_view_delete, name="saved_view_delete"),
    path("organizations/", views.organization_list, name="organization_list"),
    path("organizations/switch/", views.organization_switch, name="organization_switch"),
]
