"""What a change would do, before it is done: preview and deed are the same, and a preview leaves nothing."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import outbox, rehearsal, rescheduling
from portal.models import AccessLog, Mail
from portal.refused import Refused
from portal.slots import Signup
from tests import make
from tests.make import NOW
from tests.staffroom import proven, rehearsed, staff, typed
from volunteers import relocating
from volunteers.models import Shift

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + HOUR
S = Signup.Status


def crowded(slot, make_one):
    """Two with a seat, two waiting (one without an address), one not confirmed."""
    make_one(slot, email="kim@example.org")
    make_one(slot, email="uli@example.org")
    make_one(slot, email="wartet@example.org", status=S.WAITING)
    call = make.booking(
        "", "Opa Ohnemail", phone="06404 1", organisation=slot.organisation, slot_kind=slot.kind
    )
    make_one(slot, booking=call, status=S.WAITING)
    make_one(slot, email="offen@example.org", status=S.UNCONFIRMED)
    return slot


def shift():
    return crowded(make.shift(capacity=2), make.signup)


def session():
    return crowded(make.session(capacity=2), make.participant)


def _move(slot, now):
    rescheduling.move(slot, starts=slot.starts + DAY, ends=slot.ends + DAY, now=now)


def _more(slot, now):
    rescheduling.change_capacity(slot, capacity=4, now=now)


def _fewer(slot, now):
    rescheduling.change_capacity(slot, capacity=1, now=now)


def _cancel(slot, now):
    rescheduling.cancel(slot, reason="Hochwasser", now=now)


def _relocate(slot, now):
    relocating.relocate(slot.opportunity, meeting_point="Marktplatz 1", municipality=None, now=now)


VERBS = [
    *((build, verb) for build in (shift, session) for verb in (_move, _more, _fewer, _cancel)),
    (shift, _relocate),
]


def play(slot, verb, *, seen="", now=LATER):
    return rehearsal.play(lambda: verb(slot, now), slots=[slot], everybody=True, now=now, seen=seen)


def everything():
    """All rows of all tables."""
    return {m._meta.label: list(m._base_manager.order_by("pk").values()) for m in apps.get_models()}


def letters(mails):
    """Every column of a mail that says something, whoever asks when."""
    left_out = {"id", "calendar"}
    return [
        {f.name: getattr(mail, f.attname) for f in Mail._meta.concrete_fields if f.name not in left_out}
        for mail in mails
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("build", "verb"), VERBS)
def test_a_rehearsal_says_what_the_deed_does_field_by_field(build, verb):
    slot = build()
    rehearsed = play(slot, verb)
    verb(slot, LATER)
    deed = list(Mail.objects.unsent().filter(queued_at=LATER).order_by("pk"))
    assert letters(rehearsed.mails) == letters(deed)
    assert [mail.calendar for mail in rehearsed.mails] == [mail.calendar for mail in deed]
    seated = slot.signups.filter(status=S.CONFIRMED, pk__in=[s.pk for s in rehearsed.promoted])
    assert seated.count() == len(rehearsed.promoted)


@pytest.mark.slow
@pytest.mark.parametrize(("build", "verb"), VERBS)
def test_a_rehearsal_leaves_no_trace(build, verb, monkeypatch, django_capture_on_commit_callbacks, tmp_path):
    slot, nudged = build(), []
    monkeypatch.setattr(outbox, "nudge", lambda: nudged.append(1))
    before = everything()
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        assert play(slot, verb).done is False
    assert (everything(), callbacks, nudged) == (before, [], [])
    assert not (tmp_path / "journal").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("build", "verb"), VERBS)
def test_the_deed_is_done_when_it_is_what_was_seen(build, verb):
    slot = build()
    preview = play(slot, verb)
    deed = play(slot, verb, seen=preview.digest, now=LATER + HOUR)
    assert (preview.done, deed.done, deed.digest) == (False, True, preview.digest)
    assert Mail.objects.filter(queued_at=LATER + HOUR).count() == len(preview.mails)


@pytest.mark.slow
def test_what_each_change_means():
    found = {}
    for verb in (_move, _more, _fewer, _cancel):
        outcome = play(shift(), verb)
        found[verb.__name__] = (
            sorted((mail.kind, mail.to.split("@")[0]) for mail in outcome.mails),
            [signup.booking.name for signup in outcome.promoted],
            len(outcome.concerned),
            [signup.booking.phone for signup in outcome.to_call],
            outcome.overbooked,
        )
    told = ["kim", "uli", "wartet"]
    assert found == {
        "_move": ([("changed", name) for name in told], [], 4, ["06404 1"], 0),
        "_more": ([("promoted", "wartet")], ["Kim Muster", "Opa Ohnemail"], 4, ["06404 1"], 0),
        "_fewer": ([], [], 4, ["06404 1"], 1),
        "_cancel": ([("cancelled-by-us", name) for name in told], [], 4, ["06404 1"], 0),
    }


def test_a_change_of_seats_is_about_those_who_get_one():
    slot = shift()
    outcome = rehearsal.play(lambda: _more(slot, LATER), slots=[slot], everybody=False, now=LATER)
    assert [signup.booking.name for signup in outcome.concerned] == ["Kim Muster", "Opa Ohnemail"]
    nothing = rehearsal.play(lambda: _fewer(slot, LATER), slots=[slot], everybody=False, now=LATER)
    assert (nothing.concerned, nothing.to_call, nothing.is_nothing) == ([], [], False)


def test_an_address_that_was_refused_is_called_as_well():
    slot = shift()
    slot.signups.get(email_key="kim@example.org").booking.__class__.objects.filter(
        email="kim@example.org"
    ).update(email_refused_at=NOW)
    outcome = play(slot, _move)
    assert sorted(signup.booking.email for signup in outcome.to_call) == ["", "kim@example.org"]


def test_mails_that_become_untrue_before_they_left_are_counted():
    slot = shift()
    with transaction.atomic():
        outbox.queue(
            key="old", kind="changed", to="kim@example.org", letter={"subject": "Alt", "text": "Alt", "html": ""},
            now=NOW, organisation=slot.organisation, about=slot.signups.first().label,
        )  # fmt: skip
    assert play(slot, _cancel).taken_back == 1
    assert Mail.objects.get(key="old").withdrawn_at is None


@pytest.mark.slow
def test_what_happened_between_the_steps_is_shown_anew_and_nothing_is_done():
    slot = shift()
    seen = play(slot, _move).digest
    make.signup(slot, email="neu@example.org", status=S.WAITING)
    before = everything()
    again = play(slot, _move, seen=seen)
    assert (again.done, len(again.mails), everything()) == (False, 4, before)
    assert play(slot, _move, seen=again.digest).done is True


def test_a_digest_does_not_allow_another_change():
    slot = shift()
    seen = play(slot, _move).digest
    assert play(slot, _cancel, seen=seen).done is False
    slot.refresh_from_db()
    assert slot.cancelled_at is None


def test_a_refusal_comes_through_and_changes_nothing():
    slot = make.shift(cancelled_at=NOW, cancel_reason="x")
    with pytest.raises(Refused, match="abgesagt"):
        play(slot, _move)


# --- the pages --------------------------------------------------------------------------------------
@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation, name="Frau Amt"))


def soon(town, **fields):
    starts = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=10)
    action = make.opportunity(organisation=town.organisation, municipality=town)
    return crowded(make.shift(opportunity=action, starts=starts, capacity=2, **fields), make.signup)


def at(slot, name):
    return reverse(f"admin:volunteers_shift_{name}", args=[slot.pk])


def words(response):
    return " ".join(response.content.decode().split())


def local(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def later(slot):
    return {"starts": local(slot.starts + DAY), "ends": local(slot.ends + DAY)}


@pytest.mark.slow
def test_the_first_step_shows_numbers_names_and_a_real_mail(clerk, town):
    slot = soon(town)
    response = clerk.post(at(slot, "move"), later(slot))
    text = words(response)
    for expected in (
        "Es betrifft <strong>4 Anmeldungen</strong> (4 Personen).",
        "<strong>3 Mails</strong> gehen sofort hinaus.",
        '<strong>Opa Ohnemail</strong>: <a href="tel:064041">06404 1</a>',
        "So liest sich eine der 3 Mails „Änderung“",
        "kim@example.org",
        "Guten Tag Kim Muster,",
        "Neue Zeit: ",
    ):
        assert expected in text
    assert (Mail.objects.count(), "/anmeldung/freigeben/…/" in text) == (0, True)
    slot.refresh_from_db()
    assert slot.starts_revision == 0
    assert list(AccessLog.objects.values_list("user__name", "action", "about")) == [
        ("Frau Amt", "Liste gelesen", slot.label)
    ]


def test_more_seats_name_who_moves_up_and_fewer_say_overbooked(clerk, town):
    slot = soon(town)
    more = words(clerk.post(at(slot, "seats"), {"capacity": "4"}))
    assert "Einen Platz bekommen 2 Wartende: <strong>Kim Muster, Opa Ohnemail</strong>." in more
    fewer = words(clerk.post(at(slot, "seats"), {"capacity": "1"}))
    assert "überbucht</strong>: 1 Person mehr, als es Plätze gibt. Alle behalten ihren Platz." in fewer
    assert "Keine Mail geht hinaus." in fewer


@pytest.mark.slow
def test_the_second_step_does_it_and_says_whom_to_call(clerk, town):
    slot = soon(town)
    _preview, done = rehearsed(clerk, at(slot, "move"), later(slot), follow=True)
    assert [str(message) for message in done.context["messages"]] == [
        (
            "Der Termin hat die neue Zeit. 3 Mails gehen hinaus. "
            "Eine Person rufen Sie bitte selbst an; in der Liste steht es dabei."
        )
    ]
    assert Mail.objects.filter(kind="changed").count() == 3


@pytest.mark.slow
def test_a_double_click_changes_once(clerk, town):
    slot = soon(town)
    preview = clerk.post(at(slot, "move"), later(slot))
    data = later(slot) | {"seen": preview.context["shown"]["digest"]}
    assert clerk.post(at(slot, "move"), data).status_code == 302
    again = clerk.post(at(slot, "move"), data)
    assert "So ist es schon. Es ändert sich nichts, und keine Mail geht hinaus." in words(again)
    slot.refresh_from_db()
    assert (slot.starts_revision, Mail.objects.filter(kind="changed").count()) == (1, 3)


@pytest.mark.slow
def test_more_people_between_the_steps_come_back_as_a_new_preview(clerk, town):
    slot = soon(town)
    preview = clerk.post(at(slot, "cancel"), {"reason": "Sturm"})
    make.signup(slot, email="neu@example.org", status=S.WAITING)
    data = {"reason": "Sturm", "seen": preview.context["shown"]["digest"]}
    anew = clerk.post(at(slot, "cancel"), data)
    assert "Inzwischen hat sich etwas geändert. Noch ist nichts geschehen" in words(anew)
    assert anew.context["shown"]["n_mails"] == 4
    slot.refresh_from_db()
    assert (slot.cancelled_at, Mail.objects.count()) == (None, 0)


def test_back_keeps_what_was_typed(clerk, town):
    slot = soon(town)
    response = clerk.post(at(slot, "cancel"), {"reason": "Sturm", "seen": "x", "back": "1"})
    assert (response.context["shown"], ">\nSturm</textarea>" in response.content.decode()) == (None, True)


def test_what_the_verb_refuses_is_said_in_the_form(clerk, town):
    slot = soon(town)
    data = {"starts": local(slot.ends), "ends": local(slot.starts)}
    assert "Das Ende liegt vor dem Beginn." in words(clerk.post(at(slot, "move"), data))
    data = {"starts": "0001-01-01T10:00", "ends": local(slot.ends)}
    assert "Bitte prüfen Sie das Jahr." in words(clerk.post(at(slot, "move"), data))


@pytest.mark.slow
def test_a_new_meeting_point_counts_each_form_once_over_all_dates(clerk, town):
    slot = soon(town)
    second = make.shift(opportunity=slot.opportunity, starts=slot.starts + DAY)
    make.signup(second, booking=slot.signups.get(email_key="kim@example.org").booking)
    url = reverse("admin:volunteers_opportunity_place", args=[slot.opportunity.pk])
    assert "Es gilt für alle 2 kommenden Termine dieser Aktion." in words(clerk.get(url))
    preview, done = rehearsed(clerk, url, {"meeting_point": "Marktplatz 1"})
    assert preview.context["shown"]["n_mails"] == 3
    assert done.status_code == 302
    slot.opportunity.refresh_from_db()
    assert slot.opportunity.meeting_point == "Marktplatz 1"
    (kim,) = Mail.objects.filter(to="kim@example.org")
    assert kim.subject.startswith("Neuer Ort: 2 Termine ab ")


def test_an_action_without_coming_dates_has_no_such_page(clerk, town):
    action = make.opportunity(organisation=town.organisation, municipality=town)
    make.shift(opportunity=action, starts=timezone.now() - DAY)
    url = reverse("admin:volunteers_opportunity_place", args=[action.pk])
    assert clerk.get(url).status_code == 404


@pytest.mark.slow
def test_once_somebody_signed_up_the_action_s_page_no_longer_moves_anything(clerk, town):
    slot = soon(town)
    url = reverse("admin:volunteers_opportunity_change", args=[slot.opportunity.pk])
    form = clerk.get(url).context["adminform"].form
    inline = clerk.get(url).context["inline_admin_formsets"][0].formset.forms
    assert [form.fields[name].disabled for name in ("meeting_point", "municipality", "title")] == [
        True, True, False,
    ]  # fmt: skip
    text = words(clerk.get(url))
    assert "Ändern: oben über „Treffpunkt ändern“" in text
    assert reverse("admin:volunteers_opportunity_place", args=[slot.opportunity.pk]) in text
    closed = [{name for name, field in each.fields.items() if field.disabled} for each in inline]
    assert closed == [{"starts", "ends", "deadline", "capacity"}, set()]  # the second is a new, empty date


@pytest.mark.slow
def test_a_meeting_point_typed_before_somebody_signed_up_is_not_lost_silently(clerk, town):
    action = make.opportunity(organisation=town.organisation, municipality=town)
    slot = make.shift(opportunity=action, starts=timezone.now() + 10 * DAY)
    url = reverse("admin:volunteers_opportunity_change", args=[action.pk])
    data = typed(clerk.get(url)) | {"meeting_point": "Marktplatz 1"}
    make.signup(slot)
    response = clerk.post(url, data)
    assert "Inzwischen ist jemand angemeldet." in words(response)
    action.refresh_from_db()
    assert (action.meeting_point, Mail.objects.count()) == ("Brücke am Schloss, Schlossgasse 1", 0)
    assert Shift.objects.get().sequence == 0


def test_a_preview_asks_as_often_for_three_people_as_for_one_but_for_their_letters(clerk, town):
    asked = []
    for n in (1, 3):
        slot = make.shift(
            opportunity=make.opportunity(organisation=town.organisation, municipality=town),
            starts=timezone.now() + 10 * DAY,
        )
        for _ in range(n):
            make.signup(slot, booking=make.booking("", "X", phone="1", organisation=town.organisation))
        with CaptureQueriesContext(connection) as captured:
            clerk.post(at(slot, "seats"), {"capacity": "20"})
        asked.append(len(captured))
    assert asked[0] == asked[1]
