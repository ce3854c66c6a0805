"""Addresses of the composed public pages (mission.md „Public addresses")."""

from django.urls import include, path

from initiatives import (
    current_pages,
    hint_pages,
    idea_pages,
    inquiry_pages,
    map_page,
    picture_pages,
    proposal_pages,
    wish_pages,
)
from initiatives import views as initiatives
from portal.pages import (
    access,
    barriers,
    directory,
    handbook,
    initiative,
    machines,
    service,
    short,
    start,
    towns,
)

collection = [
    path("", initiatives.index, name="list"),
    path("karte/", map_page.show, name="map"),
    path("vorschlagen/", proposal_pages.propose, name="propose"),
    path("vorschlagen/zurueckgezogen/", proposal_pages.withdrawn, name="proposal_withdrawn"),
    path("<slug:slug>/", initiative.detail, name="detail"),
    path("<slug:slug>/hinweis/", hint_pages.hint, name="hint"),
    path("<slug:slug>/hinweis/gesendet/", hint_pages.sent, name="hint_sent"),
    path("<slug:slug>/wunsch/", wish_pages.for_initiative, name="wish"),
    path("<slug:slug>/fragen/", inquiry_pages.ask, name="inquiry"),
    path("<slug:slug>/entfernen/", hint_pages.hint, {"kind": "removal"}, name="removal"),
]

ideas = [
    path("", idea_pages.index, name="list"),
    path("<slug:slug>/", idea_pages.detail, name="detail"),
    path("<slug:slug>/steckbrief.pdf", idea_pages.sheet, name="sheet"),
    path("<slug:slug>/datei/<int:pk>/", idea_pages.file, name="file"),
    path("<slug:slug>/wunsch/", wish_pages.for_idea, name="wish"),
]

access_links = [
    path("zugang-gesendet/<str:token>/", access.sent, name="sent"),
    path("zugang-bestaetigen/<str:token>/", access.confirm, name="confirm"),
]

inquiry_links = [
    path("frage-gesendet/<str:token>/", inquiry_pages.sent, name="sent"),
    path("frage-bestaetigen/<str:token>/", inquiry_pages.confirm, name="confirm"),
]

current_links = [
    path("noch-aktuell/<str:token>/", current_pages.answer, name="answer"),
]

proposal_links = [
    path("vorschlag-gesendet/<str:token>/", proposal_pages.sent, name="sent"),
    path("vorschlag-bestaetigen/<str:token>/", proposal_pages.confirm, name="confirm"),
    path("vorschlag/<str:token>/", proposal_pages.manage, name="manage"),
]

urlpatterns = [
    path("", start.start, name="start"),
    path("initiativen/", include((collection, "initiatives"))),
    path("ideen/", include((ideas, "ideas"))),
    path("bilder/<str:name>-<int:width>.webp", picture_pages.picture, name="picture"),
    path("handbuch/", handbook.index, name="handbook"),
    path("handbuch/<slug:slug>/", handbook.chapter, name="handbook_chapter"),
    path("h/<int:number>", short.action, name="short_action"),
    path("i/<int:number>", short.initiative, name="short_initiative"),
    path("orte/", directory.index, name="towns"),
    path("orte/<slug:slug>/", towns.town, name="town"),
    path("fuer-kommunen/", service.for_towns, name="for_towns"),
    path("fuer-kommunen/zugang/", access.request_access, name="request_access"),
    path("anmeldung/", include((access_links, "access"))),
    path("anmeldung/", include((inquiry_links, "inquiry"))),
    path("anmeldung/", include((proposal_links, "proposal"))),
    path("anmeldung/", include((current_links, "current"))),
    path("impressum/", service.imprint, name="imprint"),
    path("datenschutz/", service.privacy, name="privacy"),
    path("datenschutz/wer-sieht-was/", service.who_sees, name="who_sees"),
    path("barrierefreiheit/", service.accessibility, name="accessibility"),
    path("barrierefreiheit/melden/", barriers.barrier, name="barrier"),
    path("barrierefreiheit/gemeldet/", barriers.sent, name="barrier_sent"),
    path("einfach-erklaert/", service.plain_language, name="plain_language"),
    path("", include("portal.pages.open_urls")),
    path("sicherheit/", service.report_weakness, name="report_weakness"),
    path("robots.txt", machines.robots, name="robots"),
    path(".well-known/security.txt", machines.security, name="security"),
]
