"""Addresses of what others may use again: data, feeds, the table."""

from django.urls import include, path

from portal.pages import feeds, open_data, table

atom = [
    path("alle.atom", feeds.everything, name="all"),
    path("orte/<slug:slug>.atom", feeds.of_town, name="town"),
    path("themen/<slug:slug>.atom", feeds.of_topic, name="topic"),
]

urlpatterns = [
    path("offene-daten/", open_data.page, name="open_data"),
    path("offene-daten/initiativen.csv", table.initiatives, name="initiatives_csv"),
    path("feeds/", include((atom, "feeds"))),
    path("api/", include("portal.pages.api.urls")),
]
