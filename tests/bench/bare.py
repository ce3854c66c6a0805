"""The bare Django view that everything is compared with: one query, 24 cards in one template, no middleware.

What somebody would write who wants only this page: rows with their town, a loop, the markup of our own card.
"""

from django.shortcuts import render
from django.urls import include, path

from initiatives.models import Initiative

CARDS = 24


def cards(request, slug=""):
    rows = Initiative.objects.filter(state="published").select_related("municipality")[:CARDS]
    return render(request, "cards.html", {"initiatives": rows})


# The second address is for `get_absolute_url` of the rows.
details = ([path("<slug:slug>/", cards, name="detail")], "initiatives")
urlpatterns = [path("", cards), path("initiativen/", include(details))]
