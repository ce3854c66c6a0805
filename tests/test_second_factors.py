"""Passkeys, printed codes alone, the guided way and trusted devices (rule 36); codes of the app: test_staff_login.py."""

import json

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from portal.models import Mail
from tests import make, passkeys
from tests.passkeys import Passkey, options
from tests.staffroom import code, proven, recovery_codes, staff
from tests.test_staff_login import enters, log_in, shown

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_counters")]
IN = "Redaktion"


def owner():
    """Somebody whose only factor is a passkey, with its reserve of codes; and the passkey."""
    user = staff(make.organisation(), enrolled=False)
    return user, passkeys.enrol(user)


def answer(client, passkey, page="mfa_authenticate", **data):
    """The page is opened, and the passkey answers what it asks."""
    asked = options(client.get(reverse(page)))
    return client.post(reverse(page), {"credential": passkey.get(asked), **data})


def enrol_by_page(client, passkey, name="PC im Rathaus"):
    page = client.get(reverse("mfa_add_webauthn"))
    typed = {"name": name, "credential": passkey.create(options(page, "creation_options"))}
    return client.post(reverse("mfa_add_webauthn"), typed, follow=True)


# --- the guided way ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_whoever_has_no_factor_chooses_sets_up_a_passkey_prints_codes_and_is_in(client):
    user = staff(make.organisation(), enrolled=False)
    log_in(client, user)
    assert enters(client) == reverse("factor_choose")
    ways = client.get(reverse("factor_choose")).content.decode()
    places = [
        ways.index(reverse(name))
        for name in ("mfa_add_webauthn", "mfa_activate_totp", "mfa_generate_recovery_codes")
    ]
    assert places == sorted(places), "the passkey comes first"
    response = enrol_by_page(client, Passkey())
    assert shown(response) == (reverse("mfa_view_recovery_codes"), 200)
    assert all(each in response.content.decode() for each in recovery_codes(user))
    assert reverse("factor_done") in response.content.decode()
    done = client.get(reverse("factor_done")).content.decode()
    assert "Den Passkey benutzen" in done
    assert reverse("admin:index") in done
    assert enters(client) == IN
    assert [(mail.to, mail.subject) for mail in Mail.objects.all()] == [(user.email, "Passkey eingerichtet")]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_printed_codes_alone_are_a_factor_and_are_asked_for_at_login(client):
    user = staff(make.organisation(), enrolled=False)
    log_in(client, user)
    response = client.post(reverse("mfa_generate_recovery_codes"), follow=True)
    assert shown(response) == (reverse("mfa_view_recovery_codes"), 200)
    assert enters(client) == IN
    client.post(reverse("account_logout"))
    assert shown(log_in(client, user)) == (reverse("mfa_authenticate"), 200)
    client.post(reverse("mfa_authenticate"), {"code": recovery_codes(user)[0]})
    client.post(reverse("mfa_trust"), {"action": "trust"})
    assert enters(client) == IN
    client.post(reverse("account_logout"))
    log_in(client, user)
    assert enters(client) == IN, "this device is trusted"


def test_who_types_one_of_the_last_printed_codes_reads_how_many_are_left(client):
    user = staff(make.organisation())
    codes = Authenticator.objects.get(user=user, type="recovery_codes")
    codes.data["used_mask"] = 0b11111110  # seven are used
    codes.save()
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": recovery_codes(user)[0]})
    client.post(reverse("mfa_trust"), {"action": ""})
    assert "Sie haben noch 2 gedruckte Codes." in client.get(reverse("admin:index")).content.decode()


def test_before_anything_is_set_up_the_last_page_leads_to_the_first(client):
    client.force_login(staff(make.organisation(), enrolled=False))
    assert client.get(reverse("factor_done"))["Location"] == reverse("factor_choose")


# --- passkeys ------------------------------------------------------------------------------------------


def test_the_passkey_is_the_second_step_of_the_login(client):
    user, passkey = owner()
    assert shown(log_in(client, user)) == (reverse("mfa_authenticate"), 200)
    assert enters(client) == reverse("account_login")
    answer(client, passkey)
    client.post(reverse("mfa_trust"), {"action": ""})
    assert enters(client) == IN


def test_a_session_from_before_the_enrolment_is_asked_for_the_passkey(client):
    user, passkey = owner()
    client.force_login(user)
    assert enters(client) == reverse("mfa_reauthenticate_webauthn")
    page = client.get(reverse("mfa_reauthenticate_webauthn")).content.decode()
    assert reverse("account_reauthenticate") not in page, "a password would prove nothing"
    answer(client, passkey, "mfa_reauthenticate_webauthn")
    assert enters(client) == IN


FOREIGN = {
    "another key": lambda: Passkey(),
    "another page's address": lambda: Passkey(origin="https://portal.example.evil"),
    "another host": lambda: Passkey(host="portal.example.evil"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_an_answer_of_another_key_page_or_host_lets_nobody_in(name, client):
    """Each claims to be the account's own; what is said is about passkeys, not about codes."""
    user, passkey = owner()
    foreign = FOREIGN[name]()
    foreign.id = passkey.id
    if name != "another key":
        foreign.key = passkey.key
    log_in(client, user)
    said = answer(client, foreign).content.decode()
    assert "Dieser Passkey passt nicht zu Ihrem Zugang." in said
    assert enters(client) == reverse("account_login")


@pytest.mark.slow
def test_an_answer_counts_once_and_for_its_own_question(client):
    user, passkey = owner()
    log_in(client, user)
    stale = passkey.get(options(client.get(reverse("mfa_authenticate"))))
    client.get(reverse("mfa_authenticate"))
    client.post(reverse("mfa_authenticate"), {"credential": stale})
    assert enters(client) == reverse("account_login")
    fresh = passkey.get(options(client.get(reverse("mfa_authenticate"))))
    client.post(reverse("mfa_authenticate"), {"credential": fresh})
    client.post(reverse("mfa_trust"), {"action": ""})
    assert enters(client) == IN
    second = Client()
    log_in(second, user)
    second.post(reverse("mfa_authenticate"), {"credential": fresh})
    assert enters(second) == reverse("account_login")


@pytest.mark.slow
@pytest.mark.parametrize(
    "junk", ["", "{", "[]", "7", "null", '"x"', "{}", '{"id": 1, "response": []}', '{"rawId": "%%"}']
)
def test_what_is_no_answer_is_a_mistake_in_the_form(junk, client):
    user, _passkey = owner()
    log_in(client, user)
    assert client.post(reverse("mfa_authenticate"), {"credential": junk}).status_code == 200
    enrolled = proven(staff(make.organisation("B"), email="b@lich.example"))
    enrolled.get(reverse("mfa_add_webauthn"))
    assert enrolled.post(reverse("mfa_add_webauthn"), {"credential": junk}).status_code == 200
    assert Authenticator.objects.filter(type="webauthn").count() == 1


@pytest.mark.slow
def test_every_broken_answer_is_a_mistake_in_the_form(client):
    """Each part of a good answer is missing, empty, cut short or of another kind: no 500, and nobody is in."""
    user, passkey = owner()
    log_in(client, user)
    for part in ("id", "rawId", "clientDataJSON", "authenticatorData", "signature"):
        for broken in (None, "", "AAAA", 7, []):
            cache.clear()  # the account's five tries
            good = json.loads(passkey.get(options(client.get(reverse("mfa_authenticate")))))
            (good if part in good else good["response"])[part] = broken
            said = client.post(reverse("mfa_authenticate"), {"credential": json.dumps(good)})
            assert (part, broken, said.status_code) == (part, broken, 200)
    new, page = Passkey(), reverse("mfa_add_webauthn")
    enrolling = proven(user := staff(make.organisation("B"), email="b@lich.example"))
    for broken in (None, "", "AAAA", "%%", 7, "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVglSZYN"):
        made = json.loads(new.create(options(enrolling.get(page), "creation_options")))
        made["response"]["attestationObject"] = broken
        assert enrolling.post(page, {"credential": json.dumps(made)}).status_code == 200
    assert not Authenticator.objects.filter(user=user, type="webauthn").exists()


def test_a_passkey_is_asked_for_under_the_name_of_the_configured_host(client, settings):
    """Whatever the Host header says: one made for another name would open nothing."""
    settings.SITE_URL = "https://portal.example.org"
    client = proven(staff(make.organisation()))
    page = client.get(reverse("mfa_add_webauthn"), headers={"host": "127.0.0.1"})
    assert options(page, "creation_options")["publicKey"]["rp"] == {
        "id": "portal.example.org",
        "name": settings.SITE_NAME,
    }


@pytest.mark.slow
def test_an_account_has_several_passkeys_renames_and_removes_them_one_by_one():
    user = staff(make.organisation())
    client = proven(user)
    enrol_by_page(client, Passkey(), name="")
    enrol_by_page(client, Passkey(), name="Schlüsselbund")
    first, second = Authenticator.objects.filter(user=user, type="webauthn").order_by("pk")
    assert (str(first), str(second)) == ("Passkey 1", "Schlüsselbund")
    client.post(reverse("mfa_edit_webauthn", args=[first.pk]), {"name": "PC im Rathaus"})
    listed = client.get(reverse("mfa_index")).content.decode()
    assert "PC im Rathaus" in listed
    assert "Schlüsselbund" in listed
    client.post(reverse("mfa_remove_webauthn", args=[second.pk]))
    assert [str(each) for each in Authenticator.objects.filter(user=user, type="webauthn")] == [
        "PC im Rathaus"
    ]
    assert enters(client) == IN


def test_passkeys_of_others_do_not_exist():
    _user, passkey = owner()
    stranger = proven(staff(make.organisation("B"), email="b@lich.example"))
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        page = reverse(name, args=[passkey.row.pk])
        assert (stranger.get(page).status_code, stranger.post(page, {"name": "meiner"}).status_code) == (
            404,
            404,
        )


def test_with_the_last_factor_its_codes_go_and_the_next_request_enrols_anew(client):
    user, passkey = owner()
    client.force_login(user)
    answer(client, passkey, "mfa_reauthenticate_webauthn")
    client.post(reverse("mfa_generate_recovery_codes"))
    assert enters(client) == IN
    client.post(reverse("mfa_remove_webauthn", args=[passkey.row.pk]))
    assert not Authenticator.objects.filter(user=user).exists()
    assert enters(client) == reverse("factor_choose")


def test_proof_by_a_passkey_that_was_reset_no_longer_counts(client):
    user, passkey = owner()
    client.force_login(user)
    answer(client, passkey, "mfa_reauthenticate_webauthn")
    Authenticator.objects.filter(user=user).delete()
    assert enters(client) == reverse("factor_choose")
    passkeys.enrol(user)
    assert enters(client) == reverse("mfa_reauthenticate_webauthn")


# --- trusted devices -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_forgetting_all_trusted_devices_asks_everywhere_again_and_leaves_the_codes():
    user, passkey = owner()
    devices = [Client(), Client()]
    for device in devices:
        log_in(device, user)
        answer(device, passkey)
        device.post(reverse("mfa_trust"), {"action": "trust"})
        device.post(reverse("account_logout"))
        log_in(device, user)
        assert enters(device) == IN
    at_the_desk = Client()
    log_in(at_the_desk, user)
    answer(at_the_desk, passkey)
    at_the_desk.post(reverse("mfa_trust"), {"action": ""})
    at_the_desk.post(reverse("mfa_generate_recovery_codes"))
    before = recovery_codes(user)
    assert shown(at_the_desk.post(reverse("factor_forget"), follow=True)) == (reverse("mfa_index"), 200)
    assert [enters(device) for device in devices] == [reverse("mfa_reauthenticate_webauthn")] * 2
    assert (enters(at_the_desk), recovery_codes(user)) == (IN, before)


def test_nobody_forgets_devices_of_an_account_without_its_second_factor(client):
    user = staff(make.organisation())
    before = set(Authenticator.objects.values_list("pk", flat=True))
    client.force_login(user)
    assert client.post(reverse("factor_forget"))["Location"].startswith(reverse("mfa_reauthenticate"))
    assert client.get(reverse("factor_forget")).status_code == 405
    assert set(Authenticator.objects.values_list("pk", flat=True)) == before


def test_the_code_of_the_app_still_opens_an_account_with_both(client):
    user = staff(make.organisation())
    passkeys.enrol(user)
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    client.post(reverse("mfa_trust"), {"action": ""})
    assert enters(client) == IN
