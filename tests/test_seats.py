"""Rules 1–10 and 12 of domain.md, through the verbs of the seats engine."""

from datetime import timedelta

import pytest
from django.http import Http404

from portal import confirmations, links, seats, signups
from portal.models import Booking, Mail, User, email_key
from portal.refused import Refused
from portal.rescheduling import cancel, change_capacity
from portal.slots import Signup
from tests import make
from tests.make import NOW
from volunteers.models import Opportunity, Shift, ShiftSignup

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
S = Signup.Status


def register(*slots, email="kim@example.org", name="Kim Muster", now=NOW, **fields):
    return signups.register(slots=slots, name=name, email=email, age_confirmed=True, now=now, **fields)


def confirm(booking, now=NOW):
    booking.refresh_from_db()
    signups.confirm(booking, signups=signups.signups_of(booking), now=now)


def join(slot, email="kim@example.org", seats=1, now=NOW, **fields):
    """Form and click in one; the sign-up that stands for the form afterwards."""
    booking = register(slot, email=email, seats=seats, now=now, **fields)
    confirm(booking, now=now)
    return only(booking)


def only(booking):
    (signup,) = signups.signups_of(booking)
    return signup


def states(slot):
    """(address, status, place, seats) of everybody, in order of entry."""
    rows = slot.signups.select_related("booking").order_by("pk")
    return [(s.booking.email.split("@")[0], s.status, s.place, s.seats) for s in rows]


def mails(kind=None, to=None):
    """(kind, to, subject up to the colon) in order; withdrawn ones are left out."""
    rows = Mail.objects.filter(withdrawn_at=None).order_by("pk")
    rows = rows.filter(kind=kind) if kind else rows
    rows = rows.filter(to=to) if to else rows
    return [(mail.kind, mail.to.split("@")[0], mail.subject.split(":")[0]) for mail in rows]


def forget_mails():
    Mail.objects.all().delete()


def all_sent(now=NOW):
    Mail.objects.open().update(sent_at=now)


# --- rule 1: deadline, cancelled ------------------------------------------------------------------
def test_deadline_closes_the_form_but_not_the_list():
    slot = make.shift(deadline=NOW + HOUR)
    early = register(slot)

    with pytest.raises(Refused, match="Die Anmeldung für diesen Termin ist schon geschlossen"):
        register(slot, email="late@example.org", now=NOW + HOUR)
    confirm(early, now=NOW + HOUR)

    assert [(s.status, s.ended_reason) for s in slot.signups.all()] == [("ended", "closed")]
    assert mails() == [("confirm-address", "kim", "Noch ein Klick")]


def test_without_deadline_the_start_closes():
    slot = make.shift(starts=NOW + HOUR)

    register(slot, now=NOW + HOUR - timedelta(seconds=1))
    with pytest.raises(Refused):
        register(slot, email="late@example.org", now=NOW + HOUR)

    assert slot.signups.count() == 1


def test_cancelled_slot_takes_nobody():
    slot = make.shift()
    open_form = register(slot, email="kim@example.org")
    cancel(slot, reason="Hochwasser", now=NOW)
    slot.refresh_from_db()

    with pytest.raises(Refused, match="Dieser Termin fällt leider aus"):
        register(slot, email="late@example.org")
    confirm(open_form)

    assert [(s.status, s.ended_reason, s.place) for s in slot.signups.all()] == [
        ("ended", "slot_cancelled", None)
    ]


def test_draft_takes_nobody_and_a_withdrawn_action_confirms_nobody():
    slot = make.shift()
    booking = register(slot)
    slot.opportunity.state = Opportunity.State.ARCHIVED
    slot.opportunity.save()

    with pytest.raises(Refused, match="nimmt zurzeit keine Anmeldungen an"):
        register(slot, email="late@example.org")
    confirm(booking)

    assert states(slot) == [("kim", "ended", None, 1)]


def test_form_without_dates_or_people_is_refused():
    with pytest.raises(Refused, match="mindestens einen Termin"):
        register()
    with pytest.raises(Refused, match="mindestens eine Person"):
        register(make.shift(), seats=0)
    assert (Booking.objects.count(), Mail.objects.count()) == (0, 0)


# --- rule 2: unconfirmed --------------------------------------------------------------------------
def test_unconfirmed_holds_no_seat():
    slot = make.shift(capacity=1)
    for n in range(5):
        register(slot, email=f"bot{n}@example.org")

    signup = join(slot)

    assert (signup.status, signup.place, slot.free()) == (S.CONFIRMED, 1, 0)
    assert [s.status for s in slot.signups.exclude(pk=signup.pk)] == [S.UNCONFIRMED] * 5


def test_form_makes_one_booking_and_one_mail_with_the_opt_in_proof():
    slot = make.shift()

    booking = register(slot, seats=2, phone="0171 1234567")

    booking.refresh_from_db()
    proof = (booking.wording, booking.entered_at, booking.mailed_at, booking.confirmed_at, booking.source)
    assert proof == (Shift.wording, NOW, NOW, None, "web")
    assert (booking.name, booking.email, booking.phone) == ("Kim Muster", "kim@example.org", "0171 1234567")
    assert states(slot) == [("kim", "unconfirmed", None, 2)]
    (mail,) = Mail.objects.all()
    assert (mail.kind, mail.to, mail.reply_to) == (
        "confirm-address",
        "kim@example.org",
        "ehrenamt@lich.example",
    )
    assert mail.subject.startswith("Noch ein Klick: Sa., 20. Juni, 12 Uhr, Lich")
    assert links.make(links.CONFIRM, booking) in mail.text
    assert mail.useful_until == NOW + timedelta(hours=72)


def test_double_click_makes_one_booking_and_one_mail():
    slot = make.shift()

    first = register(slot)
    again = register(slot, now=NOW + timedelta(seconds=1))
    other = register(slot, name="Kim Andere", now=NOW + timedelta(seconds=2))

    assert (again.pk == first.pk, other.pk == first.pk) == (True, False)
    assert mails() == [("confirm-address", "kim", "Noch ein Klick")] * 2


@pytest.mark.parametrize(
    "changes",
    [{"phone": "0171 2"}, {"seats": 2}, {"now": NOW + timedelta(minutes=15)}],
    ids=["phone", "seats", "later"],
)
def test_form_that_says_something_else_or_comes_later_is_one_of_its_own(changes):
    slot = make.shift()

    first, second = register(slot, phone="0171 1"), register(slot, **{"phone": "0171 1"} | changes)

    assert first.pk != second.pk
    assert mails() == [("confirm-address", "kim", "Noch ein Klick")] * 2


def test_staff_sign_up_somebody_whose_own_form_still_waits_for_the_click():
    slot = make.shift()
    first = register(slot)

    second = register(
        slot, source=Booking.Source.PHONE, entered_by=User.objects.create_user("c@lich.example")
    )

    assert states(slot) == [("kim", "unconfirmed", None, 1), ("kim", "confirmed", 1, 1)]
    assert (first.mailed_at, second.mailed_at) == (NOW, None)


def test_same_form_after_giving_back_asks_again():
    slot = make.shift()
    signups.give_back(join(slot), now=NOW)
    forget_mails()

    signup = join(slot, now=NOW + timedelta(minutes=5))

    assert (signup.status, signup.place) == (S.CONFIRMED, 2)
    assert [kind for kind, *_ in mails()] == ["confirm-address", "confirmed"]


def test_three_confirmation_mails_a_day_however_the_address_is_written():
    slot = make.shift()
    for n, spelling in enumerate(
        ("kim@example.org", "Kim@Example.org", "KIM@EXAMPLE.ORG", "kIm@example.org")
    ):
        register(slot, email=spelling, name=f"Name {n}")

    assert [kind for kind, *_ in mails()] == ["confirm-address"] * 3
    assert Booking.objects.filter(mailed_at=None).count() == 1

    register(slot, email="kim@example.org", name="Kim", now=NOW + DAY + timedelta(seconds=1))
    assert len(mails()) == 4


def test_correcting_the_address_gives_the_wrong_one_no_fresh_limit():
    slot = make.shift()
    for n in range(5):
        booking = register(slot, email="victim@example.org", name=f"Name {n}")
        all_sent()
        signups.correct_address(booking, email=f"mine{n}@example.org", now=NOW)

    assert len(mails(to="victim@example.org")) == 3
    assert [len(mails(to=f"mine{n}@example.org")) for n in range(5)] == [1] * 5


def test_mail_that_was_withdrawn_before_it_left_counts_for_nothing_and_one_on_its_way_does():
    slot = make.shift()
    for n in range(4):
        booking = register(slot, name=f"Name {n}")
        signups.correct_address(booking, email=f"mine{n}@example.org", now=NOW)
    assert register(slot).mailed_at == NOW

    Mail.objects.filter(to="kim@example.org").update(sent_at=NOW)  # all were in the server's hands by then
    assert register(slot, name="Kim Zwei").mailed_at is None


def test_resend_writes_the_mail_again_within_the_limit():
    booking = register(make.shift())
    for minute in range(5):
        signups.resend(booking, now=NOW + timedelta(minutes=minute))

    assert mails() == [("confirm-address", "kim", "Noch ein Klick")] * 3
    assert len(set(Mail.objects.values_list("text", flat=True))) == 1
    booking.refresh_from_db()
    assert booking.mailed_at == NOW + timedelta(minutes=1)  # the proof names the last one


def test_resend_after_the_click_is_refused():
    slot = make.shift()
    signup = join(slot)

    with pytest.raises(Refused, match="nicht mehr offen"):
        signups.resend(signup.booking, now=NOW)


def test_corrected_address_gets_the_mail_and_old_links_are_dead():
    slot = make.shift()
    booking = register(slot, email="kmi@example.org")
    old_link = links.make(links.CONFIRM, booking)
    assert links.read(links.CONFIRM, old_link, Booking) == booking

    signups.correct_address(booking, email="Kim@example.org", now=NOW)

    with pytest.raises(Http404):
        links.read(links.CONFIRM, old_link, Booking)
    booking.refresh_from_db()
    assert (booking.email, booking.email_key) == ("Kim@example.org", "kim@example.org")
    assert [s.email_key for s in slot.signups.all()] == ["kim@example.org"]
    assert mails() == [("confirm-address", "Kim", "Noch ein Klick")]  # the other was withdrawn
    assert links.make(links.CONFIRM, booking) in Mail.objects.get(withdrawn_at=None).text
    confirm(booking)
    assert states(slot) == [("Kim", "confirmed", 1, 1)]


def test_click_on_the_old_link_proves_nothing_about_the_corrected_address():
    slot = make.shift()
    booking = register(slot, email="mine@example.org")
    seen = Booking.objects.get(pk=booking.pk)
    rows = signups.signups_of(seen)  # the page of the old link was loaded …
    signups.correct_address(booking, email="victim@example.org", now=NOW)

    signups.confirm(seen, signups=rows, now=NOW)  # … and its button is pressed now

    booking.refresh_from_db()
    assert (states(slot), booking.confirmed_at) == ([("victim", "unconfirmed", None, 1)], None)


def test_confirmed_address_cannot_be_corrected():
    booking = join(make.shift()).booking

    with pytest.raises(Refused, match="schon bestätigt"):
        signups.correct_address(booking, email="other@example.org", now=NOW)


# --- rule 3: confirming -----------------------------------------------------------------------------
def test_click_gives_a_seat_or_a_position_on_the_waiting_list():
    slot = make.shift(capacity=2)

    made = [join(slot, f"g{n}@example.org") for n in range(4)]

    assert states(slot) == [
        ("g0", "confirmed", 1, 1),
        ("g1", "confirmed", 2, 1),
        ("g2", "waiting", 3, 1),
        ("g3", "waiting", 4, 1),
    ]
    assert [signup.position() for signup in made[2:]] == [1, 2]
    assert mails()[1::2] == [
        ("confirmed", "g0", "Platz sicher"),
        ("confirmed", "g1", "Platz sicher"),
        ("waiting", "g2", "Warteliste, Platz 1"),
        ("waiting", "g3", "Warteliste, Platz 2"),
    ]


def test_order_is_the_order_of_confirming_not_of_entering():
    slot = make.shift(capacity=1)
    first, second = register(slot, email="a@example.org"), register(slot, email="b@example.org")

    confirm(second)
    confirm(first)

    assert states(slot) == [("a", "waiting", 2, 1), ("b", "confirmed", 1, 1)]


def test_unlimited_slot_seats_everybody():
    slot = make.shift(capacity=None)

    assert [join(slot, f"g{n}@example.org", seats=5).status for n in range(3)] == [S.CONFIRMED] * 3
    assert (slot.free(), slot.taken()) == (None, 15)


def test_only_ticked_dates_join():
    one, two = make.shift(), make.shift(starts=NOW + 12 * DAY)
    booking = register(one, two)
    (ticked, unticked) = signups.signups_of(booking)

    signups.confirm(booking, signups=[ticked], now=NOW)

    assert [s.status for s in signups.signups_of(booking)] == [S.CONFIRMED, S.UNCONFIRMED]
    signups.confirm(booking, signups=[ticked, unticked], now=NOW)
    assert [s.status for s in signups.signups_of(booking)] == [S.CONFIRMED, S.CONFIRMED]
    assert mails()[1:] == [("confirmed", "kim", "Platz sicher")] * 2


def test_one_form_makes_one_mail_with_what_is_certain_and_what_waits():
    full, free = make.shift(capacity=1), make.shift(capacity=1, starts=NOW + 12 * DAY)
    join(full, "first@example.org")
    forget_mails()

    booking = register(full, free)
    confirm(booking)

    assert [(s.status, s.place) for s in signups.signups_of(booking)] == [(S.WAITING, 2), (S.CONFIRMED, 1)]
    mail = Mail.objects.get(kind="confirmed")
    assert mail.subject.startswith("Platz sicher: Mo., 22. Juni, 12 Uhr, Lich")
    assert "Platz 1 der Warteliste" in " ".join(mail.text.split())
    assert mail.calendar.count("BEGIN:VEVENT") == 1


def test_other_open_forms_of_the_address_are_offered_and_confirmed_only_when_ticked():
    one, two, three = (make.shift(starts=NOW + n * DAY) for n in (10, 11, 12))
    mine = register(one)
    earlier = register(two, now=NOW - HOUR)
    register(three, email="stranger@example.org")

    offered = signups.other_open(mine)
    assert [(s.slot.pk, s.booking.entered_at) for s in offered] == [(two.pk, NOW - HOUR)]

    confirm(mine)
    assert [states(slot)[0][1] for slot in (one, two, three)] == ["confirmed", "unconfirmed", "unconfirmed"]
    signups.confirm(mine, signups=offered, now=NOW)
    earlier.refresh_from_db()
    assert (states(two)[0][1], earlier.confirmed_at) == ("confirmed", NOW)
    assert signups.other_open(mine) == []


def test_sign_ups_of_another_address_are_not_confirmed_by_my_link():
    slot = make.shift()
    mine, other = register(slot), register(slot, email="stranger@example.org")

    signups.confirm(mine, signups=signups.signups_of(other), now=NOW)

    other.refresh_from_db()
    assert (states(slot)[1], other.confirmed_at) == (("stranger", "unconfirmed", None, 1), None)


def test_confirming_twice_changes_and_sends_nothing():
    slot = make.shift(capacity=1)
    booking = register(slot)
    confirm(booking)
    before = (states(slot), mails(), list(Booking.objects.values()))

    confirm(booking, now=NOW + HOUR)
    signups.confirm(booking, signups=[only(booking)] * 2, now=NOW + HOUR)

    assert (states(slot), mails(), list(Booking.objects.values())) == before


@pytest.mark.slow
def test_thirty_dates_in_one_form_make_one_mail():
    slots = [make.shift(starts=NOW + n * DAY) for n in range(10, 40)]

    booking = register(*slots)
    confirm(booking)

    assert [s.status for s in signups.signups_of(booking)] == [S.CONFIRMED] * 30
    assert mails() == [("confirm-address", "kim", "Noch ein Klick"), ("confirmed", "kim", "Platz sicher")]
    assert max(len(key) for key in Mail.objects.values_list("key", flat=True)) <= 200


# --- rule 4: verified, staff ------------------------------------------------------------------------
def test_verified_address_joins_at_once():
    slot = make.shift()

    booking = register(slot, verified=True)

    assert (states(slot), booking.confirmed_at) == ([("kim", "confirmed", 1, 1)], NOW)
    assert mails() == [("confirmed", "kim", "Platz sicher")]


def test_staff_sign_up_somebody_who_phones_with_address():
    clerk = User.objects.create_user("clerk@lich.example")
    slot = make.shift(max_party=2)

    booking = register(slot, seats=7, source=Booking.Source.PHONE, entered_by=clerk)

    assert (booking.source, booking.entered_by, booking.confirmed_at) == ("phone", clerk, NOW)
    assert states(slot) == [("kim", "confirmed", 1, 7)]
    assert mails() == [("confirmed", "kim", "Platz sicher")]


def test_staff_sign_up_people_without_address_each_for_themselves():
    clerk = User.objects.create_user("clerk@lich.example")
    slot = make.shift(capacity=1)

    for name in ("Oma Erna", "Opa Karl"):
        register(slot, name=name, email="", source=Booking.Source.PHONE, entered_by=clerk)

    rows = slot.signups.order_by("pk")
    assert [(s.booking.name, s.status, s.place, s.email_key) for s in rows] == [
        ("Oma Erna", "confirmed", 1, None),
        ("Opa Karl", "waiting", 2, None),
    ]
    assert mails() == []
    signups.give_back(rows[0], now=NOW, by=clerk)
    assert [s.status for s in slot.signups.order_by("pk")] == ["ended", "confirmed"]
    assert mails() == []


def test_staff_may_sign_up_after_the_deadline_until_the_start():
    clerk = User.objects.create_user("clerk@lich.example")
    slot = make.shift(starts=NOW + 2 * HOUR, deadline=NOW - HOUR)

    register(slot, entered_by=clerk)
    with pytest.raises(Refused):
        register(slot, email="late@example.org", entered_by=clerk, now=NOW + 2 * HOUR)

    assert states(slot) == [("kim", "confirmed", 1, 1)]


# --- rule 5: the same address twice -----------------------------------------------------------------
def test_second_form_of_an_address_asks_whether_somebody_comes_along():
    slot = make.shift()
    join(slot)
    forget_mails()

    register(slot, seats=3, now=NOW + HOUR)

    (mail,) = Mail.objects.all()
    assert (mail.kind, mail.subject.split(":")[0]) == ("confirm-address", "Noch ein Klick")
    assert "Sie sind schon angemeldet. Kommt noch jemand mit?" in mail.text
    assert states(slot) == [("kim", "confirmed", 1, 1), ("kim", "unconfirmed", None, 3)]


def test_who_signed_up_for_something_else_or_is_somebody_else_is_not_signed_up_already():
    slot = make.shift()
    join(slot, "other@example.org")
    join(make.shift())
    signups.give_back(join(slot), now=NOW)
    forget_mails()

    register(slot, now=NOW + HOUR)

    assert "schon angemeldet" not in Mail.objects.get().text


def test_confirming_the_second_form_changes_name_and_number_of_the_first():
    slot = make.shift()
    first = join(slot).booking
    second = register(slot, name="Kim Neuname", seats=3, phone="0171 99", now=NOW + HOUR)

    confirm(second, now=NOW + HOUR)

    first.refresh_from_db()
    assert states(slot) == [("kim", "confirmed", 1, 3), ("kim", "ended", None, 3)]
    assert slot.signups.last().ended_reason == "merged"
    assert (first.name, first.phone) == ("Kim Neuname", "0171 99")
    assert [s.pk for s in signups.signups_of(second)] == [s.pk for s in signups.signups_of(first)]
    last = Mail.objects.order_by("pk").last()
    assert (last.kind, last.booking) == ("confirmed", second)
    assert "3 Personen" in last.text


def test_second_form_that_asks_for_too_many_leaves_the_first_as_it_was():
    slot = make.shift(capacity=2)
    join(slot)

    signup = join(slot, seats=3, now=NOW + HOUR)

    assert states(slot) == [("kim", "confirmed", 1, 1), ("kim", "ended", None, 3)]
    assert signup.seats == 1


def test_second_form_without_a_telephone_keeps_the_number_of_the_first():
    slot = make.shift()
    first = join(slot, phone="0171 1").booking

    join(slot, now=NOW + HOUR)

    first.refresh_from_db()
    assert first.phone == "0171 1"


def test_second_form_of_one_who_waits_takes_the_seats_that_are_left_and_is_told_once():
    slot = make.shift(capacity=2)
    join(slot, "other@example.org")
    party, first = join(slot, "party@example.org", seats=3), join(slot, seats=2)
    assert [s.status for s in (party, first)] == [S.WAITING, S.WAITING]
    all_sent()
    forget_mails()

    join(slot, seats=1, now=NOW + HOUR)

    party.refresh_from_db()
    assert [row for row in states(slot) if row[1] != "ended"] == [
        ("other", "confirmed", 1, 1),
        ("party", "waiting", 2, 3),
        ("kim", "confirmed", 3, 1),
    ]
    assert party.passed_over == 1
    assert mails(to="kim@example.org") == [
        ("confirm-address", "kim", "Noch ein Klick"),
        ("confirmed", "kim", "Platz sicher"),
    ]


def test_merged_form_speaks_for_the_seat_when_it_is_given_back_before_the_mail_left():
    one, two = make.shift(), make.shift(starts=NOW + 12 * DAY)
    join(one)
    second = register(one, two, now=NOW + HOUR)
    confirm(second, now=NOW + HOUR)
    assert "20. Juni" in Mail.objects.get(booking=second, kind="confirmed").text

    signups.give_back(signups.signups_of(second)[0], now=NOW + HOUR)

    mail = Mail.objects.get(booking=second, kind="confirmed", withdrawn_at=None)
    assert ("20. Juni" in mail.text, "22. Juni" in mail.text) == (False, True)


# --- rule 6: who moves up ---------------------------------------------------------------------------
def test_seat_given_back_promotes_the_front_and_tells_them():
    slot = make.shift(capacity=1)
    seated, *_rest = [join(slot, f"g{n}@example.org") for n in range(3)]
    all_sent()
    forget_mails()

    signups.give_back(seated, now=NOW + HOUR)

    assert states(slot) == [("g0", "ended", 1, 1), ("g1", "confirmed", 2, 1), ("g2", "waiting", 3, 1)]
    assert mails() == [
        ("cancelled-by-you", "g0", "Sie haben abgesagt"),
        ("promoted", "g1", "Nachgerückt, Sie haben einen Platz"),
    ]
    promoted = Mail.objects.get(kind="promoted")
    assert links.make(links.GIVE_BACK, slot.signups.get(place=2)) in promoted.text
    assert "Passt es nicht mehr?" in promoted.text
    assert promoted.calendar_method == "PUBLISH"


def test_promotion_before_the_waiting_mail_left_is_told_in_one_mail():
    slot = make.shift(capacity=1)
    seated, _waiting = join(slot, "g0@example.org"), join(slot, "g1@example.org")

    signups.give_back(seated, now=NOW)

    assert mails(to="g1@example.org") == [
        ("confirm-address", "g1", "Noch ein Klick"),
        ("confirmed", "g1", "Platz sicher"),
    ]


def test_raised_capacity_promotes_and_lowered_removes_nobody():
    slot = make.shift(capacity=2)
    for n in range(6):
        join(slot, f"g{n}@example.org")
    all_sent()

    change_capacity(slot, capacity=1, now=NOW)
    assert [row[1] for row in states(slot)] == ["confirmed"] * 2 + ["waiting"] * 4
    assert Shift.objects.get(pk=slot.pk).free() == 0

    change_capacity(slot, capacity=4, now=NOW)
    assert [row[1] for row in states(slot)] == ["confirmed"] * 4 + ["waiting"] * 2

    change_capacity(slot, capacity=None, now=NOW)
    assert [row[1] for row in states(slot)] == ["confirmed"] * 6
    assert mails("promoted") == [
        ("promoted", f"g{n}", "Nachgerückt, Sie haben einen Platz") for n in range(2, 6)
    ]


def test_overbooked_slot_promotes_nobody_until_seats_are_really_free():
    slot = make.shift(capacity=2)
    first, second, _third = [join(slot, f"g{n}@example.org") for n in range(3)]
    change_capacity(slot, capacity=1, now=NOW)

    signups.give_back(first, now=NOW)
    assert [row[1] for row in states(slot)] == ["ended", "confirmed", "waiting"]
    signups.give_back(second, now=NOW)
    assert [row[1] for row in states(slot)] == ["ended", "ended", "confirmed"]
    assert mails("passed-over") == []


def opened(hours=10, capacity=1, waiting=2):
    """A full slot in its open phase, with people waiting; their mails have left."""
    slot = make.shift(starts=NOW + timedelta(hours=hours), capacity=capacity)
    people = [join(slot, f"g{n}@example.org", now=NOW - 5 * DAY) for n in range(capacity + waiting)]
    all_sent()
    forget_mails()
    return slot, people


def test_in_the_open_phase_a_free_seat_is_told_to_all_and_the_first_click_gets_it():
    slot, (seated, first, second) = opened()

    signups.give_back(seated, now=NOW)

    assert [row[1] for row in states(slot)] == ["ended", "waiting", "waiting"]
    assert mails("seat-free") == [
        ("seat-free", "g1", "Platz frei, wer zuerst klickt"),
        ("seat-free", "g2", "Platz frei, wer zuerst klickt"),
    ]
    told = Mail.objects.get(kind="seat-free", to="g2@example.org")
    assert links.make(links.CLAIM, second) in told.text
    all_sent()

    assert signups.claim_seat(second, now=NOW + timedelta(minutes=1)) is True
    assert signups.claim_seat(first, now=NOW + timedelta(minutes=2)) is False
    assert signups.claim_seat(second, now=NOW + timedelta(minutes=3)) is True  # a second click

    assert states(slot) == [("g0", "ended", 1, 1), ("g1", "waiting", 2, 1), ("g2", "confirmed", 3, 1)]
    assert mails("confirmed") == [("confirmed", "g2", "Platz sicher")]


def test_open_phase_begins_24_hours_before():
    slot, (seated, *_rest) = opened(hours=24)
    signups.give_back(seated, now=NOW - timedelta(seconds=1))
    assert [row[1] for row in states(slot)] == ["ended", "confirmed", "waiting"]

    slot, (seated, *_rest) = opened(hours=24)
    signups.give_back(seated, now=NOW)
    assert [row[1] for row in states(slot)] == ["ended", "waiting", "waiting"]


def test_new_guest_takes_an_open_seat_and_is_not_put_behind_the_queue():
    slot, (seated, *_rest) = opened()
    signups.give_back(seated, now=NOW)
    all_sent()

    new = join(slot, "new@example.org", now=NOW + HOUR)
    late = join(slot, "late@example.org", now=NOW + HOUR)

    assert [(s.status, s.place) for s in (new, late)] == [(S.CONFIRMED, 4), (S.WAITING, 5)]
    assert late.position() == 3


def test_those_waiting_are_told_at_most_once_in_six_hours():
    slot, people = opened(hours=20, capacity=3, waiting=1)

    for minutes in (0, 30, 60):
        signups.give_back(people.pop(0), now=NOW + timedelta(minutes=minutes))
    assert mails("seat-free") == [("seat-free", "g3", "Platz frei, wer zuerst klickt")]

    signups.give_back(join(slot, "in@example.org", now=NOW + HOUR), now=NOW + 6 * HOUR)
    assert len(mails("seat-free")) == 2


def test_seat_that_was_taken_again_takes_the_mails_back_that_did_not_leave():
    _slot, (seated, first, second) = opened()
    signups.give_back(seated, now=NOW)

    assert signups.claim_seat(second, now=NOW) is True

    assert mails("seat-free", to="g1@example.org") == []
    first.refresh_from_db()
    assert first.told_free_at is None
    signups.give_back(second, now=NOW + HOUR)  # a new seat, and the first hears of it
    assert mails("seat-free", to="g1@example.org") == [("seat-free", "g1", "Platz frei, wer zuerst klickt")]


def test_deadline_that_is_over_keeps_no_free_seat_from_those_who_wait():
    slot = make.shift(starts=NOW + 10 * HOUR, deadline=NOW - DAY, capacity=1)
    seated, waiting = [join(slot, f"g{n}@example.org", now=NOW - 5 * DAY) for n in range(2)]
    all_sent()

    signups.give_back(seated, now=NOW)

    assert Mail.objects.get(kind="seat-free").useful_until == slot.starts
    assert signups.claim_seat(waiting, now=NOW) is True


def test_before_the_open_phase_a_click_gives_only_what_the_queue_gives():
    slot = make.shift(capacity=1)
    _seated, waiting, unconfirmed = (
        join(slot, "g0@example.org"),
        join(slot, "g1@example.org"),
        only(register(slot, email="g2@example.org")),
    )

    assert [signups.claim_seat(s, now=NOW) for s in (waiting, unconfirmed)] == [False, False]
    assert [row[1] for row in states(slot)] == ["confirmed", "waiting", "unconfirmed"]

    Shift.objects.filter(pk=slot.pk).update(capacity=2)
    assert signups.claim_seat(waiting, now=NOW) is True


def test_nobody_is_seated_once_it_has_begun():
    slot, (_seated, waiting, _third) = opened(hours=1)
    change_capacity(slot, capacity=9, now=NOW + HOUR)

    assert signups.claim_seat(waiting, now=NOW + HOUR) is False
    assert [row[1] for row in states(slot)] == ["confirmed", "waiting", "waiting"]


def test_staff_remove_somebody_and_the_next_moves_up():
    clerk = User.objects.create_user("clerk@lich.example")
    slot = make.shift(capacity=1)
    seated, _waiting = join(slot, "g0@example.org"), join(slot, "g1@example.org")
    all_sent()
    forget_mails()

    signups.give_back(seated, now=NOW, by=clerk)

    assert slot.signups.first().ended_reason == "removed"
    assert mails() == [
        ("cancelled-by-you", "g0", "Abgemeldet"),
        ("promoted", "g1", "Nachgerückt, Sie haben einen Platz"),
    ]


def test_cancelled_or_begun_slot_fills_no_seat():
    slot = make.shift(capacity=1)
    for n in range(2):
        join(slot, f"g{n}@example.org")
    Shift.objects.filter(pk=slot.pk).update(capacity=2)

    seats.fill_seats(Shift.objects.get(pk=slot.pk), now=slot.starts)
    Shift.objects.filter(pk=slot.pk).update(cancelled_at=NOW)
    seats.fill_seats(Shift.objects.get(pk=slot.pk), now=NOW)

    assert [row[1] for row in states(slot)] == ["confirmed", "waiting"]
    assert mails("seat-free") == []
    Shift.objects.filter(pk=slot.pk).update(cancelled_at=None)
    seats.fill_seats(Shift.objects.get(pk=slot.pk), now=NOW)
    assert [row[1] for row in states(slot)] == ["confirmed", "confirmed"]


def test_guest_comes_behind_those_who_wait_and_fit():
    """Whatever left a seat empty: the next one who joins finds the queue served first."""
    slot = make.shift(capacity=1)
    for n in range(3):
        join(slot, f"g{n}@example.org")
    Shift.objects.filter(pk=slot.pk).update(capacity=3)

    join(Shift.objects.get(pk=slot.pk), "new@example.org", now=NOW + HOUR)

    assert states(slot) == [
        ("g0", "confirmed", 1, 1),
        ("g1", "confirmed", 2, 1),
        ("g2", "confirmed", 3, 1),
        ("new", "waiting", 4, 1),
    ]
    assert mails(to="new@example.org")[-1] == ("waiting", "new", "Warteliste, Platz 1")


# --- rule 8: parties --------------------------------------------------------------------------------
def test_party_takes_its_seats_or_waits_as_a_whole():
    slot = make.shift(capacity=4)

    join(slot, "a@example.org", seats=3)
    join(slot, "b@example.org", seats=2)

    assert states(slot) == [("a", "confirmed", 1, 3), ("b", "waiting", 2, 2)]


def test_at_most_five_together_unless_the_slot_allows_more():
    with pytest.raises(Refused, match="höchstens 5 Personen zusammen"):
        register(make.shift(), seats=6)
    with pytest.raises(Refused, match="nur einzeln"):
        register(make.shift(max_party=1), seats=2)
    assert join(make.shift(max_party=8), seats=8).seats == 8


def test_party_that_does_not_fit_is_passed_over_keeps_its_position_and_is_told_twice():
    slot = make.shift(capacity=3)
    one, two, three = [join(slot, f"g{n}@example.org") for n in range(3)]
    party = join(slot, "party@example.org", seats=3)
    singles = [join(slot, f"s{n}@example.org") for n in range(3)]
    all_sent()
    forget_mails()

    for n, seated in enumerate((one, two, three)):
        signups.give_back(seated, now=NOW + n * HOUR)

    party.refresh_from_db()
    assert (party.status, party.place, party.position(), party.passed_over) == (S.WAITING, 4, 1, 3)
    assert [ShiftSignup.objects.get(pk=s.pk).status for s in singles] == [S.CONFIRMED] * 3
    assert mails("passed-over") == [("passed-over", "party", "Platz frei für weniger Personen")] * 2
    assert "Können Sie auch zu weniger Personen kommen?" in Mail.objects.filter(kind="passed-over")[0].text


def test_party_hears_at_once_that_fewer_may_come_where_a_seat_is_left():
    left, full = make.shift(capacity=2), make.shift(capacity=1)
    join(full)

    join(left, "party@example.org", seats=3)
    join(full, "late@example.org", seats=3)

    assert mails("passed-over") == [("passed-over", "party", "Platz frei für weniger Personen")]
    assert left.signups.get().passed_over == 0  # nobody came before it


def test_guest_who_fits_passes_over_a_party_that_hears_of_it():
    slot = make.shift(capacity=3)
    join(slot, "a@example.org", seats=2)
    party = join(slot, "party@example.org", seats=3)
    all_sent()
    forget_mails()

    new = join(slot, "new@example.org", now=NOW + HOUR)

    party.refresh_from_db()
    assert (new.status, new.place, party.status, party.passed_over) == (S.CONFIRMED, 3, S.WAITING, 1)
    assert mails() == [
        ("confirm-address", "new", "Noch ein Klick"),
        ("passed-over", "party", "Platz frei für weniger Personen"),
        ("confirmed", "new", "Platz sicher"),
    ]


def test_party_behind_somebody_who_moved_up_was_not_passed_over():
    slot = make.shift(capacity=4)
    crowd = join(slot, "crowd@example.org", seats=4)
    ahead, party = join(slot, "ahead@example.org"), join(slot, "party@example.org", seats=4)

    signups.give_back(crowd, now=NOW)

    party.refresh_from_db()
    assert [row[1] for row in states(slot)] == ["ended", "confirmed", "waiting"]
    assert ShiftSignup.objects.get(pk=ahead.pk).seated_at == NOW
    assert party.passed_over == 0
    assert mails("passed-over") == [("passed-over", "party", "Platz frei für weniger Personen")]


def test_party_that_shrinks_passes_over_the_bigger_one_ahead():
    slot = make.shift(capacity=3)
    join(slot, "a@example.org", seats=2)
    bigger, smaller = join(slot, "b@example.org", seats=3), join(slot, "c@example.org", seats=2)

    signups.change_party(smaller, seats=1, now=NOW)

    bigger.refresh_from_db()
    assert states(slot)[2] == ("c", "confirmed", 3, 1)
    assert bigger.passed_over == 1


def test_party_that_waits_may_grow_and_so_may_one_where_seats_are_unlimited():
    full, open_to_all = make.shift(capacity=1), make.shift(capacity=None)
    join(full, "a@example.org")
    waiting, seated = join(full, "b@example.org"), join(open_to_all, "c@example.org")

    signups.change_party(waiting, seats=3, now=NOW)
    signups.change_party(seated, seats=4, now=NOW)

    assert states(full)[1] == ("b", "waiting", 2, 3)
    assert states(open_to_all) == [("c", "confirmed", 1, 4)]


def test_in_the_open_phase_another_number_takes_a_seat_only_where_it_did_not_fit_and_now_does():
    slot = make.shift(starts=NOW + 10 * HOUR, capacity=4)
    seated = join(slot, "seated@example.org", seats=3, now=NOW - 5 * DAY)
    gone = join(slot, "gone@example.org", now=NOW - 5 * DAY)
    fits, big = [
        join(slot, f"{name}@example.org", seats=n, now=NOW - 5 * DAY) for name, n in (("fits", 1), ("big", 4))
    ]
    signups.give_back(gone, now=NOW)
    all_sent()
    forget_mails()

    signups.change_party(big, seats=3, now=NOW + HOUR)  # one seat is free
    assert states(slot)[3] == ("big", "waiting", 4, 3)
    signups.change_party(seated, seats=1, now=NOW + HOUR)  # three are
    seated.refresh_from_db()
    assert (seated.seats, seated.seated_at) == (1, NOW - 5 * DAY)
    signups.change_party(fits, seats=2, now=NOW + HOUR)  # a click is what takes a seat that has been free
    assert [row[1] for row in states(slot)] == ["confirmed", "ended", "waiting", "waiting"]
    assert mails("promoted") == []


def test_party_comes_with_fewer_and_is_seated():
    slot = make.shift(capacity=3)
    join(slot, "a@example.org", seats=2)
    party = join(slot, "party@example.org", seats=3)
    assert (party.status, slot.free()) == (S.WAITING, 1)
    all_sent()

    signups.change_party(party, seats=1, now=NOW)

    assert states(slot) == [("a", "confirmed", 1, 2), ("party", "confirmed", 2, 1)]
    assert mails("promoted") == [("promoted", "party", "Nachgerückt, Sie haben einen Platz")]


def test_too_big_a_party_hears_in_the_open_phase_that_fewer_may_come_and_has_the_seat_then():
    slot = make.shift(starts=NOW + 10 * HOUR, capacity=2)
    seated = join(slot, "g0@example.org", now=NOW - 5 * DAY)
    join(slot, "g1@example.org", now=NOW - 5 * DAY)
    party = join(slot, "party@example.org", seats=2, now=NOW - 5 * DAY)
    all_sent()
    forget_mails()

    signups.give_back(seated, now=NOW)
    assert mails(to="party@example.org") == [("passed-over", "party", "Platz frei für weniger Personen")]
    assert signups.claim_seat(party, now=NOW) is False
    all_sent()
    signups.change_party(party, seats=1, now=NOW)

    assert states(slot)[2] == ("party", "confirmed", 3, 1)
    assert mails("promoted") == [("promoted", "party", "Nachgerückt, Sie haben einen Platz")]


def test_seated_party_grows_only_where_there_is_room_and_shrinks_always():
    slot = make.shift(capacity=4)
    party, _other = join(slot, "a@example.org", seats=2), join(slot, "b@example.org")
    waiting = join(slot, "c@example.org", seats=2)

    with pytest.raises(Refused, match="nicht mehr frei"):
        signups.change_party(party, seats=4, now=NOW)
    assert states(slot)[0] == ("a", "confirmed", 1, 2)
    signups.change_party(party, seats=3, now=NOW)
    assert [row[1:] for row in states(slot)] == [("confirmed", 1, 3), ("confirmed", 2, 1), ("waiting", 3, 2)]
    signups.change_party(party, seats=1, now=NOW)
    assert [row[1:] for row in states(slot)] == [
        ("confirmed", 1, 1),
        ("confirmed", 2, 1),
        ("confirmed", 3, 2),
    ]
    with pytest.raises(Refused, match="mindestens eine Person"):
        signups.change_party(waiting, seats=0, now=NOW)
    with pytest.raises(Refused, match="höchstens 5"):
        signups.change_party(waiting, seats=6, now=NOW)
    with pytest.raises(Refused, match="lässt sich nicht mehr ändern"):
        signups.change_party(waiting, seats=1, now=slot.starts)


def test_changed_number_stands_in_the_mail_that_has_not_left_yet():
    slot = make.shift()
    signup = join(slot, seats=3)

    signups.change_party(signup, seats=2, now=NOW)

    (mail,) = Mail.objects.filter(kind="confirmed", withdrawn_at=None)
    assert ("2 Personen" in mail.text, "3 Personen" in mail.text) == (True, False)


# --- rule 9: giving back ----------------------------------------------------------------------------
def test_seat_can_be_given_back_until_the_start_and_again_is_harmless():
    slot = make.shift(starts=NOW + HOUR)
    first, second = join(slot, "a@example.org"), join(slot, "b@example.org")

    signups.give_back(first, now=NOW + HOUR - timedelta(seconds=1))
    signups.give_back(first, now=NOW + HOUR - timedelta(seconds=1))
    with pytest.raises(Refused, match="hat schon begonnen"):
        signups.give_back(second, now=NOW + HOUR)

    assert states(slot) == [("a", "ended", 1, 1), ("b", "confirmed", 2, 1)]
    assert mails("cancelled-by-you") == [("cancelled-by-you", "a", "Sie haben abgesagt")]


def test_place_on_the_waiting_list_can_be_given_back_and_is_never_reused():
    slot = make.shift(capacity=1)
    _seated, waiting = join(slot, "a@example.org"), join(slot, "b@example.org")

    signups.give_back(waiting, now=NOW)
    last = join(slot, "c@example.org")

    assert states(slot) == [("a", "confirmed", 1, 1), ("b", "ended", 2, 1), ("c", "waiting", 3, 1)]
    assert last.position() == 1
    letter = Mail.objects.get(kind="cancelled-by-you")
    assert "Sie stehen nicht mehr auf der Warteliste" in " ".join(letter.text.split())
    assert "/anmeldung/platz/" not in letter.text


@pytest.mark.parametrize(
    ("hours", "told"), [(25, []), (24, [("gave-back-late", "bachputz", "Platz freigegeben")])]
)
def test_contact_hears_of_a_seat_given_back_in_the_last_24_hours(hours, told):
    slot = make.shift(starts=NOW + timedelta(hours=hours))
    signup = join(slot, seats=2, now=NOW - DAY)

    signups.give_back(signup, now=NOW)

    assert mails("gave-back-late") == told
    for mail in Mail.objects.filter(kind="gave-back-late"):
        assert (mail.to, "Kim" in mail.subject + mail.text) == ("bachputz@lich.example", False)
        assert "0 von 10 Plätzen vergeben" in mail.text


def test_seat_given_back_by_mistake_is_taken_again_while_seats_last():
    slot = make.shift(capacity=1)
    signup = join(slot)
    signups.give_back(signup, now=NOW)

    assert signups.claim_seat(signup, now=NOW + HOUR) is True
    assert signups.claim_seat(signup, now=NOW + HOUR) is True

    assert states(slot) == [("kim", "ended", 1, 1), ("kim", "confirmed", 2, 1)]
    assert len(mails("confirmed")) == 1  # the first was withdrawn, the second says so again


def test_seat_given_back_that_went_to_the_next_is_gone():
    slot = make.shift(capacity=1)
    signup, _next = join(slot), join(slot, "next@example.org")
    signups.give_back(signup, now=NOW)

    assert signups.claim_seat(signup, now=NOW + HOUR) is False
    assert states(slot) == [("kim", "ended", 1, 1), ("next", "confirmed", 2, 1)]


def test_seat_that_staff_took_is_not_taken_again_by_link_and_the_contact_is_not_told():
    slot = make.shift(starts=NOW + 10 * HOUR)
    signup = join(slot)
    signups.give_back(signup, now=NOW, by=User.objects.create_user("clerk@lich.example"))

    assert signups.claim_seat(signup, now=NOW) is False
    assert mails("gave-back-late") == []


def test_seat_of_another_date_is_not_taken_for_the_one_given_back():
    slot, other = make.shift(), make.shift(starts=NOW + 12 * DAY)
    signup, stays = join(slot), join(other)
    signups.give_back(signup, now=NOW)

    assert signups.claim_seat(signup, now=NOW + HOUR) is True

    assert states(slot) == [("kim", "ended", 1, 1), ("kim", "confirmed", 2, 1)]
    assert states(other) == [("kim", "confirmed", 1, 1)]
    stays.refresh_from_db()
    assert stays.slot == other


def test_seat_of_a_cancelled_date_is_nobodys():
    slot = make.shift()
    signup = join(slot)
    signups.give_back(signup, now=NOW)
    cancel(slot, reason="Sturm", now=NOW)

    assert signups.claim_seat(signup, now=NOW) is False
    assert states(slot) == [("kim", "ended", 1, 1)]


def test_date_given_back_before_the_click_is_not_in_the_mail_any_more():
    one, two = make.shift(), make.shift(starts=NOW + 12 * DAY)
    booking = register(one, two)

    signups.give_back(signups.signups_of(booking)[0], now=NOW)

    mail = Mail.objects.get(withdrawn_at=None)
    assert mail.kind == "confirm-address"
    assert ("20. Juni" in mail.text, "22. Juni" in mail.text) == (False, True)
    confirm(booking)
    assert [states(slot)[0][1] for slot in (one, two)] == ["ended", "confirmed"]


def test_party_that_staff_let_in_shrinks_above_the_limit_and_one_within_it_grows_after_the_deadline():
    clerk = User.objects.create_user("clerk@lich.example")
    slot = make.shift(deadline=NOW + DAY)
    big, small = only(register(slot, seats=7, entered_by=clerk)), join(slot, "small@example.org")

    signups.change_party(big, seats=6, now=NOW)
    signups.change_party(small, seats=2, now=NOW + 2 * DAY)
    with pytest.raises(Refused, match="höchstens 5"):
        signups.change_party(small, seats=6, now=NOW)

    assert [row[3] for row in states(slot)] == [6, 2]
    signups.give_back(small, now=NOW)
    with pytest.raises(Refused, match="lässt sich nicht mehr ändern"):
        signups.change_party(small, seats=1, now=NOW)


# --- rule 12: age ---------------------------------------------------------------------------------
def test_nobody_signs_up_without_the_tick_that_the_age_rule_is_met():
    with pytest.raises(Refused, match="Alter"):
        signups.register(
            slots=[make.shift()], name="Kim", email="kim@example.org", age_confirmed=False, now=NOW
        )
    assert (Booking.objects.count(), Mail.objects.count()) == (0, 0)


# --- links ------------------------------------------------------------------------------------------
def test_link_of_one_purpose_and_row_is_404_at_every_other():
    slot = make.shift()
    signup = join(slot)
    rows = {Booking: signup.booking, ShiftSignup: signup}
    purposes = (links.CONFIRM, links.MANAGE, links.SENT, links.GIVE_BACK, links.CLAIM)

    opened = {
        (made_for, model.__name__, used_as, asked.__name__)
        for made_for in purposes
        for model, row in rows.items()
        for used_as in purposes
        for asked in rows
        if _reads(used_as, links.make(made_for, row), asked)
    }

    assert opened == {(p, model.__name__, p, model.__name__) for p in purposes for model in rows}


def _reads(purpose, token, model):
    try:
        return bool(links.read(purpose, token, model))
    except Http404:
        return False


@pytest.mark.parametrize(
    "token", ["", "1-0", "1-0.", "x" * 500, "1-0.ÄÖÜ", "١-0.abc", "99999999999999999999-0.a"]
)
def test_token_that_nobody_signed_is_404(token):
    make.booking()
    with pytest.raises(Http404):
        links.read(links.MANAGE, token, Booking)


# --- one live sign-up per address, below the verbs ---------------------------------------------------
def test_address_is_the_same_in_every_spelling():
    assert [email_key(spelling) for spelling in (" KIM@Example.ORG ", "kim@example.org", "", None, " ")] == [
        "kim@example.org",
        "kim@example.org",
        None,
        None,
        None,
    ]


def test_confirmation_limit_key_holds_no_address():
    register(make.shift())

    (mail,) = Mail.objects.all()
    assert mail.key.startswith(f"{confirmations.KIND}:")
    assert "kim" not in mail.key
