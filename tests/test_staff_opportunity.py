"""The clerk's job in the Redaktion: an action with its dates, and the people of a date."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.association import association
from portal.models import AccessLog, Booking, Mail, Membership, OldSlug, Organisation
from portal.slots import Signup
from tests import make
from tests.staffroom import proven, rehearsed, staff, typed
from volunteers.models import Opportunity, Shift, ShiftSignup

pytestmark = pytest.mark.django_db
Status = Signup.Status


@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation, name="Frau Amt"))


def at(days, hour=9):
    day = timezone.localtime() + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def local(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def wanted(town, **fields):
    """An action with one date and everything else."""
    return make.opportunity(organisation=town.organisation, municipality=town, **fields)


def page(row):
    return reverse("admin:volunteers_opportunity_change", args=[row.pk])


def page_of_place(row):
    return reverse("admin:volunteers_opportunity_place", args=[row.pk])


def desk(shift, name="change", *args):
    return reverse(f"admin:volunteers_shift_{name}", args=[shift.pk, *args])


def save(client, row, button="_continue", **changes):
    """Open the action's page, change these fields, press the button."""
    data = typed(client.get(page(row))) | {key.replace("__", "-"): value for key, value in changes.items()}
    return client.post(page(row), data | {button: "1"}, follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


def mails(*kinds):
    """Kind, recipient and subject of what waits to leave, in order."""
    found = Mail.objects.open().order_by("pk")
    return [(m.kind, m.to, m.subject) for m in found if not kinds or m.kind in kinds]


def logged():
    """Action and what it is about, in order."""
    return list(AccessLog.objects.order_by("pk").values_list("action", "about"))


@pytest.mark.parametrize("day", ["2026-06-10", pytest.param("2026-12-28", id="its date is next year")])
def test_a_clerk_creates_an_action_with_its_date_on_one_page(town, time_machine, day):
    time_machine.move_to(f"{day}T10:00Z")
    clerk = proven(staff(town.organisation, name="Frau Amt"))
    add = reverse("admin:volunteers_opportunity_add")
    data = typed(clerk.get(add)) | {
        "title": "Bachputz",
        "summary": "Wir sammeln Müll.",
        "meeting_point": "Brücke",
        "organiser": "Stadt Lich, Unterstadt 1",
        "contact": "Frau Amt",
        "contact_phone": "06404 8060",
        "topic": str(make.topic().pk),
        "shifts-0-starts": local(at(10)),
        "shifts-0-ends": local(at(10, 12)),
        "shifts-0-capacity": "12",
    }
    response = clerk.post(add, data)
    row = Opportunity.objects.get()
    assert response["Location"] == page(row)
    assert (row.state, row.organisation, row.municipality) == ("draft", town.organisation, town)
    assert row.slug == f"bachputz-lich-{at(10).year}"
    assert [(s.starts, s.ends, s.capacity) for s in row.shifts.all()] == [(at(10), at(10, 12), 12)]


@pytest.mark.slow
def test_year_of_an_address_is_that_of_the_first_date_until_the_page_was_public(clerk, town, time_machine):
    time_machine.move_to("2026-12-28T10:00Z")
    clerk = proven(staff(town.organisation, name="Frau Kollegin", email="kollegin@lich.example"))
    make.opportunity(slug="bachputz-lich-2027")
    row, typed_one, public = (
        wanted(town, title="Bachputz", state="draft", slug=slug)
        for slug in ("bachputz-lich-2026", "bachputz-im-januar", "bachputz-lich-2026-2")
    )
    Opportunity.objects.filter(pk=public.pk).update(published_at=timezone.now())
    dates = {"shifts__0__starts": local(at(10)), "shifts__0__ends": local(at(10, 12))}
    for one in (row, typed_one, public, row):
        save(clerk, one, **dates if not one.shifts.exists() else {})
        one.refresh_from_db()
    assert [one.slug for one in (row, typed_one, public)] == [
        "bachputz-lich-2027-2",
        "bachputz-im-januar",
        "bachputz-lich-2026-2",
    ]
    save(clerk, row, slug="bachputz-lich-2026")
    row.refresh_from_db()
    assert row.slug == "bachputz-lich-2026"


@pytest.mark.slow
def test_publishing_names_what_is_missing_and_then_publishes(clerk, town):
    row = wanted(town, state="draft", contact_phone="", contact_email="")
    response = save(clerk, row, "_publish")
    assert said(response) == [
        "Noch nicht veröffentlicht. Es fehlt: wer erreichbar ist, mindestens ein Termin."
    ]
    row.refresh_from_db()
    assert (row.state, row.published_at) == ("draft", None)
    assert "mindestens ein Termin" in response.content.decode()
    changes = {
        "contact_phone": "06404 8060",
        "shifts__0__starts": local(at(5)),
        "shifts__0__ends": local(at(5, 12)),
    }
    assert said(save(clerk, row, "_publish", **changes)) == ["Veröffentlicht."]
    row.refresh_from_db()
    assert row.is_public
    assert row.published_at is not None


@pytest.mark.slow
def test_a_town_without_imprint_cannot_publish(clerk, town):
    town.organisation.imprint = ""
    town.organisation.save()
    row = wanted(town, state="draft")
    make.shift(opportunity=row, starts=at(5))
    said_then = said(save(clerk, row, "_publish"))
    assert said_then == ["Noch nicht veröffentlicht. Es fehlt: Impressum und E-Mail des Herausgebers."]


@pytest.mark.slow
def test_a_published_page_keeps_what_publication_needs(clerk, town):
    row = wanted(town, published_at=timezone.now())
    make.shift(opportunity=row, starts=at(5))
    response = save(clerk, row, contact_phone="", contact_email="")
    assert "Die Seite ist öffentlich. Es fehlt: wer erreichbar ist." in response.content.decode()
    row.refresh_from_db()
    assert row.contact_phone == "06404 806123"


def test_moving_a_date_tells_everybody_on_it(clerk, town):
    row = wanted(town)
    shift = make.shift(opportunity=row, starts=at(10))
    make.signup(shift, email="kim@example.org")
    make.signup(shift, email="offen@example.org", status=Status.UNCONFIRMED)
    rehearsed(clerk, desk(shift, "move"), {"starts": local(at(11)), "ends": local(at(11, 12))})
    shift.refresh_from_db()
    assert (shift.starts, shift.starts_revision) == (at(11), 1)
    assert [(kind, to, subject.split(":")[0]) for kind, to, subject in mails()] == [
        ("changed", "kim@example.org", "Neue Zeit")
    ]
    assert logged() == [("Liste gelesen", shift.label), ("Zeiten geändert", shift.label)]


@pytest.mark.slow
def test_more_seats_promote_from_the_front(clerk, town):
    row = wanted(town)
    shift = make.shift(opportunity=row, starts=at(10), capacity=1)
    make.signup(shift)
    waiting = make.signup(shift, email="wartet@example.org", status=Status.WAITING)
    rehearsed(clerk, desk(shift, "seats"), {"capacity": "2"})
    waiting.refresh_from_db()
    assert waiting.status == Status.CONFIRMED
    assert [(kind, to) for kind, to, _subject in mails()] == [("promoted", "wartet@example.org")]
    assert list(
        AccessLog.objects.order_by("pk").values_list("user__name", "organisation", "action", "about")
    ) == [
        ("Frau Amt", town.organisation_id, action, shift.label)
        for action in ("Liste gelesen", "Plätze geändert")
    ]


@pytest.mark.slow
def test_fewer_seats_remove_nobody_and_are_shown_as_overbooked(clerk, town):
    row = wanted(town)
    shift = make.shift(opportunity=row, starts=at(10), capacity=2)
    make.signup(shift), make.signup(shift)
    rehearsed(clerk, desk(shift, "seats"), {"capacity": "1"})
    assert shift.signups.filter(status=Status.CONFIRMED).count() == 2
    assert "2 von 1 Plätzen vergeben (überbucht)" in clerk.get(desk(shift)).content.decode()


@pytest.mark.slow
def test_a_new_meeting_point_is_told(clerk, town):
    row = wanted(town)
    make.signup(make.shift(opportunity=row, starts=at(10)), email="kim@example.org")
    rehearsed(clerk, page_of_place(row), {"meeting_point": "Marktplatz 1"})
    assert [(kind, to, subject.split(":")[0]) for kind, to, subject in mails()] == [
        ("changed", "kim@example.org", "Neuer Ort")
    ]


@pytest.mark.slow
def test_saving_without_a_change_tells_nobody(clerk, town):
    row = wanted(town)
    make.signup(make.shift(opportunity=row, starts=at(10)))
    save(clerk, row)
    assert mails() == []
    assert logged() == []


@pytest.mark.slow
def test_a_refusal_keeps_what_was_typed(clerk, town):
    row = wanted(town)
    shift = make.shift(
        opportunity=row, starts=at(10), cancelled_at=timezone.now(), cancel_reason="Hochwasser"
    )
    response = save(clerk, row, title="Bachputz neu", shifts__0__capacity="3")
    text = response.content.decode()
    assert "Dieser Termin ist abgesagt; Zeit und Plätze lassen sich nicht mehr ändern." in text
    assert 'value="Bachputz neu"' in text
    shift.refresh_from_db()
    row.refresh_from_db()
    assert (shift.capacity, row.title) == (10, "Bachputz an der Wetter")


@pytest.mark.slow
def test_a_date_with_people_is_never_deleted(clerk, town):
    row = wanted(town)
    shift = make.shift(opportunity=row, starts=at(10))
    make.signup(shift, status=Status.UNCONFIRMED)
    save(clerk, row, shifts__0__DELETE="on")
    assert Shift.objects.filter(pk=shift.pk).exists()
    delete = reverse("admin:volunteers_opportunity_delete", args=[row.pk])
    assert clerk.post(delete, {"post": "yes"}).status_code == 404


@pytest.mark.slow
def test_an_empty_date_is_deleted(clerk, town):
    row = wanted(town)
    make.shift(opportunity=row, starts=at(10))
    keep = make.shift(opportunity=row, starts=at(11))
    save(clerk, row, shifts__0__DELETE="on")
    assert list(row.shifts.all()) == [keep]


@pytest.mark.slow
def test_a_page_with_coming_people_is_not_hidden(clerk, town):
    row = wanted(town)
    make.signup(make.shift(opportunity=row, starts=at(10)))
    assert said(save(clerk, row, "_draft")) == [
        "Zu dieser Aktion sind Menschen angemeldet. Bitte sagen Sie zuerst die Termine ab."
    ]
    row.refresh_from_db()
    assert row.is_public


@pytest.mark.slow
def test_cancelling_tells_people_and_names_whom_to_call(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=at(10))
    make.signup(shift, email="kim@example.org")
    call = make.booking("", "Opa Ohnemail", phone="06404 1", organisation=town.organisation)
    make.signup(shift, booking=call)
    response = clerk.post(desk(shift, "cancel"), {"reason": ""})
    assert "Dieses Feld ist zwingend erforderlich." in response.content.decode()
    preview, _done = rehearsed(clerk, desk(shift, "cancel"), {"reason": "Hochwasser"})
    words = " ".join(preview.content.decode().split())
    assert "<strong>1 Mail</strong> geht sofort hinaus." in words
    assert '<strong>Opa Ohnemail</strong>: <a href="tel:064041">06404 1</a>' in words
    shift.refresh_from_db()
    assert (shift.cancelled_at is not None, shift.cancel_reason) == (True, "Hochwasser")
    assert [(kind, to, subject.split(":")[0]) for kind, to, subject in mails()] == [
        ("cancelled-by-us", "kim@example.org", "Fällt aus")
    ]
    assert list(shift.signups.values_list("ended_reason", flat=True)) == ["slot_cancelled"] * 2
    assert logged() == [("Liste gelesen", shift.label), ("Termin abgesagt", shift.label)]
    afterwards = clerk.get(desk(shift)).content.decode()
    assert afterwards.count(">selbst anrufen</strong>") == 1
    assert "06404 1" in afterwards


def test_the_people_of_a_date(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=at(10), capacity=3)
    seated = make.booking("kim@example.org", "Kim Muster", phone="0151 1", organisation=town.organisation)
    make.signup(shift, booking=seated, seats=2)
    make.signup(
        shift, booking=make.booking("", "Opa Ohnemail", phone="06404 1", organisation=town.organisation)
    )
    late = make.booking("w@example.org", "Wanda Wartet", organisation=town.organisation)
    make.signup(shift, booking=late, status=Status.WAITING, passed_over=2)
    fresh = make.booking(
        "u@example.org", "Uli Unbestätigt", confirmed_at=None, organisation=town.organisation
    )
    make.signup(shift, booking=fresh, status=Status.UNCONFIRMED)
    response = clerk.get(desk(shift))
    groups = [
        (g["title"], [(line["name"], line["status"], line["remarks"]) for line in g["lines"]])
        for g in response.context["groups"]
    ]
    assert groups == [
        (
            "Wer kommt",
            [("Kim Muster", "Platz sicher", []), ("Opa Ohnemail", "Platz sicher", ["ohne E-Mail"])],
        ),
        (
            "Warteliste",
            [
                (
                    "Wanda Wartet",
                    "Warteliste, Platz 1",
                    ["zweimal übergangen: Die Gruppe passte nicht in die freien Plätze"],
                )
            ],
        ),
        ("Noch nicht bestätigt (hält keinen Platz)", [("Uli Unbestätigt", "nicht bestätigt", [])]),
    ]
    assert "3 von 3 Plätzen vergeben, 1 auf der Warteliste" in response.content.decode()
    assert list(AccessLog.objects.values_list("user__name", "organisation", "action", "about")) == [
        ("Frau Amt", town.organisation_id, "Liste gelesen", f"shift:{shift.pk}")
    ]


def test_somebody_phones_without_an_address(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=at(10), capacity=2)
    data = {"name": "Opa Ohnemail", "phone": "06404 123456", "seats": "2", "age": "on"}
    response = clerk.post(desk(shift, "phone"), data, follow=True)
    assert said(response) == ["Opa Ohnemail ist eingetragen."]
    signup = ShiftSignup.objects.get()
    booking = signup.booking
    assert (signup.status, signup.seats) == (Status.CONFIRMED, 2)
    assert (booking.source, booking.entered_by.name) == (Booking.Source.PHONE, "Frau Amt")
    assert (booking.name, booking.email, booking.phone) == ("Opa Ohnemail", "", "06404 123456")
    assert mails() == []


def test_somebody_phones_with_an_address_and_gets_the_mail(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=at(10), capacity=1)
    clerk.post(desk(shift, "phone"), {"name": "Kim", "email": "kim@example.org", "seats": "1", "age": "on"})
    assert [(kind, to, subject.split(":")[0]) for kind, to, subject in mails()] == [
        ("confirmed", "kim@example.org", "Platz sicher")
    ]


def test_a_call_needs_a_way_to_reach_the_person(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=at(10))
    response = clerk.post(desk(shift, "phone"), {"name": "Kim", "seats": "1", "age": "on"})
    assert "Bitte tragen Sie eine E-Mail-Adresse oder eine Telefonnummer ein." in response.content.decode()
    assert Booking.objects.count() == 0


def test_a_refused_call_says_why(clerk, town):
    shift = make.shift(opportunity=wanted(town, state="draft"), starts=at(10))
    response = clerk.post(
        desk(shift, "phone"), {"name": "Kim", "phone": "06404 123456", "seats": "1", "age": "on"}
    )
    assert "Diese Aktion nimmt zurzeit keine Anmeldungen an." in response.content.decode()


def test_giving_a_seat_back_for_somebody_promotes_the_next(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=at(10), capacity=1)
    gone = make.signup(shift, email="kim@example.org")
    waiting = make.signup(shift, email="wartet@example.org", status=Status.WAITING)
    url = desk(shift, "give_back", gone.pk)
    assert "Kim Muster" in clerk.get(url).content.decode()
    assert logged() == [("Anmeldung gelesen", gone.label)]
    assert said(clerk.post(url, follow=True)) == ["Der Platz ist frei."]
    gone.refresh_from_db(), waiting.refresh_from_db()
    assert (gone.status, gone.ended_reason, waiting.status) == (Status.ENDED, "removed", Status.CONFIRMED)
    assert sorted((kind, to) for kind, to, _subject in mails()) == [
        ("cancelled-by-you", "kim@example.org"),
        ("promoted", "wartet@example.org"),
    ]
    assert ("Platz freigegeben", f"shiftsignup:{gone.pk}") in AccessLog.objects.values_list("action", "about")


@pytest.mark.parametrize(("passed_over", "status"), [(1, Status.WAITING), (2, Status.CONFIRMED)])
def test_staff_seat_a_party_by_hand_that_was_passed_over_twice(clerk, town, passed_over, status):
    shift = make.shift(opportunity=wanted(town), starts=at(10), capacity=2)
    make.signup(shift, email="kim@example.org")
    family = make.signup(
        shift, email="familie@example.org", status=Status.WAITING, seats=3, passed_over=passed_over
    )
    url = desk(shift, "give_back", family.pk)
    offered = "Plätze von Hand geben" in clerk.get(url).content.decode()
    clerk.post(url, {"seat": "1"})
    family.refresh_from_db()
    assert (offered, family.status) == (passed_over == 2, status)
    seated = passed_over == 2
    assert [(kind, to) for kind, to, _subject in mails()] == [("promoted", "familie@example.org")] * seated
    assert ("Von Hand eingeteilt", family.label) in logged() or not seated
    assert "überbucht" in clerk.get(desk(shift)).content.decode() or not seated


@pytest.mark.slow
def test_a_new_title_leaves_the_address_and_a_new_address_keeps_the_old(clerk, town):
    row = wanted(town, slug="bachputz-lich-2026", published_at=timezone.now())
    make.shift(opportunity=row, starts=at(10))
    save(clerk, row, title="Großer Bachputz")
    row.refresh_from_db()
    assert (row.title, row.slug) == ("Großer Bachputz", "bachputz-lich-2026")
    save(clerk, row, slug="grosser-bachputz-lich")
    row.refresh_from_db()
    assert row.slug == "grosser-bachputz-lich"
    assert list(OldSlug.objects.values_list("old", "current")) == [
        ("bachputz-lich-2026", "grosser-bachputz-lich")
    ]


def test_failed_mails_say_why_and_are_sent_again_without_showing_links(clerk, town):
    now = timezone.now()
    token = "12-0." + "A" * 43
    mail = Mail.objects.create(
        key="k", kind="confirmed", organisation=town.organisation, to="kim@example.org", subject="Platz sicher",
        text=f"Ihr Platz: http://localhost/anmeldung/meine/{token}/", queued_at=now, next_try_at=now, attempts=3,
        failed_at=now, last_error="550 Postfach unbekannt",
    )  # fmt: skip
    url = reverse("admin:portal_mail_change", args=[mail.pk])
    text = clerk.get(url).content.decode()
    assert "550 Postfach unbekannt" in text
    assert "Ihr Platz: http://localhost/anmeldung/meine/…/" in text
    assert token not in text
    assert list(AccessLog.objects.values_list("user__name", "organisation", "action", "about")) == [
        ("Frau Amt", town.organisation_id, "Mail gelesen", f"mail:{mail.pk}")
    ]
    clerk.post(reverse("admin:portal_mail_resend", args=[mail.pk]))
    mail.refresh_from_db()
    assert (mail.failed_at, mail.attempts, mail.state) == (None, 0, "wartet")


def test_secret_mails_are_shown_to_nobody(clerk, town):
    now = timezone.now()
    mail = Mail.objects.create(
        key="s", kind="account", organisation=town.organisation, to="a@example.org", subject="Passwort", secret=True,
        queued_at=now, next_try_at=now, failed_at=now,
    )  # fmt: skip
    assert (
        "Passwort"
        not in clerk.get(reverse("admin:portal_mail_changelist")).content.decode().split("content-main")[1]
    )
    assert clerk.get(reverse("admin:portal_mail_change", args=[mail.pk])).status_code == 404
    assert clerk.post(reverse("admin:portal_mail_resend", args=[mail.pk])).status_code == 404
    assert logged() == [("Liste gelesen", "Mails")]


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("admin:volunteers_shift_changelist", 8),
        ("admin:volunteers_opportunity_changelist", 9),
    ],
)
def test_lists_ask_as_often_with_three_rows_as_with_one(clerk, town, name, queries):
    asked = []
    for _ in range(2):
        for _ in range(1 if not asked else 2):
            make.signup(make.shift(opportunity=wanted(town), starts=at(10)))
        with CaptureQueriesContext(connection) as captured:
            clerk.get(reverse(name))
        asked.append(len(captured))
    assert asked == [queries, queries]


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("initiatives_initiative", 8),
        ("portal_mail", 9),
        ("portal_organisation", 7),
        ("portal_user", 9),
        ("portal_municipality", 7),
        ("portal_accesslog", 8),
    ],
)
def test_lists_of_the_association_ask_as_often_with_three_rows_as_with_one(name, queries):
    net = proven(staff(association(), Membership.Role.NETWORK, email="netz@verband.example"))
    asked = []
    for _ in range(2):
        for _ in range(1 if not asked else 2):
            one_more_of_everything()
        with CaptureQueriesContext(connection) as captured:
            response = net.get(reverse(f"admin:{name}_changelist"))
        asked.append((response.context["cl"].result_count, len(captured)))
    (few, _), (more, _) = asked
    assert more == few + 2
    assert [count for _rows, count in asked] == [queries, queries]


def one_more_of_everything():
    """A row more in each list of the association."""
    n = Organisation.objects.count()
    now = timezone.now()
    town = make.municipality(f"Ort {n}", organisation=make.organisation(f"Stadt {n}"))
    user = staff(town.organisation, email=f"amt{n}@lich.example", enrolled=False)
    make.initiative(organisation=association(), municipality=town)
    AccessLog.objects.create(at=now, user=user, organisation=association(), action="Liste gelesen", about="x")
    Mail.objects.create(
        key=f"n{n}", kind="confirmed", organisation=association(), to="kim@example.org", subject="Platz sicher",
        queued_at=now, next_try_at=now,
    )  # fmt: skip


def test_the_people_of_a_date_cost_the_same_for_one_and_for_three(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=at(10), capacity=2)
    asked = []
    for _ in range(2):
        for _ in range(1 if not asked else 2):
            make.signup(shift, status=Status.WAITING)
        with CaptureQueriesContext(connection) as captured:
            clerk.get(desk(shift))
        asked.append(len(captured))
    assert asked == [10, 10]  # the unconfirmed apart, so that invented people by the thousand are not read
