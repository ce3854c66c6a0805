"""All addresses: German paths, English names (mission.md „Public addresses")."""

from django.contrib import admin
from django.urls import include, path

from initiatives import copy_pages
from initiatives import member as page_member
from portal import factor_pages, health
from portal.pages import preview
from seminars import member as seminar_member
from volunteers import member, spot

urlpatterns = [
    # First what a rush asks for: Django tries them in turn, 10 µs each.
    path("mitmachen/", include("volunteers.urls")),
    path("anmeldung/", include("portal.booking_urls")),
    path("seminare/", include("seminars.urls")),
    path("", include("portal.pages.urls")),
    path("anmeldung/", include("portal.watch_urls")),
    path("konto/mitmachen/<slug:slug>/", member.signup, name="member_signup"),
    path("konto/seminare/<slug:slug>/", seminar_member.signup, name="member_seminar"),
    path("konto/uebernehmen/<slug:slug>/", page_member.take_over, name="take_over"),
    path("konto/nachmachen/idee/<slug:slug>/", copy_pages.copy_idea, name="copy_idea"),
    path("konto/nachmachen/<slug:slug>/", copy_pages.copy_initiative, name="copy_initiative"),
    path("konto/merken/<slug:slug>/", copy_pages.bookmark, name="bookmark"),
    path("konto/zweiter-faktor/", factor_pages.choose, name="factor_choose"),
    path("konto/zweiter-faktor/fertig/", factor_pages.done, name="factor_done"),
    path("konto/zweiter-faktor/vergessen/", factor_pages.forget, name="factor_forget"),
    path("konto/vor-ort/", spot.enter, name="spot"),
    path("konto/vor-ort/anmelden/", spot.code, name="spot_code"),
    path("konto/vor-ort/<int:pk>/", spot.page, name="spot_page"),
    path("konto/vor-ort/<int:pk>/dazu/", spot.door, name="spot_door"),
    path("konto/vor-ort/<int:pk>/schreiben/", spot.write, name="spot_write"),
    path("konto/", include("allauth.urls")),
    path(
        "verwaltung/vorschau/initiative/<int:pk>/",
        admin.site.admin_view(preview.initiative),
        name="preview_initiative",
    ),
    path("verwaltung/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.forbidden"
handler404 = "portal.errors.not_found"
handler429 = "portal.errors.too_many"
handler500 = "portal.errors.broken"
