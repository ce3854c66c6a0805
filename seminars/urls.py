"""Addresses of seminars, below /seminare/ (mission.md)."""

from django.urls import path

from seminars import views

app_name = "seminars"
urlpatterns = [
    path("", views.index, name="list"),
    path("bescheid/", views.watch, name="watch"),
    path("<slug:slug>/", views.detail, name="detail"),
]
