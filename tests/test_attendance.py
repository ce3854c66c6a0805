"""Who came (rule 11): the verbs, the page at the desk, and what thanks and statistics make of it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal import attendance
from portal.models import AccessLog
from portal.refused import Refused
from portal.retention import K3_PERSON
from portal.slots import Signup
from tests import make
from tests.staffroom import proven, staff

pytestmark = pytest.mark.django_db
Status = Signup.Status
HOUR = timedelta(hours=1)


def over(**fields):
    """A date that ended an hour ago."""
    return make.shift(starts=timezone.now() - 4 * HOUR, **fields)


def person(slot, name, **fields):
    booking = make.booking(f"{name.split()[0].lower()}@example.org", name, organisation=slot.organisation)
    return make.signup(slot, booking=booking, **fields)


def noted(slot):
    """Name → came or not, and who said so."""
    rows = slot.signups.select_related("booking").order_by("pk")
    return {signup.booking.name: (signup.attended, signup.attended_by) for signup in rows}


# --- verbs ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("build", [over, lambda: make.session(starts=timezone.now() - HOUR)])
def test_each_answer_keeps_who_gave_it_and_when(build):
    slot, now = build(), timezone.now()
    kim, ada, tom = (person(slot, name, **_more(slot)) for name in ("Kim Muster", "Ada Beispiel", "Tom Test"))

    attendance.note(slot, came={kim.pk: True, ada.pk: False, tom.pk: None}, by="Frau Amt", now=now)

    assert noted(slot) == {
        "Kim Muster": (True, "Frau Amt"), "Ada Beispiel": (False, "Frau Amt"), "Tom Test": (None, ""),
    }  # fmt: skip
    kim.refresh_from_db()
    slot.refresh_from_db()
    assert (kim.attended_at, slot.attendance_noted_at) == (now, now)


def _more(slot):
    return {"function": "staff", "municipality": "Stadt Lich"} if slot.is_online else {}


def test_said_again_keeps_who_said_it_first_and_a_correction_names_the_corrector():
    slot, now = over(), timezone.now()
    kim, ada = person(slot, "Kim Muster"), person(slot, "Ada Beispiel")
    attendance.note(slot, came={kim.pk: True, ada.pk: True}, by="Frau Amt", now=now)

    n = attendance.note(slot, came={kim.pk: True, ada.pk: False}, by="Herr Hof", now=now + HOUR)

    assert n == 1
    assert noted(slot) == {"Kim Muster": (True, "Frau Amt"), "Ada Beispiel": (False, "Herr Hof")}


def test_everybody_was_there_leaves_those_known_to_have_stayed_away():
    slot, now = over(), timezone.now()
    kim, _ada = person(slot, "Kim Muster"), person(slot, "Ada Beispiel")
    person(slot, "Wanda Wartet", status=Status.WAITING)
    attendance.note(slot, came={kim.pk: False}, by="Frau Amt", now=now)

    attendance.all_came(slot, by="Frau Beispiel (Kontakt)", now=now + HOUR)

    assert noted(slot) == {
        "Kim Muster": (False, "Frau Amt"),
        "Ada Beispiel": (True, "Frau Beispiel (Kontakt)"),
        "Wanda Wartet": (None, ""),
    }


def test_taking_back_undoes_the_last_answer_and_no_earlier_one():
    slot, now = over(), timezone.now()
    kim, _ada = person(slot, "Kim Muster"), person(slot, "Ada Beispiel")
    attendance.note(slot, came={kim.pk: True}, by="Frau Amt", now=now)
    attendance.all_came(slot, by="Kontakt", now=now + HOUR)

    attendance.take_back(slot, now=now + 2 * HOUR)

    assert noted(slot) == {"Kim Muster": (True, "Frau Amt"), "Ada Beispiel": (None, "")}


def test_nobody_answered_while_all_is_unknown():
    slot, now = over(), timezone.now()
    kim = person(slot, "Kim Muster")
    attendance.all_came(slot, by="Kontakt", now=now)
    attendance.take_back(slot, now=now + HOUR)
    attendance.note(slot, came={kim.pk: None}, by="Frau Amt", now=now + HOUR)
    slot.refresh_from_db()
    assert slot.attendance_noted_at is None


@pytest.mark.parametrize(
    ("moment", "fields", "sentence"),
    [
        (-attendance.EARLY - timedelta(seconds=1), {}, "Der Termin hat noch nicht begonnen."),
        (-attendance.EARLY, {}, ""),
        (3 * HOUR + K3_PERSON - timedelta(seconds=1), {}, ""),
        (3 * HOUR + K3_PERSON, {}, "Die Namen zu diesem Termin sind schon gelöscht."),
        (2 * HOUR, {"cancelled_at": make.NOW}, "Dieser Termin ist ausgefallen."),
    ],
)
def test_attendance_is_noted_from_just_before_the_start_until_names_are_gone(moment, fields, sentence):
    slot = make.shift(**fields)
    kim = make.signup(slot)
    try:
        attendance.note(slot, came={kim.pk: True}, by="Frau Amt", now=slot.starts + moment)
        said = ""
    except Refused as refused:
        said = str(refused)
    kim.refresh_from_db()
    assert (said.startswith(sentence), bool(said), kim.attended) == (
        True, bool(sentence), None if sentence else True,
    )  # fmt: skip


def test_somebody_on_another_date_is_not_noted_here():
    slot, other = over(), over()
    stranger = person(other, "Fremde Frau")
    attendance.note(slot, came={stranger.pk: True}, by="Frau Amt", now=timezone.now())
    assert noted(other) == {"Fremde Frau": (None, "")}


def test_words_count_people_and_not_forms():
    slot = over(walk_ins=3)
    for name, seats, attended in [("A", 5, True), ("B", 2, True), ("C", 1, False), ("D", 2, None)]:
        person(slot, name, seats=seats, attended=attended)
    said = attendance.words(attendance.people(slot), slot.walk_ins)
    assert said == "7 waren da, 1 kam nicht, von 2 ist es nicht bekannt, dazu 3 ohne Anmeldung"


# --- the page at the desk -----------------------------------------------------------------------------
@pytest.fixture
def town():
    return make.municipality("Lich", organisation=make.organisation())


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation, name="Frau Amt"))


def of(town, **fields):
    return over(opportunity=make.opportunity(organisation=town.organisation, municipality=town), **fields)


def page(slot):
    return reverse("admin:volunteers_shift_attendance", args=[slot.pk])


def typed(client, slot):
    """The form as the page shows it, ready to send back."""
    form = client.get(page(slot)).context["form"]
    return {bound.html_name: bound.value() for bound in form if bound.value() is not None}


def logged():
    return list(AccessLog.objects.order_by("pk").values_list("action", "about"))


def test_a_clerk_notes_who_came_in_one_go(clerk, town):
    slot = of(town)
    kim, ada, _tom = (person(slot, name) for name in ("Kim Muster", "Ada Beispiel", "Tom Test"))
    answers = {f"war_{kim.pk}": "ja", f"war_{ada.pk}": "nein", "walk_in": "2"}

    response = clerk.post(page(slot), typed(clerk, slot) | answers, follow=True)

    assert [str(message) for message in response.context["messages"]] == ["Gespeichert."]
    assert noted(slot) == {
        "Kim Muster": (True, "Frau Amt"), "Ada Beispiel": (False, "Frau Amt"), "Tom Test": (None, ""),
    }  # fmt: skip
    slot.refresh_from_db()
    assert slot.walk_ins == 2
    assert (
        "1 war da, 1 kam nicht, von 1 ist es nicht bekannt, dazu 2 ohne Anmeldung"
        in response.content.decode()
    )
    assert logged() == [
        ("Liste gelesen", slot.label), ("Anwesenheit notiert", slot.label), ("Liste gelesen", slot.label),
    ]  # fmt: skip


def test_one_button_answers_for_all_others(clerk, town):
    slot = of(town)
    kim, _ada = person(slot, "Kim Muster"), person(slot, "Ada Beispiel")
    clerk.post(page(slot), typed(clerk, slot) | {f"war_{kim.pk}": "nein", "rest": "1"})
    assert noted(slot) == {"Kim Muster": (False, "Frau Amt"), "Ada Beispiel": (True, "Frau Amt")}


def test_two_who_tick_at_the_same_time_do_not_undo_each_other(clerk, town):
    slot = of(town)
    kim, ada = person(slot, "Kim Muster"), person(slot, "Ada Beispiel")
    opened_before = typed(clerk, slot)
    attendance.note(slot, came={kim.pk: True}, by="Herr Hof", now=timezone.now(), walk_ins=4)

    clerk.post(page(slot), opened_before | {f"war_{ada.pk}": "ja"})

    assert noted(slot) == {"Kim Muster": (True, "Herr Hof"), "Ada Beispiel": (True, "Frau Amt")}
    slot.refresh_from_db()
    assert slot.walk_ins == 4


@pytest.mark.slow
def test_an_impossible_number_is_refused_and_keeps_the_ticks(clerk, town):
    slot = of(town)
    kim = person(slot, "Kim Muster")
    response = clerk.post(page(slot), typed(clerk, slot) | {f"war_{kim.pk}": "ja", "walk_in": "9999"})
    text = response.content.decode()
    assert "<title>Fehler: " in text
    assert f'value="ja" id="war_{kim.pk}_0" checked' in text
    assert noted(slot) == {"Kim Muster": (None, "")}


@pytest.mark.slow
def test_before_the_start_and_after_the_names_are_gone_the_page_says_why_not(clerk, town):
    early = make.shift(
        opportunity=make.opportunity(organisation=town.organisation, municipality=town),
        starts=timezone.now() + 5 * HOUR,
    )
    ended = timezone.now() - K3_PERSON
    late = make.shift(opportunity=early.opportunity, starts=ended - HOUR, ends=ended)
    person(late, "Kim Muster")
    assert "hat noch nicht begonnen" in clerk.get(page(early)).content.decode()
    text = clerk.get(page(late)).content.decode()
    assert ("schon gelöscht" in text, "Kim Muster" in text) == (True, False)
    list_of = reverse("admin:volunteers_shift_change", args=[early.pk])
    assert page(early) not in clerk.get(list_of).content.decode()


def test_the_desk_leads_to_the_page_once_the_date_began_and_shows_what_is_known(clerk, town):
    slot = of(town)
    for name, attended in [("Kim Muster", True), ("Ada Beispiel", False), ("Tom Test", None)]:
        person(slot, name, attended=attended)
    response = clerk.get(reverse("admin:volunteers_shift_change", args=[slot.pk]))
    assert page(slot) in response.content.decode()
    (coming, *_others) = response.context["groups"]
    assert [(line["name"], line["status"]) for line in coming["lines"]] == [
        ("Kim Muster", "war da"), ("Ada Beispiel", "kam nicht"), ("Tom Test", "Platz sicher"),
    ]  # fmt: skip


def test_another_town_and_a_dismissed_clerk_find_nothing(town):
    slot = of(town)
    kim = person(slot, "Kim Muster")
    stranger = proven(staff(make.organisation("Stadt Anderswo"), email="fremd@anderswo.example"))
    dismissed = staff(town.organisation, email="weg@lich.example")
    former = proven(dismissed)
    dismissed.memberships.all().delete()
    answers = {f"war_{kim.pk}": "ja", "seen": ""}
    assert [stranger.get(page(slot)).status_code, stranger.post(page(slot), answers).status_code] == [
        404,
        404,
    ]
    assert former.post(page(slot), answers).status_code == 403
    assert noted(slot) == {"Kim Muster": (None, "")}


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 3])
def test_the_page_asks_the_same_number_of_questions(clerk, town, n, django_assert_num_queries):
    slot = of(town)
    for number in range(n):
        person(slot, f"Kim{number} Muster")
    clerk.get(page(slot))
    with django_assert_num_queries(9):
        clerk.get(page(slot))
