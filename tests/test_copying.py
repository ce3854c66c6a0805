"""„Nachmachen" (rule 22): from an idea or another town's initiative to a draft without anybody's data."""

import re
from datetime import date

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from initiatives import copying
from initiatives.models import Blueprint, Bookmark, Initiative
from portal.models import AccessLog, Membership
from portal.refused import Refused
from tests import make
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff, typed
from tests.test_races import Crowd

pytestmark = pytest.mark.django_db
CANARY = "Kanarienvogel"


@pytest.fixture(autouse=True)
def clock(own_counters):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lich():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def editor(lich):
    return staff(lich.organisation)


@pytest.fixture
def source():
    """Of another town, with a person, a mail address, a number or a day in every column that may hold one."""
    hungen = make.organisation("Stadt Hungen", contact_email=f"{CANARY}@hungen.example")
    row = make.initiative(
        organisation=hungen,
        municipality=make.municipality("Hungen", organisation=hungen),
        idea=make.idea(),
        title="Repair-Café Hungen",
        slug="repair-cafe-hungen",
        place=f"{CANARY}dorf",
        carrier=f"Frau {CANARY} und 12 Freiwillige",
        summary=f"Einmal im Monat wird repariert. Fragen an {CANARY}@hungen.example.",
        text=f"Wer mitmachen will, ruft an: 06402 850123 oder +49 171 5551234, oder schreibt ({CANARY}@web.example).",
        contact=f"Frau {CANARY}",
        contact_email=f"{CANARY}@hungen.example",
        contact_phone="06402 850123",
        website=f"https://{CANARY}.example/",
        year=2019,
        year_estimated=True,
        source_name=CANARY,
        source_url=f"https://{CANARY}.example/bericht",
        source_key=CANARY,
        source_digest=CANARY,
        is_rich=True,
        life_state=Initiative.LifeState.RUNNING,
        confirmed_on=date(2026, 3, 1),
        published_at=NOW,
    )
    make.blueprint(
        initiative=row,
        effort="Ein Nachmittag im Monat, etwa 25 Aktive, im Jahr 2019 noch 12.",
        lessons=f"Früher fragen: {CANARY}@hungen.example, Telefon 06402/850123",
        sources=f"Herr {CANARY} vom Bauhof, https://{CANARY}.example",
    )
    shift = make.shift(opportunity=make.opportunity(initiative=row, organisation=hungen))
    make.signup(shift, email=f"{CANARY}@example.org")
    return row


def address(row):
    return reverse("copy_idea" if hasattr(row, "released_on") else "copy_initiative", args=[row.slug])


def click(user, row):
    """The one click of an editor with one town; the draft, and where it led."""
    browser = proven(user)
    page = Page(browser.get(address(row)).content.decode())
    url, _method, fields = page.form("Als Entwurf übernehmen")
    return browser.post(url, dict(fields))


@pytest.mark.slow
def test_a_copy_by_another_town_is_a_draft_without_personal_data_and_then_shows_its_lineage(
    client, source, lich, editor
):
    public = Page(client.get(source.get_absolute_url()).content.decode())
    assert public.link("Nachmachen").endswith(address(source))
    response = click(editor, source)
    draft = Initiative.objects.get(copied_from=source)
    assert response["Location"] == reverse("admin:initiatives_initiative_change", args=[draft.pk])
    # Each column, also those that are yet to come: what is not named here is as in a row that nobody filled in.
    columns = [field.attname for field in draft._meta.concrete_fields]
    whole = {name: getattr(draft, name) for name in columns}
    made_of_the_texts = {name: text for name, text in whole.items() if name.startswith("search_")}
    assert whole == {name: getattr(Initiative(), name) for name in columns} | made_of_the_texts | {
        "id": draft.pk,
        "title": "Repair-Café",
        "slug": "repair-cafe-lich",
        "organisation_id": lich.organisation.pk,
        "municipality_id": lich.pk,
        "idea_id": source.idea.pk,
        "summary": "Einmal im Monat wird repariert. Fragen an ….",
        "text": "Wer mitmachen will, ruft an: … oder …, oder schreibt (…).",
        "copied_from_id": source.pk,
        "copied_at": NOW,
        "changed_at": NOW,
    }
    assert (draft.state, draft.life_state, draft.contact, draft.website) == ("draft", "example", "", "")
    assert [topic.slug for topic in draft.topics.all()] == ["umwelt"]
    answers = {name: text for name, _heading, text in draft.blueprint.answers()}
    assert answers == {
        "effort": "Ein Nachmittag im Monat, etwa 25 Aktive, im Jahr 2019 noch 12.",
        "lessons": "Früher fragen: …, Telefon …",
    }
    assert everything_that_hangs_on(draft) == {"blueprint": 1, "topics": 1, "versions": 1}
    said = " ".join(
        str(value) for value in [*whole.values(), *answers.values(), *draft.versions.values()[0].values()]
    )
    assert CANARY.lower() not in said.lower()

    assert client.get(draft.get_absolute_url()).status_code == 404
    before = client.get(source.get_absolute_url()).content.decode()
    assert "Nachgemacht in" not in before, "a draft is named nowhere"
    browser, url = proven(editor), reverse("admin:initiatives_initiative_change", args=[draft.pk])
    data = typed(browser.get(url)) | {"contact": "Ehrenamtsbüro", "contact_email": "ehrenamt@lich.example"}
    assert browser.post(url, data | {"_publish": "1"}).status_code == 302
    copy, back = (
        Page(client.get(row.get_absolute_url()).content.decode()).one("main").text for row in (draft, source)
    )
    assert "Nachgemacht von Repair-Café Hungen, Hungen" in copy
    assert "Nachgemacht in einem Ort: Lich" in back


def everything_that_hangs_on(row):
    """Names of relations to the row that have rows, files included, with how many."""
    found = {}
    for relation in row._meta.related_objects:
        kept = relation.related_model._base_manager.filter(**{relation.field.name: row}).count()
        if kept:
            found[relation.get_accessor_name()] = kept
    for relation in row._meta.many_to_many:
        found[relation.name] = getattr(row, relation.name).count()
    return found | {"versions": row.versions.count()}


def test_one_click_makes_a_draft_of_an_idea(client, lich, editor):
    idea = make.idea(
        summary="Zusammen reparieren.",
        answers={"effort": "Ein Nachmittag.", "costs": "Wenig.", "sources": "ehrenamt.hessen.de"},
    )
    page = Page(client.get(idea.get_absolute_url()).content.decode())
    assert f"http://testserver{address(idea)}" in page.links()
    click(editor, idea)
    draft = Initiative.objects.get()
    assert (draft.title, draft.summary, draft.idea, draft.copied_from) == (
        "Repair-Café",
        "Zusammen reparieren.",
        idea,
        None,
    )
    assert (draft.state, draft.organisation, draft.municipality) == ("draft", lich.organisation, lich)
    assert [name for name, _h, _t in draft.blueprint.answers()] == ["effort", "costs", "sources"]
    entry = AccessLog.objects.get(action="Nachgemacht")
    assert (entry.user, entry.about, entry.organisation) == (
        editor,
        f"initiative:{draft.pk}",
        lich.organisation,
    )


@pytest.mark.slow
def test_two_clicks_make_one_copy_until_it_is_archived(source, lich, editor):
    first, second = click(editor, source), click(editor, source)
    assert first["Location"] == second["Location"]
    idea = source.idea
    assert click(editor, idea)["Location"] != first["Location"], "the idea is another source"
    assert click(editor, idea)["Location"] == click(editor, idea)["Location"]
    assert Initiative.objects.filter(municipality=lich).count() == 2
    Initiative.objects.filter(copied_from=source).update(state="archived")
    assert click(editor, source)["Location"] != first["Location"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_four_clicks_at_once_make_one_copy(source, lich, editor):
    def copy():
        draft = copying.copy_initiative(
            source, municipality=lich, organisation=lich.organisation, by=editor, now=NOW
        )
        return draft.pk

    with Crowd(4) as crowd:
        made = crowd.at_once(*[copy] * 4)
    assert list(Initiative.objects.filter(copied_from=source).values_list("pk", flat=True)) == [made[0]]
    assert (set(made), Blueprint.objects.filter(initiative=made[0]).count()) == ({made[0]}, 1)


@pytest.mark.parametrize("by", ["anonymous", "reader", "seminars"])
def test_who_writes_for_no_town_is_told_how_to_get_access_and_copies_nothing(source, lich, by):
    browser = Client()
    if by == "reader":
        browser = proven(staff(lich.organisation, Membership.Role.READER))
    if by == "seminars":
        browser = proven(staff(make.filled_association(), Membership.Role.SEMINARS))
    page = Page(browser.get(address(source)).content.decode())
    assert page.link("Zugang anfordern").endswith(reverse("request_access"))
    assert f"http://testserver{reverse('account_login')}?next={address(source)}" in page.links()
    data = {"municipality": lich.pk}
    assert browser.post(address(source), data).status_code == 404
    assert not Initiative.objects.filter(copied_at__isnull=False).exists()


def test_a_stranger_s_town_cannot_be_chosen(source, editor):
    elsewhere = make.municipality("Laubach", organisation=make.organisation("Stadt Laubach"))
    response = proven(editor).post(address(source), {"municipality": elsewhere.pk})
    assert (response.status_code, Initiative.objects.count()) == (422, 1)


def test_the_association_copies_for_a_town_without_a_redaktion(source, lich):
    quiet = make.municipality("Stillbach")
    make.municipality("Laubach", organisation=make.organisation("Stadt Laubach"))
    association = make.filled_association()
    network = staff(association, Membership.Role.NETWORK, email="netz@verband.example")
    page = Page(proven(network).get(address(source)).content.decode())
    assert ("Stillbach" in page.one("main").text, "Laubach" in page.one("main").text) == (True, False)
    proven(network).post(address(source), {"municipality": quiet.pk})
    draft = Initiative.objects.get(copied_from=source)
    assert (draft.municipality, draft.organisation) == (quiet, association)
    assert proven(network).post(address(source), {"municipality": lich.pk}).status_code == 422


def test_what_cannot_be_copied_says_why(source, lich, editor):
    def copy(row, town=lich):
        with pytest.raises(Refused) as refused:
            copying.copy_initiative(
                row, municipality=town, organisation=lich.organisation, by=editor, now=NOW
            )
        return str(refused.value)

    assert copy(source, source.municipality) == "Diese Initiative gibt es schon in Ihrem Ort."
    Blueprint.objects.filter(initiative=source).delete()
    source.refresh_from_db()
    assert copy(source).startswith("Zu dieser Initiative gibt es keinen Steckbrief.")
    source.state = "archived"
    assert copy(source) == "Diese Initiative ist nicht mehr öffentlich."
    idea = make.idea("Ohne Steckbrief", answers={})
    response = proven(editor).post(address(idea), {"municipality": lich.pk})
    assert response.status_code == 422
    assert "Diese Idee hat noch keinen Steckbrief." in response.content.decode()


def test_what_is_not_public_is_not_there(source, editor):
    Initiative.objects.filter(pk=source.pk).update(state="draft")
    browser = proven(editor)
    for view in ("copy_initiative", "bookmark"):
        url = reverse(view, args=[source.slug])
        assert [browser.get(url).status_code, browser.post(url).status_code] == [404, 404]


@pytest.mark.slow
def test_staff_of_the_source_read_how_often_it_was_copied_but_not_by_whom(source, lich, editor):
    click(editor, source)
    owner = proven(staff(source.organisation, email="redaktion@hungen.example"))
    page = owner.get(reverse("admin:initiatives_initiative_change", args=[source.pk])).content.decode()
    assert "Einmal nachgemacht, davon öffentlich: 0." in page
    assert "Lich" not in Page(page).one("main").text


@pytest.mark.slow
def test_an_initiative_without_a_steckbrief_is_noted_and_stands_on_the_desk(client, lich, editor):
    other = make.initiative(municipality=make.municipality("Hungen"), title="Suppenfest", slug="suppenfest")
    url = reverse("bookmark", args=[other.slug])
    public = Page(client.get(other.get_absolute_url()).content.decode())
    assert public.link("Als Anregung merken").endswith(url)
    browser = proven(editor)
    for _twice in range(2):
        response = browser.post(url, {"do": "note"})
    assert [str(message) for message in get_messages(response.wsgi_request)]
    assert list(Bookmark.objects.values_list("organisation", "initiative")) == [
        (lich.organisation.pk, other.pk)
    ]
    desk = browser.get(reverse("admin:index")).content.decode()
    assert re.search(r"Gemerkte Anregung: „Suppenfest“", desk)
    stranger = proven(staff(make.organisation("Stadt Laubach"), email="x@laubach.example"))
    assert "Suppenfest" not in stranger.get(reverse("admin:index")).content.decode()
    stranger.post(url, {"do": "forget"})
    assert Bookmark.objects.count() == 1
    browser.post(url, {"do": "forget"})
    assert Bookmark.objects.count() == 0


def test_a_noted_initiative_that_is_public_no_longer_is_named_nowhere(lich, editor):
    other = make.initiative(municipality=make.municipality("Hungen"), title="Suppenfest")
    copying.note(other, organisation=lich.organisation, now=NOW)
    Initiative.objects.update(state="draft")
    assert "Suppenfest" not in proven(editor).get(reverse("admin:index")).content.decode()


def test_the_desk_leads_to_the_ideas(lich, editor):
    page = Page(proven(editor).get(reverse("admin:index")).content.decode())
    assert page.link("Idee von anderswo übernehmen").endswith(reverse("ideas:list"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Schreiben Sie an a.b@stadt-lich.de!", "Schreiben Sie an …!"),
        ("Tel. 06404/806-123, mobil +49 (171) 555 12 34.", "Tel. …, mobil …."),
        ("0171 5551234", "…"),
        ("Tel.06401/12345 oder 06401—12345, kim (at) lich.de", "Tel.… oder …, …"),
        ("Am 12.06.2026 von 09.30 Uhr an", "Am 12.06.2026 von 09.30 Uhr an"),
        ("Am 20. Oktober 2016, 1.000 bis 7.500 Euro, 35423 Lich.", "Am 20. Oktober 2016, 1.000 bis 7.500 Euro, 35423 Lich."),
        ("DIN EN 50678 und § 1 Abs. 2, https://a.example/01234567", "DIN EN 50678 und § 1 Abs. 2, https://a.example/01234567"),
    ],
)  # fmt: skip
def test_addresses_and_numbers_are_taken_out_of_texts(text, kept):
    assert copying.without_contacts(text) == kept
