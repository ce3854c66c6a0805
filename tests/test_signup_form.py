"""The form of an action: what people may type, what is refused and how, and what machines meet."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client

from portal import signups, traps
from portal.models import Booking, Mail, User
from portal.refused import Busy
from portal.slots import Signup
from tests import make
from tests.make import NOW
from volunteers.models import Opportunity, ShiftSignup

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def slot():
    return make.shift(opportunity=make.opportunity(slug="bachputz"))


def filled(slot, **changes):
    """The form as a person sends it, a minute after the page was made."""
    data = {
        "issued": traps.issue(NOW - timedelta(minutes=1)),
        "betreff": "",
        "slots": [str(slot.pk)],
        "name": "Kim Muster",
        "email": "kim@example.org",
        "seats": "1",
        "phone": "",
        "age": "on",
    }
    return {key: value for key, value in (data | changes).items() if value is not None}


def send(client, slot, *, origin="http://testserver", **changes):
    headers = {"origin": origin} if origin else {}
    return client.post(slot.get_absolute_url(), filled(slot, **changes), headers=headers)


def messages(response):
    """Field → message beside it."""
    html = response.content.decode()
    found = re.findall(r'id="id_(\w+)_error">.*?<span class="kern-body">(.*?)</span>', html, re.DOTALL)
    return dict(found)


def summary(response):
    html = response.content.decode()
    box = re.search(r'id="fehler".*?</div>', html, re.DOTALL)
    return re.findall(r"<li>(?:<a[^>]*>)?(.*?)(?:</a>)?</li>", box.group(), re.DOTALL) if box else []


# --- what goes through ----------------------------------------------------------------------------


def test_form_stores_an_unconfirmed_signup_and_one_mail_and_redirects(client, slot):
    response = send(client, slot, name="  Kim   Öztürk ", phone="06404/80 61 23", seats="2")

    booking = Booking.objects.get()
    assert response.status_code == 303
    assert response["Location"].startswith("/anmeldung/gesendet/")
    assert not response.cookies
    assert [booking.name, booking.email, booking.phone, booking.age_confirmed, booking.confirmed_at] == [
        "Kim Öztürk",
        "kim@example.org",
        "06404 806123",
        True,
        None,
    ]
    signup = ShiftSignup.objects.get()
    assert [signup.slot, signup.seats, signup.status] == [slot, 2, Signup.Status.UNCONFIRMED]
    assert [(mail.kind, mail.to) for mail in Mail.objects.all()] == [("confirm-address", "kim@example.org")]


def test_several_dates_make_one_booking_and_one_mail(client, slot):
    second = make.shift(opportunity=slot.opportunity, starts=NOW + timedelta(days=20))
    make.shift(opportunity=slot.opportunity, starts=NOW + timedelta(days=30))
    send(client, slot, slots=[str(slot.pk), str(second.pk), str(slot.pk)])
    assert sorted(ShiftSignup.objects.values_list("slot", flat=True)) == [slot.pk, second.pk]
    assert Booking.objects.count() == Mail.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["Zoë O’Hara-Müller", "李小龍", "José-María García Lorca", "Dr. Anna B.", "N", "مريم"]
)
def test_names_of_all_kinds_are_welcome(client, slot, name):
    assert send(client, slot, name=name).status_code == 303
    assert Booking.objects.get().name == name


def test_session_of_somebody_logged_in_changes_nothing(client, slot, django_user_model):
    client.force_login(django_user_model.objects.create_user("wer@example.org", "x"))
    assert send(client, slot).status_code == 303
    assert Booking.objects.get().email == "kim@example.org"
    assert Booking.objects.get().confirmed_at is None


def test_known_and_unknown_addresses_get_the_same_answer(client, slot):
    make.signup(slot, email="known@example.org")
    answers = []
    for address in ["known@example.org", "unknown@example.org"]:
        response = send(client, slot, email=address)
        page = client.get(response["Location"]).content.decode().replace(address, "…")
        page = re.sub(r"/anmeldung/[^\"]+|<section class=\"mails\".*?</section>", "", page, flags=re.DOTALL)
        answers.append((response.status_code, page))
    assert answers[0] == answers[1]


# --- what is refused, and how -----------------------------------------------------------------------

BIDI, ZERO_WIDTH, FULL_WIDTH_AT = "\u202e", "\u200b", "\uff20"
NO_SIGNS = "Bitte schreiben Sie den Namen ohne die Zeichen / @ : &lt; und &gt;."
NO_URL = "Bitte schreiben Sie hier nur Ihren Namen, keine Internetadresse."
UNSEEN = "Der Name enthält unsichtbare Zeichen. Bitte tippen Sie ihn neu ein."
WHOLE_EMAIL = "Bitte geben Sie die E-Mail-Adresse vollständig ein, zum Beispiel: name@beispiel.de"
WHOLE_PHONE = (
    "Diese Telefonnummer scheint nicht vollständig zu sein. Bitte geben Sie sie mit Vorwahl ein, "
    "zum Beispiel: 06404 123456. Sie können das Feld auch leer lassen."
)
NO_NUMBER = "Bitte wählen Sie, wie viele kommen."
HOSTILE = [
    ("name", "", "Bitte geben Sie Ihren Namen ein."),
    ("name", "   ", "Bitte geben Sie Ihren Namen ein."),
    ("name", "…!?", "Bitte geben Sie Ihren Namen ein."),
    ("name", "Kim/Bo", NO_SIGNS),
    ("name", "kim@example.org", NO_SIGNS),
    ("name", "Kim: Bo", NO_SIGNS),
    ("name", "<script>", NO_SIGNS),
    ("name", f"Kim{FULL_WIDTH_AT}Bo", NO_SIGNS),
    ("name", "http gewinn", NO_URL),
    ("name", "ｈｔｔｐ gewinn", NO_URL),
    ("name", "WWW.gewinn.example", NO_URL),
    ("name", f"Kim{BIDI}Bo", UNSEEN),
    ("name", f"Kim{ZERO_WIDTH}Bo", UNSEEN),
    ("name", "Kim\r\nBcc", UNSEEN),
    ("name", "Kim\x07", UNSEEN),
    ("name", "Kim\u2028Bo", UNSEEN),
    ("name", "x" * 81, "Der Name ist zu lang. Bitte nehmen Sie höchstens 80 Zeichen."),
    ("name", "x" * 100_000, "Der Name ist zu lang. Bitte nehmen Sie höchstens 80 Zeichen."),
    ("email", "", "Bitte geben Sie Ihre E-Mail-Adresse ein."),
    ("email", "kim", WHOLE_EMAIL),
    ("email", "kim@example", WHOLE_EMAIL),
    ("email", "kim@example.org, bo@example.org", WHOLE_EMAIL),
    ("email", "Kim <kim@example.org>", WHOLE_EMAIL),
    ("email", "kim@example.org\r\nBcc: bo@example.org", WHOLE_EMAIL),
    ("email", '"kim bo"@example.org', WHOLE_EMAIL),
    ("email", f"kim{BIDI}@example.org", WHOLE_EMAIL),
    ("email", "k" * 250 + "@example.org", "Die E-Mail-Adresse ist zu lang. Bitte prüfen Sie, ob sie stimmt."),
    ("phone", "123", WHOLE_PHONE),
    ("phone", "806123", WHOLE_PHONE),
    ("phone", "rufen Sie an", WHOLE_PHONE),
    ("phone", "0" * 41, WHOLE_PHONE),
    ("phone", "06404 806123\r\nX: y", WHOLE_PHONE),
    ("seats", "", NO_NUMBER),
    ("seats", "0", NO_NUMBER),
    ("seats", "-1", NO_NUMBER),
    ("seats", "6", NO_NUMBER),
    ("seats", "²", NO_NUMBER),
    ("age", None, "Bitte bestätigen Sie die Altersangabe mit einem Häkchen."),
]


@pytest.mark.parametrize(("field", "value", "message"), HOSTILE)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_stored(client, slot, field, value, message):
    response = send(client, slot, **{field: value})

    assert response.status_code == 422
    assert messages(response) == {field: message}
    assert len(summary(response)) == 1
    assert message in summary(response)[0]
    assert "<title>Fehler: " in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert not Booking.objects.exists()
    assert not Mail.objects.exists()


def test_nul_that_no_person_types_is_a_bad_request(client, slot):
    response = send(client, slot, name="Kim\x00Bo")
    assert response.status_code == 400
    assert not Booking.objects.exists()


@pytest.mark.logs_errors
def test_two_thousand_parameters_are_a_clear_4xx(client, slot):
    response = send(client, slot, **{f"p{number}": "x" for number in range(2000)})
    assert response.status_code == 400
    assert not Booking.objects.exists()


def test_input_is_kept_when_something_is_wrong(client, slot):
    second = make.shift(opportunity=slot.opportunity, starts=NOW + timedelta(days=20))
    html = send(
        client, slot, slots=[str(second.pk)], name="Kim Öztürk", email="kim@", seats="3", phone="06404 806123"
    ).content.decode()
    assert 'value="Kim Öztürk"' in html
    assert 'value="kim@"' in html
    assert '<option value="3" selected>Wir kommen zu dritt</option>' in html
    assert 'value="06404 806123"' in html
    assert re.findall(r'name="slots" value="(\d+)" id="\w+" checked', html) == [str(second.pk)]
    assert re.search(r'name="age"[^>]* checked', html)
    assert re.search(r'name="email"[^>]*aria-invalid="true"', html)
    assert re.search(r'name="email"[^>]*aria-describedby="id_email_error"', html)


def test_autocomplete_tokens_help_people_to_fill_in(client, slot):
    html = client.get(slot.get_absolute_url()).content.decode()
    tokens = dict(re.findall(r'name="(name|email|phone)"[^>]*?autocomplete="(\w+)"', html))
    assert tokens == {"name": "name", "email": "email", "phone": "tel"}


def test_date_of_another_action_a_closed_and_a_cancelled_one_are_refused(client, slot):
    foreign = make.shift()
    closed = make.shift(opportunity=slot.opportunity, deadline=NOW - timedelta(hours=1))
    cancelled = make.shift(opportunity=slot.opportunity, cancelled_at=NOW)
    for wrong in [foreign.pk, closed.pk, cancelled.pk, 999_999, "x", "9" * 100]:
        response = send(client, slot, slots=[str(wrong)])
        assert response.status_code == 422
        assert "Dieser Termin ist nicht mehr offen. Bitte wählen Sie einen anderen." in summary(response)[0]
    response = send(client, slot, slots=[])
    assert summary(response) == ["Termin: Bitte wählen Sie mindestens einen Termin."]
    assert not Booking.objects.exists()


def test_party_larger_than_the_date_allows_is_said_at_the_number(client, slot):
    small = make.shift(opportunity=slot.opportunity, starts=NOW + timedelta(days=20), max_party=2)
    response = send(client, slot, slots=[str(slot.pk), str(small.pk)], seats="3")
    assert messages(response) == {
        "seats": "Für diesen Termin können sich höchstens 2 Personen zusammen anmelden."
    }
    assert send(client, slot, slots=[str(slot.pk)], seats="3").status_code == 303


def test_action_that_was_withdrawn_meanwhile_is_404(client, slot):
    Opportunity.objects.update(state=Opportunity.State.ARCHIVED)
    assert send(client, slot).status_code == 404
    assert not Booking.objects.exists()


def test_refusal_of_the_rules_is_shown_above_the_form(client, slot, monkeypatch):
    def too_late(**_said):
        raise signups.Refused("Die Anmeldung für diesen Termin ist schon geschlossen.")

    monkeypatch.setattr(signups, "register", too_late)
    response = send(client, slot)
    assert response.status_code == 422
    assert summary(response) == ["Die Anmeldung für diesen Termin ist schon geschlossen."]


@pytest.mark.logs_errors
def test_busy_database_answers_503_with_the_form_kept(client, slot, monkeypatch):
    def busy(**_said):
        raise Busy

    monkeypatch.setattr(signups, "register", busy)
    response = send(client, slot, name="Kim Öztürk")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "Gerade melden sich sehr viele an." in summary(response)[0]
    assert 'value="Kim Öztürk"' in response.content.decode()


# --- machines -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://testserver.evil.example", "http://testserver:81"]
)
def test_post_from_elsewhere_is_403_in_german(client, slot, origin):
    response = send(client, slot, origin=origin)
    assert response.status_code == 403
    assert "Diese Anfrage kam nicht von unserer Seite." in response.content.decode()
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"betreff": "Gewinn"}, {"issued": ""}, {"issued": "1:x"}, {"issued": None}]
)
def test_caught_machine_gets_the_form_again_and_a_person_just_presses_again(client, slot, changes):
    response = send(client, slot, **changes)
    assert response.status_code == 422
    assert summary(response) == ["Das ging sehr schnell. Bitte drücken Sie noch einmal auf „Ich helfe mit“."]
    assert not Booking.objects.exists()
    html = response.content.decode()
    assert 'value="Kim Muster"' in html
    again = re.search(r'name="issued" value="([^"]+)"', html).group(1)
    with time_machine.travel(NOW + timedelta(seconds=3), tick=False):
        assert send(client, slot, issued=again).status_code == 303


def test_page_from_a_cache_hours_old_harms_nobody(client, slot):
    assert send(client, slot, issued=traps.issue(NOW - timedelta(days=2))).status_code == 303


def test_hasty_posts_pass_ten_times_then_meet_the_trap(client, slot):
    codes = [
        send(client, slot, email=f"kim{number}@example.org", issued=traps.issue(NOW)).status_code
        for number in range(12)
    ]
    assert codes == [303] * 10 + [422] * 2


@pytest.mark.slow
def test_too_many_posts_of_one_client_are_429_with_retry_after(client, slot):
    codes = [send(client, slot, email=f"kim{number}@example.org").status_code for number in range(31)]
    assert codes == [303] * 30 + [429]
    response = send(client, slot)
    assert response["Retry-After"] == "600"
    assert "10 Minuten" in response.content.decode()
    assert client.get(slot.get_absolute_url()).status_code == 200


def test_other_methods_are_405(client, slot):
    assert client.delete(slot.get_absolute_url()).status_code == 405
    assert client.put(slot.get_absolute_url()).status_code == 405


# --- with a login (rule 4) --------------------------------------------------------------------------


def member(client, *, verified=True, email="member@example.org"):
    user = User.objects.create_user(email, "x", name="Mina Mitglied")
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    client.force_login(user)
    return user


def test_logged_in_people_need_no_mail_to_confirm(client, slot):
    member(client)
    url = f"/konto/mitmachen/{slot.opportunity.slug}/"
    page = client.get(url)
    html = page.content.decode()
    assert 'value="Mina Mitglied"' in html
    assert re.search(r'name="email" value="member@example.org"[^>]*disabled', html)
    assert "no-store" in page["Cache-Control"]

    response = client.post(url, filled(slot, name="Mina Mitglied", email="fremd@example.org"))

    assert response["Location"].startswith("/anmeldung/meine/")
    assert Booking.objects.get().email == "member@example.org"
    assert ShiftSignup.objects.get().status == Signup.Status.CONFIRMED
    assert [mail.kind for mail in Mail.objects.all()] == ["confirmed"]


def test_signing_up_with_a_login_needs_login_verified_address_and_csrf(client, slot):
    url = f"/konto/mitmachen/{slot.opportunity.slug}/"
    assert client.get(url)["Location"] == f"/konto/login/?next={url}"
    member(client, verified=False)
    assert client.get(url)["Location"] == "/konto/email/"
    strict = Client(enforce_csrf_checks=True)
    member(strict, email="other@example.org")
    assert strict.post(url, filled(slot)).status_code == 403
    assert client.get("/konto/mitmachen/gibt-es-nicht/").status_code == 404
    assert not Booking.objects.exists()


def test_mistakes_with_a_login_are_said_and_kept(client, slot):
    member(client)
    response = client.post(f"/konto/mitmachen/{slot.opportunity.slug}/", filled(slot, name="a/b"))
    assert response.status_code == 422
    assert messages(response) == {"name": NO_SIGNS}
