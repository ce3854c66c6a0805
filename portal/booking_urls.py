"""Addresses behind mail links, below /anmeldung/; each token is signed for its purpose (`links.py`)."""

from django.urls import path

from portal import booking_seats, bookings, who_came

app_name = "booking"
urlpatterns = [
    path("gesendet/<str:token>/", bookings.sent, name="sent"),
    path("bestaetigen/<str:token>/", bookings.confirm, name="confirm"),
    path("meine/<str:token>/", bookings.manage, name="manage"),
    path("meine/<str:token>/meine-daten.json", bookings.export, name="export"),
    path("freigeben/<str:token>/", booking_seats.give_back, name="give_back"),
    path("platz/<str:token>/", booking_seats.claim, name="claim"),
    path("wer-war-da/<str:token>/", who_came.contact_page, name="who_came"),
    path("kalender/<str:token>/termine.ics", bookings.calendar, name="calendar"),
]
