"""Addresses of the open data, version 1."""

from django.urls import path

from portal.pages.api import views
from portal.pages.api.resources import LISTS

app_name = "api"
urlpatterns = [
    path("v1/", views.index, name="index"),
    path("v1/openapi.json", views.openapi, name="openapi"),
    *(path(f"v1/{name}/", views.rows, {"name": name}, name=name) for name in LISTS),
    path("v1/initiatives/<int:number>/", views.row, {"name": "initiatives"}, name="initiative"),
    path("v1/ideas/<int:number>/", views.row, {"name": "ideas"}, name="idea"),
    path("<path:rest>", views.unknown, name="unknown"),
]
