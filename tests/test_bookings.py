"""The pages behind mail links: what they show, what one click does, and what they never do."""

import json
import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from icalendar import Calendar

from portal import links, signups
from portal.models import Mail
from portal.refused import Busy
from portal.slots import Signup
from tests import make
from tests.make import BERLIN, NOW
from volunteers.models import Opportunity, Shift, ShiftSignup

pytestmark = pytest.mark.django_db
Status, Reason = Signup.Status, Signup.Reason


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def address(view, purpose, row):
    return reverse(f"booking:{view}", args=[links.make(purpose, row)])


def manage(booking):
    return address("manage", links.MANAGE, booking)


def post(client, url, **data):
    return client.post(url, data, headers={"origin": "http://testserver"})


def words(response):
    main = response.content.decode().split("<main")[1].split("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def heading(response):
    found = re.findall(r"<h1[^>]*>(.*?)</h1>", response.content.decode(), re.DOTALL)
    assert len(found) == 1
    return found[0]


def form(slot, email="kim@example.org", name="Kim Muster", seats=1, **fields):
    """An unconfirmed form as the website stores it."""
    return signups.register(
        slots=[slot], seats=seats, name=name, email=email, age_confirmed=True, now=NOW, **fields
    )


def confirmed(slot, **fields):
    return form(slot, verified=True, **fields)


def status(booking):
    return [(s.status, s.ended_reason) for s in signups.signups_of(booking)]


# --- „Noch nicht fest" ----------------------------------------------------------------------------


def test_sent_page_says_not_yet_and_what_to_do(client):
    slot = make.shift(starts=datetime(2026, 6, 20, 9, tzinfo=BERLIN))
    response = client.get(address("sent", links.SENT, form(slot, seats=2)))
    assert heading(response) == "Noch nicht fest"
    for expected in [
        "Erst Ihr Klick in der Mail sichert den Platz.",
        "Die Mail geht an kim@example.org .",
        "Spam-Ordner",
        "Samstag, 20. Juni 2026, 9–12 Uhr Treffpunkt: Brücke am Schloss, Schlossgasse 1, Lich 2 Personen",
        "Lieber anrufen? Frau Beispiel, Telefon 06404 806123",
    ]:
        assert expected in words(response)


def test_mails_are_read_on_the_page_only_where_none_leaves(client, settings):
    slot = make.shift()
    other = form(slot, email="bo@example.org", name="Bo Fremd")
    booking = form(slot)
    settings.EMAIL_URL, settings.DEMO = "", True
    html = client.get(address("sent", links.SENT, booking)).content.decode()
    assert f'href="http://testserver{address("confirm", links.CONFIRM, booking)}"' in html
    assert links.make(links.CONFIRM, other) not in html
    assert "Bo Fremd" not in html
    settings.EMAIL_URL = "smtp://mail.example"
    html = client.get(address("sent", links.SENT, booking)).content.decode()
    assert links.make(links.CONFIRM, booking) not in html
    assert "Mails zum Mitlesen" not in html


def test_send_again_queues_one_more_mail_up_to_three_a_day(client):
    booking = form(make.shift())
    url = address("sent", links.SENT, booking)
    answers = {(post(client, url, do="resend").status_code, client.get(url).status_code) for _n in range(5)}
    assert answers == {(303, 200)}
    assert Mail.objects.filter(kind="confirm-address").count() == 3


def test_corrected_address_gets_the_mail_and_kills_the_first_link(client):
    booking = form(make.shift(), email="kim@exmaple.org")
    wrong = address("confirm", links.CONFIRM, booking)

    response = post(client, address("sent", links.SENT, booking), do="correct", email="kim@example.org")

    booking.refresh_from_db()
    assert response["Location"] == address("sent", links.SENT, booking) + "?ok=adresse"
    assert "kim@example.org" in words(client.get(response["Location"]))
    assert client.get(wrong).status_code == 404
    assert client.get(address("confirm", links.CONFIRM, booking)).status_code == 200
    assert [mail.to for mail in Mail.objects.open()] == ["kim@example.org"]


def test_wrong_correction_is_said_at_the_field(client):
    booking = form(make.shift())
    response = post(client, address("sent", links.SENT, booking), do="correct", email="kim@")
    assert response.status_code == 422
    assert "<title>Fehler: Noch nicht fest" in response.content.decode()
    assert "Bitte geben Sie die E-Mail-Adresse vollständig ein" in words(response)


def test_sent_page_after_the_click_says_so_without_a_way_in(client):
    booking = confirmed(make.shift())
    response = client.get(address("sent", links.SENT, booking))
    assert heading(response) == "Schon bestätigt"
    assert "kim@example.org" not in words(response).split("Ihre Mails")[0]
    assert "<form" not in response.content.decode().split("<main")[1]
    assert post(client, address("sent", links.SENT, booking), do="resend").status_code == 422


# --- confirm --------------------------------------------------------------------------------------


def test_confirm_page_ticks_this_form_and_shows_others_of_the_address_unticked(client):
    mine, other, foreign = make.shift(), make.shift(starts=NOW + timedelta(days=12)), make.shift()
    strangers = form(other, email="KIM@example.org", name="Jemand")
    form(foreign, email="bo@example.org")
    booking = form(mine)

    response = client.get(address("confirm", links.CONFIRM, booking))

    html = response.content.decode()
    ticks = re.findall(r'name="signups" value="([^"]+)" id="\w+"( checked)?', html)
    own, theirs = ShiftSignup.objects.get(booking=booking), ShiftSignup.objects.get(booking=strangers)
    assert ticks == [(own.label, " checked"), (theirs.label, "")]
    assert "Eingetragen: Mi., 10. Juni, 12 Uhr" in words(response)
    assert html.count("<button") - html.count('class="menu-btn') == 1
    assert status(booking) == [(Status.UNCONFIRMED, "")]


@pytest.mark.slow
def test_who_did_not_sign_up_erases_this_form_and_no_other(client):
    """The way from the confirm page leads to the page of the same form, which is all that its key opens."""
    slot = make.shift()
    seated, other = confirmed(slot), form(make.shift(starts=NOW + timedelta(days=12)))
    booking = form(slot, name="Jemand")
    asked = client.get(address("confirm", links.CONFIRM, booking)).content.decode()
    assert re.findall(r'href="(/anmeldung/[^"]+)"', asked) == [manage(booking)]
    page = client.get(manage(booking))
    assert (heading(page), "Auch diesen Platz" in words(page)) == ("Noch nicht fest", False)

    post(client, manage(booking), do="erase")

    assert heading(client.get(manage(booking))) == "Ihre Daten sind gelöscht"
    for row in (booking, seated, other):
        row.refresh_from_db()
    assert [row.name for row in (booking, seated, other)] == ["", "Kim Muster", "Kim Muster"]
    assert status(seated) == [(Status.CONFIRMED, "")]


def test_one_click_gives_the_seat_and_leads_to_the_page_of_the_form(client):
    slot = make.shift(capacity=1)
    booking = form(slot)
    signup = ShiftSignup.objects.get()
    response = post(client, address("confirm", links.CONFIRM, booking), signups=[signup.label])
    assert (response.status_code, response["Location"]) == (303, manage(booking) + "?ok=bestaetigt")
    page = client.get(response["Location"])
    assert heading(page) == "Ihr Platz ist sicher"
    assert "Danke, Ihre Anmeldung ist bestätigt." in words(page)
    assert status(booking) == [(Status.CONFIRMED, "")]


def test_full_date_puts_on_the_waiting_list_with_position(client):
    slot = make.shift(capacity=1)
    make.signup(slot)
    make.signup(slot, status=Status.WAITING)
    booking = form(slot)
    signup = ShiftSignup.objects.get(booking=booking)
    page = client.get(
        post(client, address("confirm", links.CONFIRM, booking), signups=[signup.label])["Location"]
    )
    assert heading(page) == "Sie stehen auf der Warteliste"
    assert "Warteliste, Platz 2" in words(page)
    assert "Warteliste verlassen" in words(page)


def test_confirming_twice_gives_the_same_page_twice(client):
    booking = form(make.shift())
    url, key = address("confirm", links.CONFIRM, booking), ShiftSignup.objects.get().label
    first = post(client, url, signups=[key])["Location"].split("?")[0]
    mails = Mail.objects.count()
    second = post(client, url, signups=[key])["Location"]
    third = client.get(url)["Location"]
    assert first == second == third == manage(booking)
    assert Mail.objects.count() == mails


def test_only_ticked_dates_are_confirmed_and_strangers_cannot_be_ticked(client):
    slot, later = make.shift(), make.shift(starts=NOW + timedelta(days=12))
    booking = signups.register(
        slots=[slot, later], name="Kim", email="kim@example.org", age_confirmed=True, now=NOW
    )
    foreign = form(slot, email="bo@example.org")
    first, second = signups.signups_of(booking)
    url = address("confirm", links.CONFIRM, booking)

    stolen = post(client, url, signups=[ShiftSignup.objects.get(booking=foreign).label])
    nothing = post(client, url)
    assert [stolen.status_code, nothing.status_code] == [422, 422]
    assert "Bitte kreuzen Sie mindestens einen Termin an." in words(nothing)
    assert "<title>Fehler: " in nothing.content.decode()
    assert status(foreign) == [(Status.UNCONFIRMED, "")]

    post(client, url, signups=[second.label])
    assert status(booking) == [(Status.UNCONFIRMED, ""), (Status.CONFIRMED, "")]
    page = client.get(manage(booking))
    assert "Auch diesen Platz sichern" in words(page)
    post(client, manage(booking), do="confirm", signup=first.label)
    assert status(booking) == [(Status.CONFIRMED, ""), (Status.CONFIRMED, "")]


def test_expired_link_is_answered_kindly_with_the_way_to_the_form(client):
    from portal import privacy

    slot = make.shift(starts=NOW + timedelta(days=30))
    booking = form(slot)
    url = address("confirm", links.CONFIRM, booking)
    with time_machine.travel(NOW + timedelta(hours=80), tick=False):
        privacy.enforce(NOW + timedelta(hours=80))
        response = client.get(url)
        sent = client.get(address("sent", links.SENT, booking))
    assert [response.status_code, sent.status_code] == [200, 200]
    assert heading(response) == heading(sent) == "Dieser Link ist abgelaufen"
    assert f'href="{slot.get_absolute_url()}#formular"' in response.content.decode()


def test_link_after_the_date_leads_to_other_dates(client):
    slot = make.shift()
    booking = form(slot)
    with time_machine.travel(slot.starts + timedelta(hours=1), tick=False):
        response = client.get(address("confirm", links.CONFIRM, booking))
    assert heading(response) == "Dieser Link ist abgelaufen"
    assert 'href="/mitmachen/"' in response.content.decode().split("<main")[1]


# --- see, change, give back -------------------------------------------------------------------------


@pytest.mark.slow
def test_seat_is_given_back_with_one_click_and_taken_again(client):
    booking = confirmed(make.shift(capacity=1))
    (signup,) = signups.signups_of(booking)

    response = post(client, manage(booking), do="give_back", signup=signup.label)
    page = client.get(response["Location"])
    assert status(booking) == [(Status.ENDED, Reason.GIVEN_BACK)]
    assert "Ihr Platz ist freigegeben. Danke" in words(page)
    assert "Abgemeldet" in words(page)

    page = client.get(post(client, manage(booking), do="again", signup=signup.label)["Location"])
    assert heading(page) == "Ihr Platz ist sicher"
    assert page.content.decode().count('<li class="booking ') == 1


@pytest.mark.slow
def test_party_shrinks_and_grows_only_where_it_fits(client):
    slot = make.shift(capacity=3)
    booking = confirmed(slot, seats=2)
    make.signup(slot)
    (signup,) = signups.signups_of(booking)
    refused = post(client, manage(booking), do="party", signup=signup.label, seats="3")
    assert refused.status_code == 422
    assert "So viele Plätze sind leider nicht mehr frei." in words(refused)
    for wrong in ["", "0", "-1", "²", "999999999999"]:
        assert post(client, manage(booking), do="party", signup=signup.label, seats=wrong).status_code == 422
    response = post(client, manage(booking), do="party", signup=signup.label, seats="1")
    assert response["Location"] == manage(booking) + "?ok=anzahl"
    assert [s.seats for s in signups.signups_of(booking)] == [1]


def test_name_and_phone_are_corrected_by_their_owner(client):
    booking = confirmed(make.shift(), phone="06404 1234")
    wrong = post(client, manage(booking), do="details", name="http://x", phone="")
    assert wrong.status_code == 422
    response = post(client, manage(booking), do="details", name=" Kim  Öztürk", phone="")
    booking.refresh_from_db()
    assert response["Location"].endswith("?ok=daten")
    assert [booking.name, booking.phone, booking.email] == ["Kim Öztürk", "", "kim@example.org"]


def test_foreign_signups_are_404_on_my_page(client):
    slot = make.shift()
    booking, other = confirmed(slot), confirmed(slot, email="bo@example.org")
    key = signups.signups_of(other)[0].label
    for do in ["give_back", "party", "again", "confirm"]:
        assert post(client, manage(booking), do=do, signup=key, seats="1").status_code == 404
    assert (
        post(client, manage(booking), do="unsinn", signup=signups.signups_of(booking)[0].label).status_code
        == 404
    )
    assert status(other) == [(Status.CONFIRMED, "")]


def test_cancelled_date_says_why(client):
    slot = make.shift(cancelled_at=NOW, cancel_reason="Hochwasser an der Wetter")
    row = make.signup(slot, status=Status.ENDED, ended_reason=Reason.SLOT_CANCELLED, ended_at=NOW)
    page = client.get(manage(row.booking))
    assert "Fällt aus" in words(page)
    assert "Hochwasser an der Wetter" in words(page)


def test_export_holds_what_is_known_as_json(client):
    booking = confirmed(make.shift(starts=datetime(2026, 6, 20, 9, tzinfo=BERLIN)))
    response = client.get(address("export", links.MANAGE, booking))
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == 'attachment; filename="meine-daten.json"'
    data = json.loads(response.content)
    stored = data["gespeichert"]
    assert [stored["Name"], stored["E-Mail"], len(data["termine"])] == ["Kim Muster", "kim@example.org", 1]
    assert data["termine"][0]["beginn"] == "2026-06-20T07:00:00+00:00"


def test_erasing_takes_two_clicks_frees_the_seat_and_leaves_nothing(client):
    slot = make.shift(capacity=1)
    booking = confirmed(slot, name="Kanari Vogel", email="kanari@example.org", phone="06404 987654")
    make.signup(slot, status=Status.WAITING)
    page = client.get(manage(booking)).content.decode()
    assert re.search(
        r'<details class="fold"><summary>Meine Daten löschen</summary>.*?value="erase"', page, re.DOTALL
    )

    response = post(client, manage(booking), do="erase")

    after = client.get(response["Location"])
    assert heading(after) == "Ihre Daten sind gelöscht"
    for url in [
        manage(booking),
        address("export", links.MANAGE, booking),
        address("sent", links.SENT, booking),
    ]:
        text = client.get(url).content.decode()
        assert "anari" not in text
        assert "987654" not in text
    assert slot.taken() == 1  # whoever waited has moved up
    assert client.get(address("calendar", links.MANAGE, booking)).status_code == 404


def test_calendar_file_holds_the_dates_with_a_seat(client):
    slot = make.shift(starts=datetime(2026, 6, 20, 9, tzinfo=BERLIN), sequence=2)
    booking = confirmed(slot)
    full = make.shift(capacity=0, starts=NOW + timedelta(days=20))
    make.signup(full, booking=booking, status=Status.WAITING)
    response = client.get(address("calendar", links.MANAGE, booking))
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    (event,) = Calendar.from_ical(response.content).walk("VEVENT")
    assert event.decoded("dtstart") == slot.starts
    assert int(event["SEQUENCE"]) == 2


# --- one date -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_give_back_link_shows_one_date_and_one_button(client):
    slot = make.shift(starts=datetime(2026, 6, 20, 9, tzinfo=BERLIN))
    booking = confirmed(slot)
    (signup,) = signups.signups_of(booking)
    url = address("give_back", links.GIVE_BACK, signup)

    page = client.get(url)
    assert heading(page) == "Platz freigeben?"
    assert "Samstag, 20. Juni 2026, 9–12 Uhr" in words(page)
    assert page.content.decode().split("<main")[1].count("<button") == 1
    assert status(booking) == [(Status.CONFIRMED, "")]

    first, second = post(client, url), post(client, url)
    assert first["Location"] == second["Location"] == url
    page = client.get(url)
    assert heading(page) == "Ihr Platz ist freigegeben"
    assert "Doch dabei? Wieder anmelden" in words(page)
    assert Mail.objects.filter(kind="cancelled-by-you").count() == 1

    page = client.get(post(client, url, do="again")["Location"])
    assert heading(page) == "Ihr Platz ist sicher"
    assert heading(client.get(url)) == "Platz freigeben?"  # the old link speaks for the new seat


def test_who_only_waits_leaves_the_waiting_list_and_gives_no_seat_back(client):
    slot = make.shift(capacity=1)
    make.signup(slot)
    booking = confirmed(slot)
    (signup,) = signups.signups_of(booking)
    url = address("give_back", links.GIVE_BACK, signup)
    page = client.get(url)
    assert heading(page) == "Von der Warteliste nehmen?"
    assert "Platz freigeben" not in words(page)
    post(client, url)
    page = client.get(url)
    assert heading(page) == "Sie stehen nicht mehr auf der Warteliste"
    assert "Ihr Platz ist freigegeben" not in words(page)


def test_who_comes_back_to_a_full_date_waits_at_the_end(client):
    slot = make.shift(capacity=1)
    booking = confirmed(slot)
    (signup,) = signups.signups_of(booking)
    url = address("give_back", links.GIVE_BACK, signup)
    post(client, url)
    make.signup(slot)
    page = client.get(post(client, url, do="again")["Location"])
    assert heading(page) == "Sie stehen auf der Warteliste"


def test_after_the_start_nothing_can_be_given_back(client):
    slot = make.shift()
    (signup,) = signups.signups_of(confirmed(slot))
    url = address("give_back", links.GIVE_BACK, signup)
    with time_machine.travel(slot.starts + timedelta(minutes=1), tick=False):
        page = client.get(url)
        refused = post(client, url)
    assert heading(page) == "Vorbei"
    assert refused.status_code == 422
    assert "Der Termin hat schon begonnen. Bitte rufen Sie uns an." in words(refused)


@pytest.mark.slow
def test_open_seat_goes_to_the_first_click_and_the_second_gets_a_kind_page(client):
    slot = make.shift(starts=NOW + timedelta(hours=20), capacity=1)
    fast, slow = make.signup(slot, status=Status.WAITING), make.signup(slot, status=Status.WAITING)
    elsewhere = make.shift(opportunity=slot.opportunity, starts=NOW + timedelta(days=3))
    make.shift(opportunity=slot.opportunity, starts=NOW + timedelta(days=4), cancelled_at=NOW)
    urls = [address("claim", links.CLAIM, row) for row in (fast, slow)]
    assert [heading(client.get(url)) for url in urls] == ["Ein Platz ist frei"] * 2
    assert "Ich nehme den Platz" in words(client.get(urls[1]))

    won = post(client, urls[0])
    lost = post(client, urls[1])

    assert won["Location"] == manage(fast.booking) + "?ok=platz"
    assert heading(lost) == "Diesmal war jemand schneller"
    assert "Sie bleiben auf der Warteliste" in words(lost)
    assert lost.content.decode().count(f'<li><a href="{elsewhere.get_absolute_url()}"') == 1
    assert heading(client.get(urls[1])) == "Der Platz ist vergeben"
    assert client.get(urls[0])["Location"] == manage(fast.booking)


def test_seat_given_back_on_a_page_taken_down_meanwhile_is_a_kind_page(client):
    slot = make.shift()
    (signup,) = signups.signups_of(confirmed(slot))
    url = address("claim", links.CLAIM, signup)
    signups.give_back(signup, now=NOW)
    Opportunity.objects.update(state=Opportunity.State.DRAFT)
    assert post(client, url).status_code == 200


def test_confirming_one_more_date_too_late_is_said(client):
    open_date, closing = make.shift(), make.shift(starts=NOW + timedelta(days=9))
    booking = confirmed(open_date)
    late = make.signup(closing, booking=booking, status=Status.UNCONFIRMED)
    Shift.objects.filter(pk=closing.pk).update(deadline=NOW - timedelta(minutes=1))
    response = post(client, manage(booking), do="confirm", signup=late.label)
    assert response.status_code == 422
    assert "Für diesen Termin kann man sich nicht mehr anmelden." in words(response)
    assert "Danke, Ihre Anmeldung ist bestätigt" not in words(response)


def test_waiting_page_points_to_an_open_seat(client):
    slot = make.shift(starts=NOW + timedelta(hours=20), capacity=1)
    waiting = make.signup(slot, status=Status.WAITING)
    page = client.get(manage(waiting.booking))
    assert "Gerade ist ein Platz frei. Wer zuerst klickt, bekommt ihn." in words(page)
    assert address("claim", links.CLAIM, waiting) in page.content.decode()


# --- what all of them promise -----------------------------------------------------------------------


@pytest.fixture
def pages():
    """View → (purpose, row) for every page behind a mail link."""
    slot = make.shift()
    waiting = make.signup(make.shift(starts=NOW + timedelta(hours=20), capacity=1), status=Status.WAITING)
    booking = confirmed(slot)
    return {
        "sent": (links.SENT, form(slot, email="bo@example.org")),
        "confirm": (links.CONFIRM, form(slot, email="lu@example.org")),
        "manage": (links.MANAGE, booking),
        "export": (links.MANAGE, booking),
        "calendar": (links.MANAGE, booking),
        "give_back": (links.GIVE_BACK, signups.signups_of(booking)[0]),
        "claim": (links.CLAIM, waiting),
    }


def test_pages_need_no_cookie_and_are_in_no_cache_and_no_index(client, pages):
    for view, (purpose, row) in pages.items():
        response = client.get(address(view, purpose, row))
        assert response.status_code == 200, view
        assert not response.cookies
        assert {name: response[name] for name in ("Cache-Control", "Referrer-Policy", "X-Robots-Tag")} == {
            "Cache-Control": "no-store",
            "Referrer-Policy": "same-origin",
            "X-Robots-Tag": "noindex",
        }


@pytest.mark.slow
def test_token_of_one_purpose_or_row_is_404_at_every_other(client, pages):
    for view, (purpose, row) in pages.items():
        for other, (other_purpose, other_row) in pages.items():
            if purpose != other_purpose:
                assert client.get(address(view, other_purpose, other_row)).status_code == 404, (view, other)
        token = links.make(purpose, row)
        for broken in [
            token[:-1],
            token[:-1] + ("a" if token[-1] != "a" else "b"),
            "x",
            f"9{token}",
            token.upper(),
        ]:
            assert client.get(reverse(f"booking:{view}", args=[broken])).status_code == 404, (view, broken)


@pytest.mark.slow
def test_get_and_head_change_nothing(client, pages):
    def rows():
        return list(ShiftSignup.objects.order_by("pk").values()), list(Mail.objects.order_by("pk").values())

    before = rows()
    for view, (purpose, row) in pages.items():
        client.get(address(view, purpose, row))
        client.head(address(view, purpose, row) + "?do=give_back&do=erase")
    assert rows() == before


def test_posts_from_elsewhere_are_403_and_change_nothing(client, pages):
    for view in ["sent", "confirm", "manage", "give_back", "claim"]:
        for origin in ["https://evil.example", "null", ""]:
            url = address(view, *pages[view])
            response = client.post(url, {"do": "erase"}, headers={"origin": origin})
            assert response.status_code == 403, (view, origin)
    assert not ShiftSignup.objects.filter(status=Status.ENDED).exists()


@pytest.mark.logs_errors
def test_busy_database_keeps_the_form(client, pages, monkeypatch):
    def busy(*_args, **_said):
        raise Busy

    monkeypatch.setattr(signups, "confirm", busy)
    _purpose, booking = pages["confirm"]
    key = signups.signups_of(booking)[0].label
    response = post(client, address("confirm", *pages["confirm"]), signups=[key])
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert heading(response) == "Gerade ist sehr viel los"
    assert f'<input type="hidden" name="signups" value="{key}">' in response.content.decode()


@pytest.mark.slow
def test_pages_take_few_statements_for_any_number_of_dates(client, django_assert_num_queries):
    for dates in (1, 3):
        action = make.opportunity()
        slots = [make.shift(opportunity=action, starts=NOW + timedelta(days=9 + n)) for n in range(dates)]
        email = f"kim{dates}@example.org"
        fields = {"slots": slots, "name": "Kim", "email": email, "age_confirmed": True, "now": NOW}
        waits, sure = signups.register(**fields), signups.register(**fields, verified=True)
        with django_assert_num_queries(2):
            client.get(manage(sure))
        with django_assert_num_queries(2):
            client.get(address("sent", links.SENT, waits))
        # the booking with its dates, whether the address has others, those
        with django_assert_num_queries(3):
            client.get(address("confirm", links.CONFIRM, waits))
