"""Login of staff: one page for all, a second factor on every way in, rights that end at once."""

import logging
import re
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.urls import reverse

from portal.association import association
from portal.models import AccessLog, Mail, Membership, User
from tests import make
from tests.staffroom import PASSWORD, code, proven, recovery_codes, staff, typed

pytestmark = pytest.mark.django_db
INDEX = "/verwaltung/"


@pytest.fixture(autouse=True)
def _own_counters(settings):
    """Limits and used codes are counted here alone: another process of the suite clears what is shared."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def log_in(client, user, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": user.email, "password": password}, follow=True)


def shown(response):
    """Where a followed request ended, and whether there was a page."""
    path = response.redirect_chain[-1][0] if response.redirect_chain else response.request["PATH_INFO"]
    return urlsplit(path).path, response.status_code


def enters(client):
    """The Redaktion's start page, or the path that one is sent to instead."""
    response = client.get(INDEX)
    return "Redaktion" if response.status_code == 200 else urlsplit(response["Location"]).path


def test_admin_login_is_the_login_of_the_portal(client):
    response = client.get(reverse("admin:login"))
    assert response.status_code == 302
    assert urlsplit(response["Location"]).path == reverse("account_login")


def test_nobody_signs_up_by_themselves(client):
    response = client.post(reverse("account_signup"), {"email": "neu@example.org", "password1": PASSWORD})
    assert (response.status_code, User.objects.count()) == (200, 0)


def test_password_alone_asks_for_the_code_and_the_code_lets_in(client):
    user = staff(make.organisation())
    assert shown(log_in(client, user)) == (reverse("mfa_authenticate"), 200)
    assert enters(client) == reverse("account_login")
    assert "Code" in client.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    assert enters(client) == reverse("account_login")
    client.post(reverse("mfa_authenticate"), {"code": code()})
    client.post(reverse("mfa_trust"), {"action": ""})
    assert enters(client) == "Redaktion"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_without_a_second_factor_one_is_led_to_enrolment_and_on_to_the_codes(client):
    user = staff(make.organisation(), enrolled=False)
    log_in(client, user)
    assert enters(client) == reverse("factor_choose")
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    shown_now = code(secret=page.context["form"].secret)
    response = client.post(reverse("mfa_activate_totp"), {"code": shown_now}, follow=True)
    assert shown(response) == (reverse("mfa_view_recovery_codes"), 200)
    assert all(c in response.content.decode() for c in recovery_codes(user))
    assert enters(client) == "Redaktion"


def test_session_from_before_the_enrolment_is_asked(client):
    user = staff(make.organisation())
    client.force_login(user)
    assert enters(client) == reverse("mfa_reauthenticate")
    client.post(reverse("mfa_reauthenticate"), {"code": code()})
    assert enters(client) == "Redaktion"


def test_proof_of_a_factor_that_was_reset_no_longer_counts():
    user = staff(make.organisation())
    client = proven(user)
    assert enters(client) == "Redaktion"
    Authenticator.objects.filter(user=user).delete()
    assert enters(client) == reverse("factor_choose")
    TOTP.activate(user, "JBSWY3DPEHPK3PXQJBSWY3DPEHPK3PXQ")
    assert enters(client) == reverse("mfa_reauthenticate")


def test_a_reset_after_a_call_is_logged_and_told_to_the_owner_and_the_colleagues():
    town = make.organisation()
    user = staff(town)
    staff(town, email="kollegin@lich.example")
    staff(town, email="fort@lich.example", is_active=False)
    staff(make.organisation("Stadt Hungen"), email="redaktion@hungen.example")
    net = staff(association(), Membership.Role.NETWORK, email="netz@verband.example", name="Frau Netz")
    client, owner = proven(net), proven(user)
    account = reverse("admin:portal_user_change", args=[user.pk])
    page = client.post(account, typed(client.get(account)) | {"is_active": "on", "_reset_factor": "1"})[
        "Location"
    ]
    assert page == reverse("admin:portal_user_reset", args=[user.pk])
    for wrong in (
        {},
        {"called": "06404 8060", "reason": "lost"},
        {"called": "gestern", "reason": "lost", "sure": "on"},
    ):
        assert client.post(page, wrong).status_code == 200
    assert Authenticator.objects.filter(user=user).exists(), "nobody was called yet"
    assert client.post(page, {"called": "06404/8060", "reason": "lost", "sure": "on"})["Location"] == account
    assert not Authenticator.objects.filter(user=user).exists()
    assert enters(owner) == reverse("factor_choose")
    about = f"Zugang {user.pk}, Rückruf unter 06404 8060, Gerät verloren oder gestohlen"
    assert list(AccessLog.objects.values_list("user", "action", "about", "organisation")) == [
        (net.pk, "Zweiten Faktor zurückgesetzt", about, town.pk)
    ]
    subject = "Zweiter Faktor zurückgesetzt: redaktion@lich.example"
    mails = Mail.objects.order_by("pk")
    assert [(mail.to, mail.subject) for mail in mails] == [
        (user.email, subject),
        ("kollegin@lich.example", subject),
    ]
    own, other = (" ".join(mail.text.split()) for mail in mails)
    assert "Zurückgesetzt von: Frau Netz" in own
    assert "Zurückgesetzt von: Frau Netz" in other
    assert "der zweite Faktor Ihres Zugangs redaktion@lich.example" in own
    assert "der zweite Faktor des Zugangs redaktion@lich.example" in other


def test_only_the_association_resets_a_factor_and_not_that_of_examples_or_of_who_left():
    town = make.organisation()
    user, colleague = staff(town), staff(town, email="kollegin@lich.example")
    gone = staff(town, email="fort@lich.example", is_active=False)
    example = staff(town, email="beispiel@lich.example", is_demo=True)
    net = staff(association(), Membership.Role.NETWORK, email="netz@verband.example")
    called = {"called": "06404 8060", "reason": "other", "sure": "on"}
    answers = [
        proven(who).post(reverse("admin:portal_user_reset", args=[whose.pk]), called).status_code
        for who, whose in ((colleague, user), (net, gone), (net, example))
    ]
    assert (answers, Authenticator.objects.filter(type="totp").count()) == ([404] * 3, 5)


@pytest.mark.slow
def test_trusted_browser_is_not_asked_for_30_days(client):
    user = staff(make.organisation())
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    client.post(reverse("mfa_trust"), {"action": "trust"})
    client.post(reverse("account_logout"))
    assert enters(client) == reverse("account_login")
    log_in(client, user)
    assert enters(client) == "Redaktion"
    client.post(reverse("account_logout"))
    with time_machine.travel(time.time() + 31 * 24 * 3600):
        assert shown(log_in(client, user)) == (reverse("mfa_authenticate"), 200)
        assert enters(client) == reverse("account_login")


def test_recovery_code_works_once(client):
    user = staff(make.organisation())
    first = recovery_codes(user)[0]
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": first})
    client.post(reverse("mfa_trust"), {"action": ""})
    assert enters(client) == "Redaktion"
    client.post(reverse("account_logout"))
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": first})
    assert enters(client) == reverse("account_login")


def test_reset_link_sets_a_password_and_still_asks_for_the_code(client):
    user = staff(make.organisation())
    client.post(reverse("account_reset_password"), {"email": user.email}, headers={"host": "127.0.0.1"})
    mail = Mail.objects.get()
    assert (mail.to, mail.secret) == (user.email, True)
    assert mail.useful_until - mail.queued_at == timedelta(minutes=15)
    link = re.search(r"http://localhost:\d+(/konto/\S+)", mail.text)[1]
    form = client.get(link, follow=True)
    new = "Ein-neues-langes-Passwort-9"
    client.post(shown(form)[0], {"password1": new, "password2": new})
    assert enters(client) == reverse("account_login")
    assert shown(log_in(client, user, new)) == (reverse("mfa_authenticate"), 200)
    assert enters(client) == reverse("account_login")


def test_reset_answers_unknown_addresses_like_known_ones(client):
    staff(make.organisation(), email="da@lich.example")
    pages = []
    for email in ["da@lich.example", "fort@lich.example"]:
        response = client.post(reverse("account_reset_password"), {"email": email}, follow=True)
        pages.append((response.redirect_chain, response.content))
    assert pages[0] == pages[1]
    assert Mail.objects.filter(to="fort@lich.example", text__contains="/password/").count() == 0


def test_one_address_gets_at_most_three_reset_mails_a_day(client):
    user = staff(make.organisation())
    for _ in range(5):
        client.post(reverse("account_reset_password"), {"email": user.email})
    assert Mail.objects.filter(to=user.email).count() == 3


def test_wrong_passwords_are_limited(client):
    user = staff(make.organisation())
    for _ in range(6):
        log_in(client, user, "falsch-falsch-falsch")
    assert shown(log_in(client, user))[0] == reverse("account_login")
    assert enters(client) == reverse("account_login")


def test_logins_and_refused_passwords_are_lines_without_a_name(client, caplog):
    """Who watches for attacks sees them (ASVS V16.3.1); whose login it is stands in no log."""
    caplog.set_level(logging.INFO, logger="portal.accounts")
    user = staff(make.organisation())
    log_in(client, user, "falsch-falsch-falsch")
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    client.post(reverse("mfa_trust"), {"action": ""})
    said = [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "portal.accounts"
    ]
    assert said == [("WARNING", "login refused: wrong password"), ("INFO", "login: password, totp")]


def test_rights_taken_away_count_on_the_next_request():
    user = staff(make.organisation())
    client = proven(user)
    assert enters(client) == "Redaktion"
    Membership.objects.all().delete()
    assert client.get(INDEX).status_code == 403
    assert "_auth_user_id" not in client.session
    assert enters(client) == reverse("account_login")


def test_deactivated_people_are_out_at_once():
    user = staff(make.organisation())
    client = proven(user)
    User.objects.update(is_active=False)
    assert enters(client) == reverse("account_login")
    log_in(client, user)
    assert enters(client) == reverse("account_login")


def test_network_role_outside_the_association_opens_nothing():
    user = staff(make.organisation(), Membership.Role.NETWORK)
    assert proven(user).get(INDEX).status_code == 403


@pytest.mark.parametrize(
    ("demo", "bind", "is_demo", "lets_in"),
    [
        (True, "127.0.0.1", True, True),
        (False, "127.0.0.1", True, False),
        (True, "0.0.0.0", True, False),
        (True, "127.0.0.1", False, False),
    ],
)
def test_demo_logins_need_no_second_factor_only_here(client, settings, demo, bind, is_demo, lets_in):
    settings.DEMO, settings.BIND = demo, bind
    user = staff(make.organisation(), enrolled=False, is_demo=is_demo)
    log_in(client, user)
    assert enters(client) == ("Redaktion" if lets_in else reverse("factor_choose"))


def test_superuser_needs_the_second_factor_too(client):
    user = User.objects.create_superuser("betrieb@example.org", PASSWORD)
    assert EmailAddress.objects.get().verified
    log_in(client, user)
    assert enters(client) == reverse("factor_choose")


@pytest.mark.logs_errors
def test_without_redis_logins_wait(client, settings):
    user = staff(make.organisation())
    nobody_there = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:1",
    }
    settings.CACHES = {"default": nobody_there}
    response = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert f"Nummer dieses Fehlers: {response['X-Request-ID']}</p>" in response.content.decode()
    assert PASSWORD not in response.content.decode(), "only forms of guests are kept"
    assert enters(client) == reverse("account_login")


def test_login_leads_back_to_where_one_wanted_to_go(client):
    user = staff(make.organisation())
    wanted = reverse("admin:volunteers_opportunity_changelist")
    login = client.get(wanted)["Location"]
    client.post(login, {"login": user.email, "password": PASSWORD, "next": wanted})
    client.post(reverse("mfa_authenticate"), {"code": code()})
    response = client.post(reverse("mfa_trust"), {"action": ""})
    assert response["Location"] == wanted
