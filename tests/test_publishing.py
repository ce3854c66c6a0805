"""Publishing waits for what readers need to know of who publishes (trust.md „blocked until filled“)."""

import pytest
from django.apps import apps
from django.urls import reverse

from initiatives.models import Initiative
from portal.association import open_imprint
from portal.publishing import publish
from portal.refused import Refused
from seminars.models import Session
from tests import make
from tests.make import NOW
from tests.staffroom import proven, staff, typed
from volunteers.models import Opportunity

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(NOW, tick=False)


# A draft of each kind that lacks nothing.
DRAFTS = {
    Initiative: lambda owner: make.initiative(
        state="draft", organisation=owner, contact="Frau Amt", contact_email="amt@lich.example"
    ),
    Opportunity: lambda owner: (
        make.shift(opportunity=make.opportunity(state="draft", organisation=owner)).opportunity
    ),
    Session: lambda owner: make.session(state="draft", series=make.series(organisation=owner)),
}


def test_every_model_that_is_published_is_here():
    assert {model for model in apps.get_models() if hasattr(model, "missing_for_publication")} == set(DRAFTS)


@pytest.mark.parametrize("model", DRAFTS, ids=lambda model: model.__name__)
def test_nothing_is_published_until_imprint_and_contact_are_filled_in(model, proof):
    owner = make.organisation()
    row = DRAFTS[model](owner)
    refused = []
    gaps = [("imprint", ""), ("imprint", " \n"), ("imprint", open_imprint()), ("contact_email", "")]
    for name, gap in gaps:
        kept = getattr(owner, name)
        setattr(owner, name, gap)
        try:
            publish(row, now=NOW)
        except Refused as error:
            refused.append(str(error))
        setattr(owner, name, kept)
    row.refresh_from_db(fields=["state", "published_at"])
    proof(
        "privacy", f"Veröffentlichen ohne Impressum: {model._meta.verbose_name}", tried="Impressum leer, nur Leerzeichen, noch „offen“; E-Mail leer",
        expected=f"{len(gaps)} Mal abgelehnt, Entwurf", seen=f"{len(refused)} Mal abgelehnt, {row.get_state_display()}",
    )  # fmt: skip
    said = "Noch nicht veröffentlicht. Es fehlt: Impressum und E-Mail des Herausgebers."
    assert (refused, row.state, row.published_at) == ([said] * len(gaps), "draft", None)

    publish(row, now=NOW)

    row.refresh_from_db(fields=["state", "published_at"])
    assert (row.state, row.published_at) == ("published", NOW)


@pytest.mark.parametrize(
    "address", ["ftp://lich.example/plan.pdf", "javascript:alert(1)", "mailto:amt@lich.example"]
)
def test_a_website_is_what_a_browser_opens(address):
    owner = make.organisation()
    row, client = make.initiative(state="draft", organisation=owner), proven(staff(owner))
    url = reverse("admin:initiatives_initiative_change", args=[row.pk])
    answer = client.post(url, typed(client.get(url)) | {"website": address})
    row.refresh_from_db()
    assert (row.website, "Bitte eine gültige Adresse eingeben" in answer.content.decode()) == ("", True)
