"""Addresses of what others may use again: data, feeds, the table, lists to embed, and what search engines read."""

from django.urls import include, path

from portal.pages import embeds, feeds, open_data, sitemap, table

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
    path("einbetten/<slug:slug>/", embeds.town, name="embed"),
    path("sitemap.xml", sitemap.index, name="sitemap"),
    path("sitemap-seiten.xml", sitemap.pages, name="sitemap_pages"),
    path("sitemap-<slug:kind>-<int:number>.xml", sitemap.part, name="sitemap_part"),
]
