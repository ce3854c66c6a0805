"""Addresses behind the links of „Sagen Sie mir Bescheid", below /anmeldung/; tokens as in booking_urls."""

from django.urls import path

from portal import watch_pages

app_name = "watch"
urlpatterns = [
    path("bescheid-gesendet/<str:token>/", watch_pages.sent, name="sent"),
    path("bescheid-bestaetigen/<str:token>/", watch_pages.confirm, name="confirm"),
    path("bescheid/<str:token>/", watch_pages.manage, name="manage"),
    path("bescheid/<str:token>/meine-daten.json", watch_pages.export, name="export"),
]
