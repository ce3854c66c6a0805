"""The start page of the Redaktion: by tasks, for each role its own, and nothing of anybody else's."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import undelivered, welcome
from portal.models import Booking, Heartbeat, Mail, Membership, Organisation, User
from portal.slots import Signup
from tests import make
from tests.staffroom import proven, staff
from volunteers.models import Opportunity, Shift

pytestmark = pytest.mark.django_db
Status = Signup.Status
INDEX = reverse("admin:index")


@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation, name="Frau Weber"))


def of_association(role):
    return proven(staff(make.filled_association(), role, email=f"{role}@verband.example"))


def at(days, hour=9):
    day = timezone.localtime() + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def wanted(town, **fields):
    return make.opportunity(organisation=town.organisation, municipality=town, **fields)


def failed_mail(organisation, error="552 5.2.2 mailbox full", to="maria@web.de", **fields):
    now = timezone.now()
    return Mail.objects.create(
        key=f"failed-{Mail.objects.count()}", kind="confirmed", organisation=organisation, to=to, subject="x",
        queued_at=now, next_try_at=now, last_error=error, **({"failed_at": now} | fields),
    )  # fmt: skip


def todo(client):
    """Text, note, where the button leads and what it says."""
    lines = client.get(INDEX).context["todo"]
    return [(line["text"], line["note"], line["url"], line["action"]) for line in lines]


def texts(client):
    return [text for text, *_rest in todo(client)]


# --- who is greeted, and where help is ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "words"), [(7, "Guten Morgen"), (11, "Guten Tag"), (17, "Guten Tag"), (18, "Guten Abend")]
)
def test_the_greeting_knows_the_time_of_day_the_name_and_the_town(town, hour, words):
    user = staff(town.organisation, name="Frau Weber")
    moment = make.NOW.replace(hour=hour)
    assert welcome.greeting(user, now=moment) == f"{words}, Frau Weber – Stadt Lich"


def test_an_account_without_a_name_and_with_many_towns_is_greeted_all_the_same():
    user = staff(make.organisation("Stadt Lich"))
    for name in ("Stadt Laubach", "Stadt Hungen"):
        Membership.objects.create(user=user, organisation=make.organisation(name))
    user = User.objects.get(pk=user.pk)
    assert welcome.greeting(user, now=make.NOW) == "Guten Tag – 3 Herausgeber"


def test_help_of_the_association_stands_under_the_one_heading(clerk):
    Organisation.objects.filter(pk=make.filled_association().pk).update(
        contact_phone="06108 6001 0", contact_email="hilfe@verband.example"
    )
    page = clerk.get(INDEX).content.decode()
    assert page.count("<h1") == 1
    assert '<a href="tel:0610860010">06108 6001 0</a>' in page
    assert '<a href="mailto:hilfe@verband.example">hilfe@verband.example</a>' in page


# --- what is to be done --------------------------------------------------------------------------------


def test_nothing_to_do_is_said_kindly(clerk):
    page = clerk.get(INDEX).content.decode()
    assert "Nichts wartet auf Sie." in page
    assert "Zurzeit steht kein Termin an." in page


def test_a_proposal_says_how_long_it_waits(clerk, town):
    row = make.proposal(town, confirmed_at=timezone.now() - timedelta(days=4))
    make.proposal(town, title="Falter", confirmed_at=None)
    assert todo(clerk) == [
        (
            "Vorschlag „Bücherschrank am Markt“ wartet seit 4 Tagen",
            "Lich",
            reverse("admin:initiatives_proposal_change", args=[row.pk]),
            "Ansehen",
        )
    ]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("552 5.2.2 mailbox full", "Postfach voll"),
        ("550 5.1.1 User unknown", "Adresse gibt es nicht"),
        ("550 Postfach unbekannt", "Adresse gibt es nicht"),
        ("554 5.7.1 rejected by policy", "der Empfänger nimmt unsere Mails nicht an"),
        ("Der Mailserver ist nicht erreichbar: timed out", "der Mailserver war nicht erreichbar"),
        ("599 ???", "der Empfänger hat sie abgelehnt"),
    ],
)
def test_the_reason_of_a_failed_mail_is_in_words_of_a_clerk(error, words):
    assert undelivered.reason(error) == words


@pytest.mark.slow
def test_one_failed_mail_hints_at_the_address_several_are_counted_by_reason(clerk, town):
    failed_mail(town.organisation)
    for _ in range(2):
        failed_mail(town.organisation, "550 5.1.1 User unknown")
    failed_mail(town.organisation, failed_at=timezone.now() - timedelta(days=15))
    failed_mail(town.organisation, withdrawn_at=timezone.now())
    failed_mail(town.organisation, secret=True)
    url = reverse("admin:portal_mail_changelist") + "?stand=gescheitert"
    assert todo(clerk) == [
        ("2 Mails kamen nicht an (Adresse gibt es nicht)", "", url, "Ansehen"),
        ("1 Mail kam nicht an: an m…@web.de (Postfach voll)", "", url, "Ansehen"),
    ]
    assert len(clerk.get(url).context["cl"].result_list) == 4


@pytest.mark.slow
def test_who_may_not_publish_yet_is_told_first_what_is_missing(clerk, town):
    make.initiative(organisation=town.organisation, municipality=town)  # else the three steps say it
    Organisation.objects.filter(pk=town.organisation_id).update(imprint="")
    url = reverse("admin:portal_organisation_change", args=[town.organisation_id])
    assert todo(clerk) == [
        (
            "Stadt Lich: Impressum oder E-Mail fehlt noch",
            "Erst damit können Sie veröffentlichen.",
            url,
            "Ergänzen",
        )
    ]


@pytest.mark.slow
def test_drafts_say_what_is_missing(clerk, town):
    draft = wanted(town, state="draft", title="Noch ein Entwurf", contact="")
    plan = make.initiative(
        title="Bürgerbus", organisation=town.organisation, municipality=town, state="in_review",
        contact="Umweltbüro", contact_email="umwelt@lich.example",
    )  # fmt: skip
    assert todo(clerk) == [
        (
            "„Bürgerbus“ wartet seit heute auf Prüfung",
            "Kann veröffentlicht werden.",
            reverse("admin:initiatives_initiative_change", args=[plan.pk]),
            "Prüfen",
        ),
        (
            "Entwurf: „Noch ein Entwurf“",
            "Es fehlt: wer erreichbar ist, mindestens ein Termin.",
            reverse("admin:volunteers_opportunity_change", args=[draft.pk]),
            "Fertigstellen",
        ),
    ]


@pytest.mark.slow
def test_dates_with_too_many_with_parties_that_never_fit_and_with_people_to_call(clerk, town):
    crowded = make.shift(opportunity=wanted(town, title="Voll"), starts=at(3), capacity=1)
    make.signup(crowded, seats=3)
    tight = make.shift(opportunity=wanted(town, title="Eng"), starts=at(4))
    for _ in range(2):
        make.signup(tight, status=Status.WAITING, passed_over=2, seats=5)
    make.signup(tight, status=Status.WAITING, passed_over=1)
    off = make.shift(
        opportunity=wanted(town, title="Fällt aus"),
        starts=at(5),
        cancelled_at=timezone.now(),
        cancel_reason="x",
    )
    gone = {"status": Status.ENDED, "ended_reason": "slot_cancelled", "ended_at": timezone.now()}
    opa = make.booking("", "Opa", phone="1", organisation=town.organisation)
    make.signup(off, booking=opa, call_since=timezone.now(), **gone)
    make.signup(off, email="kim@example.org", **gone)
    lines = [(text, note.split(",")[0], url) for text, note, url, _action in todo(clerk)]
    assert lines == [
        ("Überbucht: 2 Personen zu viel", "Voll", crowded.staff_path),
        ("2 Gruppen passten zweimal nicht in die freien Plätze", "Eng", tight.staff_path),
        (
            "Bitte selbst anrufen: 1 Anmeldung, der Termin fällt aus",
            "Fällt aus",
            reverse("admin:volunteers_shift_calls", args=[off.pk]),
        ),
    ]


@pytest.mark.slow
def test_a_date_that_is_over_asks_who_was_there_until_somebody_answers(clerk, town):
    over, answered = (
        make.shift(opportunity=wanted(town, title=title), starts=at(-2)) for title in ("Laub", "Gefegt")
    )
    long_ago, _empty, off = (make.shift(opportunity=wanted(town), starts=at(days)) for days in (-20, -2, -2))
    for shift in (over, answered, long_ago, off):
        make.signup(shift)
    Shift.objects.filter(pk=answered.pk).update(attendance_noted_at=timezone.now())
    Shift.objects.filter(pk=off.pk).update(cancelled_at=timezone.now(), cancel_reason="Sturm")
    page = reverse("admin:volunteers_shift_attendance", args=[over.pk])
    lines = [(text, note.split(",")[0], url, action) for text, note, url, action in todo(clerk)]
    assert lines == [("Vorbei: Noch weiß das Portal nicht, wer da war", "Laub", page, "Wer war da?")]
    assert clerk.get(page).status_code == 200


# --- what comes ------------------------------------------------------------------------------------------


def test_the_next_dates_say_who_comes_at_a_glance(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=at(10), capacity=12)
    make.signup(shift, seats=6)
    for _ in range(2):
        phoned = make.booking("", "Opa", source=Booking.Source.PHONE, organisation=town.organisation)
        make.signup(shift, booking=phoned)
    make.signup(shift, status=Status.UNCONFIRMED)
    make.signup(shift, status=Status.WAITING)
    make.shift(opportunity=wanted(town, state="draft", title="Entwurf"), starts=at(2))
    make.shift(opportunity=wanted(town), starts=at(3), cancelled_at=timezone.now())
    coming = clerk.get(INDEX).context["coming"]
    assert [(line["title"], line["facts"]) for line in coming] == [
        ("Bachputz an der Wetter", ["8 von 12", "1 wartet", "1 nicht bestätigt", "2 telefonisch"])
    ]
    assert (coming[0]["when"].endswith("9–12 Uhr"), coming[0]["url"]) == (True, shift.staff_path)
    assert [(link["label"], link["url"]) for link in coming[0]["links"]] == [
        ("Liste drucken", reverse("admin:volunteers_shift_print", args=[shift.pk])),
        ("Allen schreiben", reverse("admin:volunteers_shift_write", args=[shift.pk])),
        ("Jemanden eintragen", reverse("admin:volunteers_shift_phone", args=[shift.pk])),
    ]


def test_who_takes_a_call_chooses_among_dates_that_take_people(clerk, town):
    url = reverse("admin:volunteers_shift_choose")
    assert "Zurzeit gibt es keinen Termin, zu dem man sich anmelden kann." in clerk.get(url).content.decode()
    soon = make.shift(opportunity=wanted(town, title="Bald"), starts=at(3))
    make.shift(opportunity=wanted(town, title="Zu"), starts=at(4), deadline=timezone.now())
    make.shift(opportunity=wanted(town, state="draft", title="Entwurf"), starts=at(2))
    make.shift(opportunity=make.opportunity(title="Fremd"), starts=at(2))
    lines = clerk.get(url).context["lines"]
    assert [(line["title"], line["phone"]) for line in lines] == [
        ("Bald", reverse("admin:volunteers_shift_phone", args=[soon.pk]))
    ]
    assert clerk.post(url).status_code == 405


# --- what one may begin, and one's own page -------------------------------------------------------------


@pytest.mark.slow
def test_a_clerk_is_offered_tasks_and_few_places(clerk, town):
    make.initiative(organisation=town.organisation, municipality=town)
    wanted(town)
    response = clerk.get(INDEX)
    assert [offer["label"] for offer in response.context["offers"]] == [
        "Hilfe suchen: neuer Termin", "Jemanden telefonisch anmelden", "Initiative vorstellen",
        "Idee von anderswo übernehmen", "Text fürs Mitteilungsblatt",
    ]  # fmt: skip
    assert response.context["page_facts"] == ["1 Aktion öffentlich", "1 Initiative öffentlich"]
    page = response.content.decode()
    assert f'href="{town.get_absolute_url()}">So sehen es die Bürger</a>' in page
    assert [place["label"] for place in response.context["places"]] == [
        "Aktionen", "Termine und Anmeldungen", "Vorschläge", "Initiativen", "Hinweise", "Fragen",
        "Wünsche", "Impressum und Kontakt", "Mails", "Protokoll", "Jahresblick",
    ]  # fmt: skip
    assert "Alle Listen" not in page


@pytest.mark.slow
def test_lists_of_models_are_for_the_operator():
    operator = proven(staff(email="betrieb@example.org", is_superuser=True))
    response = operator.get(INDEX)
    assert "Alle Listen (für den Betrieb)" in response.content.decode()
    assert operator.get(reverse("admin:app_list", args=["volunteers"])).status_code == 200


@pytest.mark.slow
def test_seminar_staff_see_sessions_and_nothing_of_volunteers(town):
    make.shift(opportunity=wanted(town), starts=at(3))
    session = make.session(starts=at(5), join_url="")
    make.session(starts=at(6), name="Entwurf", state="draft", summary="")
    away = make.participant(session)
    failed_mail(session.organisation, booking=away.booking, to="b@rathaus.example")
    seminars = of_association(Membership.Role.SEMINARS)
    response = seminars.get(INDEX)
    assert [(line["title"], line["facts"]) for line in response.context["coming"]] == [
        (session.title, ["1 von 10", "Zugang zum Online-Raum fehlt noch"])
    ]
    assert texts(seminars) == [
        "1 Mail kam nicht an: an b…@rathaus.example (Postfach voll)",
        "Entwurf: „Entwurf“",
    ]
    assert [offer["label"] for offer in response.context["offers"]] == [
        "Neuer Seminartermin", "Jemanden telefonisch anmelden",
    ]  # fmt: skip


@pytest.mark.slow
def test_the_network_sees_what_waits_in_towns_without_redaktion_and_the_state_of_the_machine(town, settings):
    association = make.filled_association()
    trust = make.municipality("Stillbach")
    make.proposal(trust, title="Dorfladen", organisation=association, confirmed_at=timezone.now())
    make.proposal(town, title="Lich allein")
    network = of_association(Membership.Role.NETWORK)
    assert todo(network)[0][:2] == (
        "Vorschlag „Dorfladen“ wartet seit heute",
        "Stillbach",
    )
    assert texts(network)[-1].startswith("Zustand: ")
    assert not any("Lich allein" in text for text in texts(network))
    assert not Heartbeat.objects.exists(), "nobody was seen to work: that is what the line is about"


@pytest.mark.slow
def test_the_network_learns_of_towns_that_nobody_works_for(town):
    left = make.municipality("Hungen", organisation=make.organisation("Stadt Hungen"))
    staff(left.organisation, email="weg@hungen.example", is_active=False)
    quiet = make.municipality("Laubach", organisation=make.organisation("Stadt Laubach"))
    staff(town.organisation)
    for where in (left, town):
        make.initiative(
            title="Dorfladen", organisation=where.organisation, municipality=where, state="proposed"
        )
        make.initiative(
            title="Zweiter", organisation=where.organisation, municipality=where, state="proposed"
        )
    make.initiative(organisation=quiet.organisation, municipality=quiet)
    found = [text for text in texts(of_association(Membership.Role.NETWORK)) if "Redaktion" in text]
    assert found == ["In Hungen wartet ein Vorschlag, und niemand arbeitet dort in der Redaktion"]


def test_nothing_of_another_town_stands_here(clerk):
    other = make.municipality("Anderswo", organisation=make.organisation("Stadt Anderswo", imprint=""))
    common = {"organisation": other.organisation, "municipality": other}
    make.proposal(other, title="Falter")
    make.opportunity(title="Falter", state="draft", **common)
    shift = make.shift(opportunity=make.opportunity(title="Falter", **common), starts=at(2), capacity=1)
    make.signup(shift, seats=4)
    failed_mail(other.organisation)
    page = clerk.get(INDEX).content.decode()
    assert [word for word in ("Falter", "Anderswo", "web.de") if word in page] == []


# --- queries ---------------------------------------------------------------------------------------------


def one_more_of_everything(town):
    gone = {"status": Status.ENDED, "ended_reason": "slot_cancelled", "ended_at": timezone.now()}
    make.proposal(town)
    make.initiative(organisation=town.organisation, municipality=town, state="draft")
    page = make.initiative(organisation=town.organisation, municipality=town)
    make.inquiry(page)
    make.wish(f"{page.pk}@example.org", municipality=town, confirmed_at=timezone.now())
    make.shift(opportunity=wanted(town, state="draft"), starts=at(8))
    shift = make.shift(opportunity=wanted(town), starts=at(10), capacity=1)
    make.signup(shift, seats=2)
    make.signup(shift, status=Status.WAITING, passed_over=2)
    off = make.shift(opportunity=wanted(town), starts=at(9), cancelled_at=timezone.now(), cancel_reason="x")
    opa = make.booking("", "Opa", organisation=town.organisation)
    make.signup(off, booking=opa, call_since=timezone.now(), **gone)
    make.signup(make.shift(opportunity=wanted(town), starts=at(-2)))
    failed_mail(town.organisation, to=f"{Opportunity.objects.count()}@web.de")


@pytest.mark.slow
def test_the_start_page_asks_as_often_with_three_of_everything_as_with_one(clerk, town):
    asked = []
    for more in (1, 2):
        for _ in range(more):
            one_more_of_everything(town)
        with CaptureQueriesContext(connection) as captured:
            response = clerk.get(INDEX)
        asked.append(len(captured))
    assert (len(response.context["todo"]), len(response.context["coming"])) == (26, 3)
    assert asked == [29, 29]
