"""What an attacker tried, one test per hole that was open once: each fails when it opens again."""

import sqlite3
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from portal import inputs, links, privacy, signups, throttle
from portal.models import Mail, Membership, Organisation, User, email_key
from tests import make
from tests.make import NOW
from tests.staffroom import PASSWORD, proven, staff, typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def association():
    return make.organisation("Verband", kind=Organisation.Kind.ASSOCIATION)


@pytest.fixture
def network(association):
    return proven(staff(association, Membership.Role.NETWORK, email="netzwerk@verband.example"))


def register(email, *, now=NOW, slot=None):
    return signups.register(
        slots=[slot or make.shift()], name="Kim Muster", email=email, age_confirmed=True, now=now
    )


# --- guessing letter by letter ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.logs_errors
@pytest.mark.parametrize("lookup", ["password__startswith", "password__gt", "pk__in", "is_superuser"])
def test_network_cannot_guess_a_password_s_hash(network, association, lookup):
    staff(association, email="ziel@verband.example")
    page = reverse("admin:portal_user_changelist")
    assert "ziel@" in network.get(f"{page}?is_active__exact=1").content.decode()
    assert network.get(f"{page}?{lookup}=1").status_code == 400


@pytest.mark.logs_errors
@pytest.mark.parametrize("column", ["text", "html", "key", "calendar"])
def test_staff_cannot_guess_the_links_that_are_masked_on_the_page(column):
    town = make.organisation()
    client = proven(staff(town))
    Mail.objects.create(
        key="k", kind="confirmed", organisation=town, to="kim@example.org", subject="Platz sicher",
        text="/anmeldung/meine/4-0.geheim/", queued_at=NOW, next_try_at=NOW,
    )  # fmt: skip
    page = reverse("admin:portal_mail_changelist")
    assert "Platz sicher" in client.get(f"{page}?art=confirmed").content.decode()
    assert client.get(f"{page}?{column}__contains=geheim").status_code == 400


# --- mail cannon ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        "OPFER@example.org",
        "opfer@ＥＸＡＭＰＬＥ.org",
        "opfer@ⓔxample.org",
        "opfer@eⅹample.org",
        "opfer+2@example.org",
    ],
)
def test_another_spelling_of_an_address_is_the_same_mailbox(spelled):
    for _ in range(3):
        register("opfer@example.org")
    register(inputs.clean_email(spelled))
    assert Mail.objects.filter(kind="confirm-address").count() == 3


def test_dots_and_the_second_name_of_gmail_are_one_mailbox():
    for spelled in ["op.fer@gmail.com", "o.pfer@gmail.com", "opfer@googlemail.com", "o.p.f.e.r+x@gmail.com"]:
        register(spelled)
    assert Mail.objects.filter(kind="confirm-address").count() == 3


def test_a_town_s_own_umlauts_stay_one_address():
    assert (
        email_key("Amt@Büdingen.example")
        == email_key("amt@xn--bdingen-n2a.example")
        == "amt@büdingen.example"
    )


@pytest.mark.parametrize(
    "address", ["root@[127.0.0.1]", "root@localhost", "ſupport@example.org", "kım@example.org"]
)
def test_addresses_that_lead_round_the_limit_are_refused(address):
    with pytest.raises(ValidationError):
        inputs.clean_email(address)


@pytest.mark.slow
def test_erasing_one_s_own_form_gives_no_fresh_mails_to_a_victim():
    """Sent to the victim, corrected back to one's own address, confirmed, erased, and again."""
    for round_ in range(5):
        now = NOW + timedelta(minutes=round_)
        booking = register(f"taeter{round_}@example.org", now=now)
        for address in ["opfer@example.org", f"taeter{round_}@example.org"]:
            signups.correct_address(booking, email=address, now=now)
            booking.refresh_from_db()
            Mail.objects.filter(sent_at=None, withdrawn_at=None).update(sent_at=now)
        signups.confirm(booking, signups=signups.signups_of(booking), now=now)
        privacy.erase(booking, now=now)
    prefix = Mail.objects.filter(kind="confirm-address", sent_at__isnull=False)
    booking = register("opfer@example.org", now=now)
    assert booking.mailed_at is None
    assert set(prefix.values_list("to", "text", "subject", "booking__email")) == {("", "", "", "")}
    privacy.enforce(now + timedelta(days=2))
    assert not prefix.filter(booking__erased_at__isnull=False).exists()


def test_reset_mails_to_people_without_an_account_are_one_a_day(client):
    for number in range(4):
        client.post(reverse("account_reset_password"), {"email": f"opfer+{number}@example.org"})
    assert Mail.objects.count() == 1


# --- what a name can carry into a mail to a stranger ------------------------------------------------


@pytest.mark.parametrize(
    ("typed_name", "name"),
    [
        ("Gewinn auf evil.com", "Gewinn auf evil. com"),
        ("bit.ly", "bit. ly"),
        ("evil．com", "evil． com"),
        ("evil。com", "evil。 com"),
        ("Dr.Müller", "Dr. Müller"),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("Kim Muster jr.", "Kim Muster jr."),
    ],
)
def test_no_mail_program_makes_a_link_of_a_name(typed_name, name):
    assert inputs.clean_name(typed_name) == name


# --- bodies, cookies --------------------------------------------------------------------------------


def test_a_body_that_is_too_large_is_refused_before_it_is_read(client):
    slot = make.shift()
    unread = lambda *_: pytest.fail("the body was read")  # noqa: E731
    big = SimpleNamespace(read=unread, readline=unread)
    response = client.generic(
        "POST", slot.get_absolute_url(), b"", content_type="multipart/form-data; boundary=x",
        headers={"origin": "http://testserver", "content-length": str(3_000_000)}, **{"wsgi.input": big},
    )  # fmt: skip
    assert response.status_code == 400


def test_nul_in_a_cookie_is_a_bad_request(client):
    response = client.get(reverse("admin:index"), headers={"cookie": r'sessionid="\000aaaaaaaaaaaa"'})
    assert response.status_code == 400


# --- limits -----------------------------------------------------------------------------------------


def test_a_network_of_ipv6_addresses_is_one_client(settings):
    def over(address):
        request = RequestFactory().post("/", REMOTE_ADDR=address)
        return throttle.over(request, "x", limit=1, seconds=60)

    assert [over("2001:db8:1:2::1"), over("2001:db8:1:2:ffff::2")] == [False, True]
    assert [over("2001:db8:1:3::1"), over("198.51.100.1"), over("198.51.100.2"), over("?")] == [False] * 4
    assert [over("::ffff:198.51.100.9"), over("::ffff:198.51.100.8"), over("198.51.100.9")] == [
        False,
        False,
        True,
    ]


@pytest.mark.slow
def test_many_other_clients_do_not_push_a_count_out_of_the_cache():
    def over(address):
        return throttle.over(RequestFactory().post("/", REMOTE_ADDR=address), "x", limit=1, seconds=60)

    over("198.51.100.1")
    for number in range(2000):
        over(f"10.0.{number // 250}.{number % 250}")
    assert over("198.51.100.1")


@pytest.mark.slow
def test_too_many_attempts_to_prove_oneself_again_say_when_to_come_back():
    client = proven(staff(make.organisation()))
    answers = [client.post(reverse("account_reauthenticate"), {"password": "falsch"}) for _ in range(12)]
    assert (answers[-1].status_code, answers[-1]["Retry-After"]) == (429, "300")


# --- staff ------------------------------------------------------------------------------------------


def test_an_account_twice_in_other_capitals_is_said_in_the_form(network):
    staff(email="da@lich.example")
    data = {
        "email": "DA@Lich.example", "name": "Neu", "is_active": "on",
        "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0",
    }  # fmt: skip
    response = network.post(reverse("admin:portal_user_add"), data)
    assert (response.status_code, User.objects.filter(email__iexact="da@lich.example").count()) == (200, 1)


def test_a_password_alone_takes_no_second_factor_away():
    """A session from before the enrolment, and the password: that was enough."""
    user = staff(make.organisation())
    client = Client()
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("mfa_deactivate_totp"))
    codes = client.get(reverse("mfa_view_recovery_codes"))
    assert (Authenticator.objects.filter(user=user).count(), codes.status_code) == (2, 302)


def test_whoever_proved_the_second_factor_may_take_it_away():
    user = staff(make.organisation())
    client = proven(user)
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=user).count() == 0


def test_one_s_own_role_cannot_be_changed_through_somebody_else_s_page(network, association):
    me = User.objects.get(email="netzwerk@verband.example")
    other = staff(make.organisation(), email="andere@lich.example")
    url = reverse("admin:portal_user_change", args=[other.pk])
    own = me.memberships.get()
    data = typed(network.get(url)) | {
        "memberships-0-id": str(own.pk), "memberships-0-user": str(other.pk),
        "memberships-0-role": "editor", "memberships-0-organisation": str(make.organisation("B").pk),
    }  # fmt: skip
    network.post(url, data)
    own.refresh_from_db()
    assert (own.user, own.organisation, own.role) == (me, association, "network")


# --- a database that is busy or asked too much ------------------------------------------------------


@pytest.fixture
def locked():
    """The whole database (SQLite) or the table of bookings is locked by somebody else."""
    if connection.vendor == "sqlite":
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = connection.copy()
        other.set_autocommit(False)
        other.cursor().execute(
            "LOCK TABLE portal_booking, portal_accesslog, django_session IN EXCLUSIVE MODE"
        )
    yield
    other.rollback()
    other.close()


@pytest.mark.slow
@pytest.mark.logs_errors
@pytest.mark.django_db(transaction=True)
def test_a_locked_database_keeps_the_form_of_a_guest_and_asks_staff_to_wait(client, settings, request):
    settings.LOCK_TIMEOUT = 0.2
    slot = make.shift(starts=timezone.now() + timedelta(days=5))
    booking = signups.register(
        slots=[slot],
        name="Kim",
        email="kim@example.org",
        age_confirmed=True,
        now=timezone.now(),
        verified=True,
    )
    staff_client = proven(staff(slot.organisation))
    client.raise_request_exception = staff_client.raise_request_exception = False
    request.getfixturevalue("locked")
    page = reverse("booking:manage", args=[links.make(links.MANAGE, booking)])
    posted = {"do": "details", "name": "Kim Neu", "phone": ""}
    answer = client.post(page, posted, headers={"origin": "http://testserver"})
    assert (answer.status_code, "Kim Neu" in answer.content.decode()) == (503, True)
    people = staff_client.get(reverse("admin:volunteers_shift_change", args=[slot.pk]))
    assert (people.status_code, people["Retry-After"]) == (503, "30")
    settings.SESSION_SAVE_EVERY_REQUEST = True  # after the view, which only reads
    start = staff_client.get(reverse("admin:index"))
    assert (start.status_code, start["Retry-After"]) == (503, "30")


def test_a_thousand_words_in_a_search_of_the_redaktion_are_cut():
    client = proven(staff(make.organisation()))
    response = client.get(reverse("admin:portal_mail_changelist") + "?q=" + "+".join(["ab"] * 1300))
    assert response.status_code == 200


# --- opt-in -----------------------------------------------------------------------------------------


def test_outside_the_demo_nobody_reads_the_mail_to_an_address_that_they_only_typed(client, settings):
    settings.EMAIL_URL = ""
    booking = register("opfer@example.org", now=NOW)
    page = reverse("booking:sent", args=[links.make(links.SENT, booking)])
    token = links.make(links.CONFIRM, booking)
    with time_machine.travel(NOW, tick=False):
        settings.DEMO = True
        assert token in client.get(page).content.decode()
        settings.DEMO = False
        assert token not in client.get(page).content.decode()
