"""Addresses of help wanted, below /mitmachen/."""

from django.urls import path

from volunteers import views, watch_pages

app_name = "volunteers"
urlpatterns = [
    path("", views.index, name="list"),
    path("bescheid/", watch_pages.watch, name="watch"),
    path("<slug:slug>/", views.detail, name="detail"),
]
