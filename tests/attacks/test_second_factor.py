"""Ways into the Redaktion past the second factor, and guesses of passwords and codes (trust.md „Staff accounts“)."""

import itertools
import re
import time
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse

from portal.models import Mail, User
from tests import audience, make, passkeys
from tests.staffroom import PASSWORD, SECRET, code, proven, recovery_codes, staff
from tests.test_get_safety import changed, checksums
from tests.test_house import none
from tests.test_staff_login import enters, log_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_counters")]
NEW = "Ein-neues-langes-Passwort-9"
TRUST_COOKIE = django_settings.MFA_TRUST_COOKIE_NAME


# --- the matrix of ways in ----------------------------------------------------------------------------


def by_password(client, user):
    log_in(client, user)


def by_reset_link(client, user):
    """The thief reads the mailbox: sets a password of their own and logs in with it."""
    client.post(reverse("account_reset_password"), {"email": user.email})
    link = re.search(r"https?://[^/]+(/konto/\S+)", Mail.objects.latest("pk").text)[1]
    form = client.get(link, follow=True)
    client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    log_in(client, user, NEW)


def by_mailed_code(client, user):
    """There is no login by a mailed code: neither to ask for one, nor to type one."""
    with pytest.raises(NoReverseMatch):
        reverse("account_request_login_code")
    for path in ("login/code/", "login/code/confirm/"):
        client.post(f"/konto/{path}", {"email": user.email, "code": "123456"})


def by_old_session(client, user):
    """A session from before the second factor."""
    client.force_login(user)


def by_password_again(client, user):
    """The same, and the password proved anew."""
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def by_wrong_codes(client, user):
    """The password, and codes that are none: empty, of another period, of another account."""
    log_in(client, user)
    for typed in ("", "000000", "٠٠٠٠٠٠", code("JBSWY3DPEHPK3PXQJBSWY3DPEHPK3PXQ")):
        client.post(reverse("mfa_authenticate"), {"code": typed})
        client.post(reverse("mfa_trust"), {"action": "trust"})


def by_foreign_passkey(client, user):
    """The password, and a passkey that claims to be the account's; at the login, and again with a session."""
    log_in(client, user)
    foreign = passkeys.Passkey()
    own = Authenticator.objects.filter(user=user, type="webauthn").first()
    if own:
        foreign.id = own.wrap().authenticator_data.credential_data.credential_id
    for name in ("mfa_authenticate", "mfa_reauthenticate_webauthn"):
        page = client.get(reverse(name))
        asked = page.context and page.context.get("js_data")
        typed = foreign.get(asked["request_options"]) if asked else "{}"
        client.post(reverse(name), {"credential": typed})
        client.post(reverse("mfa_trust"), {"action": "trust"})


WAYS = [
    by_password, by_reset_link, by_mailed_code, by_old_session, by_password_again, by_wrong_codes, by_foreign_passkey
]  # fmt: skip
FACTORS = {
    "app": lambda user: (TOTP.activate(user, SECRET), RecoveryCodes.activate(user)),
    "passkey": passkeys.enrol,
    "codes": RecoveryCodes.activate,
    "none": lambda user: None,
}


def trusting(user):
    """The cookie that this account's browser has after „diesem Gerät 30 Tage vertrauen“."""
    client = Client()
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": recovery_codes(user)[0]})
    client.post(reverse("mfa_trust"), {"action": "trust"})
    return client.cookies[TRUST_COOKIE].value


def no_device(user):
    return ""


def own_device(user):
    return trusting(user) if Authenticator.objects.filter(user=user).exists() else ""


def device_of_another(user):
    return trusting(staff(make.organisation("Andere"), email=f"andere.{user.pk}@lich.example"))


def device_from_before_a_reset(user):
    if not Authenticator.objects.filter(user=user).exists():
        return ""
    cookie = trusting(user)
    Authenticator.objects.filter(user=user).delete()
    fresh = staff(email=f"vorlage.{user.pk}@lich.example")
    Authenticator.objects.filter(user=fresh).update(user=user)
    return cookie


def forged_device(user):
    return trusting(staff(make.organisation("X"), email=f"x.{user.pk}@lich.example"))[:-3] + "AAA"


DEVICES = [no_device, own_device, device_of_another, device_from_before_a_reset, forged_device]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.sqlite  # no matter of the database: once is enough for CI
def test_no_way_leads_past_the_second_factor(way, proof):
    """Way × trusted device × each factor and none: only one's own device, trusted after a proof, spares it."""
    inside, tried, town = [], 0, make.organisation()
    for device, factor in itertools.product(DEVICES, FACTORS):
        user = staff(town, email=f"r{device.__name__}{factor}@lich.example".lower(), enrolled=False)
        FACTORS[factor](user)
        client = Client(REMOTE_ADDR=f"198.51.100.{tried + 1}")
        if cookie := device(user):
            client.cookies[TRUST_COOKIE] = cookie
        cache.clear()
        way(client, user)
        tried += 1
        if enters(client) == "Redaktion":
            inside.append((device.__name__, factor))
    # Who has the trusted browser, a session and an unchanged password proved the factor in it.
    spared = (
        []
        if way in (by_reset_link, by_mailed_code)
        else [("own_device", factor) for factor in ("app", "passkey", "codes")]
    )
    words = {"by_password": "Passwort", "by_reset_link": "Link zum Zurücksetzen", "by_mailed_code": "Code per Mail",
             "by_old_session": "Sitzung von vorher", "by_password_again": "Passwort noch einmal",
             "by_wrong_codes": "Passwort und falsche Codes", "by_foreign_passkey": "Passwort und fremder Passkey"}  # fmt: skip
    proof(
        "attacks", f"Zweiter Faktor umgehen: {words[way.__name__]}",
        tried=f"{tried} Fälle: Gerät (keins, eigenes, fremdes, altes, gefälschtes) × App, Passkey, gedruckte Codes, kein Faktor",
        expected="in die Redaktion nur im eigenen, nach einem Nachweis vertrauten Gerät",
        seen=f"hineingekommen: {len(inside)}, davon erlaubt: {len([i for i in inside if i in spared])}",
    )  # fmt: skip
    assert inside == spared


@pytest.mark.slow
def test_no_address_of_the_redaktion_opens_without_the_factor(rows, proof):
    """Every address × GET and POST × {not enrolled, enrolled but not proved}: led away, and nothing changed."""
    clients = {}
    for name, enrolled in (("not enrolled", False), ("not proved", True)):
        clients[name] = Client()
        email = f"{name.replace(' ', '')}@lich.example"
        clients[name].force_login(staff(rows.organisation, email=email, enrolled=enrolled))
    clients["passkey"] = Client()
    clients["passkey"].force_login(
        holder := staff(rows.organisation, email="passkey@lich.example", enrolled=False)
    )
    passkeys.enrol(holder)
    before, wrong, tried = checksums(), [], 0
    ways = {reverse(way) for way in ("factor_choose", "mfa_reauthenticate", "mfa_reauthenticate_webauthn")}
    for name, address in audience.addresses(rows, audience.STAFF).items():
        for who, client in clients.items():
            for method in (client.get, client.post):
                tried += 1
                answer = method(address)
                if answer.status_code == 302 and answer["Location"].split("?")[0] in ways:
                    continue
                if name in ("admin:logout", "admin:unknown") or answer.status_code == 405:
                    client.force_login(User.objects.get(email=f"{who.replace(' ', '')}@lich.example"))
                    continue
                wrong.append(f"{who} at {name}: {answer.status_code} {answer.headers.get('Location', '')}")
    changes = changed(before, checksums())
    proof(
        "attacks", "Redaktion nur mit zweitem Faktor", tried=f"{tried} Anfragen: jede Adresse × GET, POST × nicht eingerichtet, App oder Passkey nicht nachgewiesen",
        expected="zum Einrichten oder Nachweisen, keine Zeile geändert",
        seen=f"{len(wrong)} anderes, {len(changes)} Tabellen geändert",
    )  # fmt: skip
    none(wrong, "Without the second factor there is nothing here:")
    assert set(changes) <= {"portal_user"}  # last_login of the new sessions


@pytest.mark.slow
def test_enrolling_with_a_stolen_password_is_told_to_the_owner(proof, django_capture_on_commit_callbacks):
    """An account that never enrolled is open to its password once; its owner reads of it."""
    user = staff(make.organisation(), enrolled=False)
    thief = Client()
    log_in(thief, user)
    secret = thief.get(reverse("mfa_activate_totp")).context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        thief.post(reverse("mfa_activate_totp"), {"code": code(secret)})
    told = [mail.subject for mail in Mail.objects.filter(to=user.email)]
    proof(
        "attacks", "Einrichten mit gestohlenem Passwort", tried="Konto ohne zweiten Faktor, Dieb richtet seinen ein",
        expected="die Inhaberin bekommt eine Mail", seen=f"{len(told)} Mail",
    )  # fmt: skip
    assert Authenticator.objects.filter(user=user, type="totp").exists()
    assert len(told) == 1, told


@pytest.mark.slow
def test_stolen_session_without_proof_changes_nothing_that_opens_the_account(proof):
    """Every page of /konto/ posted to with what a thief would type: factors, codes, address and password stay."""
    user = staff(make.organisation())
    key = passkeys.enrol(user).row
    thief = Client()
    thief.force_login(user)
    before = (
        list(Authenticator.objects.order_by("pk").values("pk", "type", "data")),
        User.objects.get(pk=user.pk).password,
        set(EmailAddress.objects.filter(verified=True).values_list("email", "primary")),
    )
    pages = [
        n
        for n, page in audience.PAGES.items()
        if page.audience == audience.ACCOUNT and n.startswith(("mfa_", "account_", "factor_"))
    ]
    typed = {
        "action_add": "", "email": "dieb@example.org", "oldpassword": "geraten-geraten", "password1": NEW, "password2": NEW,
        "code": "123456", "password": "geraten-geraten", "action": "trust", "name": "Dieb", "credential": passkeys.Passkey().create({"publicKey": {"challenge": "AAAA"}}),
    }  # fmt: skip
    shown = []
    for name in sorted(pages):
        arguments = {"account_confirm_email": ["x"], "account_reset_password_from_key": ["1", "x"],
                     "mfa_edit_webauthn": [key.pk], "mfa_remove_webauthn": [key.pk]}.get(name, [])  # fmt: skip
        url = reverse(name, args=arguments)
        if name == "account_logout":
            continue
        for answer in (thief.get(url), thief.post(url, typed)):
            body = answer.content.decode(errors="replace")
            shown += [name for c in recovery_codes(user) if c in body]
            shown += [name] if SECRET in body else []
    user.refresh_from_db()
    after = (
        list(Authenticator.objects.order_by("pk").values("pk", "type", "data")), user.password,
        set(EmailAddress.objects.filter(verified=True).values_list("email", "primary")),
    )  # fmt: skip
    proof(
        "attacks", "Gestohlene Sitzung ohne Nachweis", tried=f"{len(pages)} Seiten unter /konto/, GET und POST",
        expected="Faktoren, Codes, Passwort, bestätigte Adresse unverändert, nichts gezeigt",
        seen="unverändert" if before == after and not shown else f"geändert oder gezeigt: {shown}",
    )  # fmt: skip
    assert (after, shown) == (before, [])


# --- replay and brute force ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_code_of_the_app_and_a_printed_one_work_once(proof):
    user = staff(make.organisation())
    printed = recovery_codes(user)[0]
    outcome = {}
    for name, typed in (("app", code()), ("printed", printed)):
        outcome[name] = []
        for _twice in range(2):
            client = Client()
            log_in(client, user)
            client.post(reverse("mfa_authenticate"), {"code": typed})
            client.post(reverse("mfa_trust"), {"action": ""})
            outcome[name].append(enters(client) == "Redaktion")
    proof(
        "attacks", "Code noch einmal benutzen", tried="Code der App und Ersatzcode, je zweimal",
        expected="nur das erste Mal", seen=f"App {outcome['app']}, Ersatzcode {outcome['printed']}".replace("True", "ja").replace("False", "nein"),
    )  # fmt: skip
    assert outcome == {"app": [True, False], "printed": [True, False]}
    assert all(re.fullmatch(r"\d{8}", each) for each in recovery_codes(user))


def test_a_code_of_another_time_is_none():
    user = staff(make.organisation())
    with time_machine.travel(time.time() - 90):
        old = code()
    client = Client()
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": old})
    assert enters(client) == reverse("account_login")


@pytest.mark.slow
def test_codes_are_guessed_five_times_whoever_guesses(proof):
    """Counted per account: other clients, other sessions and other pages for codes do not help."""
    user, valid = staff(make.organisation()), 0
    for number in range(12):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}", headers={"host": f"testserver:{number + 1}"})
        page = reverse("mfa_authenticate")
        if number % 2:
            client.force_login(user)
            page = reverse("mfa_reauthenticate")
        else:
            log_in(client, user)
        answer = client.post(page, {"code": "000000"})
        valid += "falsch" in answer.content.decode().lower() or "incorrect" in answer.content.decode().lower()
    last = Client()
    last.force_login(user)
    last.post(reverse("mfa_reauthenticate"), {"code": code()})
    proof(
        "attacks", "Codes raten", tried="12 falsche Codes, jeder von einem anderen Gerät, dann der richtige",
        expected="nach 5 wird 5 Minuten lang keiner mehr geprüft",
        seen=f"danach der richtige: {'angenommen' if enters(last) == 'Redaktion' else 'abgewiesen'}",
    )  # fmt: skip
    assert valid == 5
    assert enters(last) == reverse("mfa_reauthenticate")
    with time_machine.travel(time.time() + 301):
        log_in(Client(), user)
        last.force_login(user)
        last.post(reverse("mfa_reauthenticate"), {"code": code()})
        assert enters(last) == "Redaktion"


@pytest.mark.slow
def test_foreign_passkeys_are_tried_five_times_like_codes(proof):
    """Each from another client, with the id of the right one; then the right one waits, too."""
    user = staff(make.organisation(), enrolled=False)
    right, foreign = passkeys.enrol(user), passkeys.Passkey()
    foreign.id, page = right.id, reverse("mfa_authenticate")
    refused = 0
    for number in range(8):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}")
        log_in(client, user)
        said = client.post(page, {"credential": foreign.get(passkeys.options(client.get(page)))})
        refused += "passt nicht zu Ihrem Zugang" in said.content.decode()
    client = Client(REMOTE_ADDR="198.51.100.99")
    log_in(client, user)
    client.post(page, {"credential": right.get(passkeys.options(client.get(page)))})
    proof(
        "attacks", "Passkeys durchprobieren", tried="8 fremde Passkeys mit der Kennung des richtigen, dann der richtige",
        expected="nach 5 wird 5 Minuten lang keiner mehr geprüft", seen=f"geprüft: {refused}",
    )  # fmt: skip
    assert (refused, enters(client)) == (5, reverse("account_login"))


SPELLINGS = [
    lambda number: {"headers": {"host": f"testserver:{number + 1}"}},
    lambda number: {"headers": {"host": "TESTSERVER" if number % 2 else "testserver."}},
    lambda number: {"login": "REDAKTION@lich.example" if number % 2 else " redaktion@LICH.example "},
    lambda number: {"headers": {"x-forwarded-for": f"203.0.113.{number}"}},
    lambda number: {"headers": {"x-forwarded-host": f"h{number}.example"}},
]


@pytest.mark.logs_errors  # a host with a dot at its end is refused
@pytest.mark.parametrize("spelling", range(len(SPELLINGS)))
def test_passwords_are_guessed_five_times_whoever_guesses(spelling, proof):
    """From many clients at one account: neither a Host header, nor a spelling, nor a forged address is a fresh start."""
    user = staff(make.organisation())
    for number in range(8):
        said = SPELLINGS[spelling](number)
        client = Client(
            REMOTE_ADDR=f"198.51.100.{number}", headers=said.get("headers"), raise_request_exception=False
        )
        client.post(
            reverse("account_login"), {"login": said.get("login", user.email), "password": "falsch-falsch"}
        )
    last = Client(REMOTE_ADDR="198.51.100.200")
    log_in(last, user)
    asked = last.get(reverse("mfa_authenticate")).status_code == 200
    proof(
        "attacks", "Passwort raten von vielen Geräten",
        tried="8 Versuche von 8 Adressen, mit wechselndem Host, Port, Schreibweise, X-Forwarded-…; dann das richtige",
        expected="nach 5 wird 5 Minuten lang keins mehr geprüft",
        seen=f"danach das richtige: {'angenommen' if asked else 'abgewiesen'}",
    )  # fmt: skip
    assert not asked


def guess(user, times, *, network, cookie=""):
    """So many wrong passwords, each from an address of its own."""
    for number in range(times):
        client = Client(REMOTE_ADDR=f"{network}.{number}")
        if cookie:
            client.cookies[TRUST_COOKIE] = cookie
        log_in(client, user, "falsch-falsch-falsch")


def gets_in(user, cookie, *, address):
    """Whether the right password is taken from a browser with this cookie."""
    client = Client(REMOTE_ADDR=address)
    if cookie:
        client.cookies[TRUST_COOKIE] = cookie
    log_in(client, user)
    return enters(client) == "Redaktion" or client.get(reverse("mfa_authenticate")).status_code == 200


@pytest.mark.slow
def test_strangers_on_many_clients_do_not_keep_a_trusted_device_out(proof):
    """The account's count does not hold there; everybody else waits, whatever cookie they made or borrowed."""
    town = make.organisation()
    user, other = staff(town), staff(town, email="andere@lich.example")
    own, borrowed = trusting(user), trusting(other)
    with time_machine.travel(time.time() - 31 * 24 * 3600):
        expired = trusting(user)
    head, _colon, _signature = own.rpartition(":")
    cookies = {
        "ohne": "", "fremdes Konto": borrowed, "gefälscht": own[:-3] + "AAA", "ohne Signatur": head, "fremde Signatur": f"{head}:{borrowed.rpartition(':')[2]}",
        "abgelaufen": expired, "Unsinn": "x" * 3000, "eigenes": own,
    }  # fmt: skip
    guess(user, 12, network="198.51.100")
    opened = {
        name: gets_in(user, cookie, address=f"203.0.113.{number}")
        for number, (name, cookie) in enumerate(cookies.items())
    }
    proof(
        "attacks", "Konto von vielen Geräten sperren", tried=f"12 falsche Passwörter von 12 Adressen, dann das richtige mit {len(cookies)} Cookies (fremd, gefälscht, abgelaufen …)",
        expected="nur das eigene vertraute Gerät kommt hinein", seen=", ".join(name for name, is_open in opened.items() if is_open),
    )  # fmt: skip
    assert [name for name, is_open in opened.items() if is_open] == ["eigenes"]


@pytest.mark.slow
def test_a_trusted_device_guesses_five_times_and_no_more_than_its_account(proof):
    """Stolen, it is no way to guess on; and it keeps nobody else out."""
    user = staff(make.organisation())
    stolen, second = trusting(user), trusting(staff(make.organisation("B"), email="b@lich.example"))
    guess(user, 8, network="198.51.100", cookie=stolen)
    seen = {
        "gestohlenes": gets_in(user, stolen, address="203.0.113.1"),
        "ohne": gets_in(user, "", address="203.0.113.2"),
    }
    guess(user, 8, network="198.51.101", cookie=second)  # trusted by another account: counts for this one
    seen["danach ohne"] = gets_in(user, "", address="203.0.113.3")
    user.set_password(PASSWORD)  # hashed anew: what was trusted before is not any more
    user.save(update_fields=["password"])
    seen["nach neuem Passwort"] = gets_in(user, stolen, address="203.0.113.4")
    proof(
        "attacks", "Passwort raten im vertrauten Gerät", tried="8 Versuche mit dem Cookie des Geräts, dann das richtige; neues Passwort; Cookie eines anderen Kontos",
        expected="nach 5 abgewiesen, andere unberührt; nach neuem Passwort kein Vorrecht mehr", seen=", ".join(f"{name}: {'ja' if is_open else 'nein'}" for name, is_open in seen.items()),
    )  # fmt: skip
    assert seen == {"gestohlenes": False, "ohne": True, "danach ohne": False, "nach neuem Passwort": False}


@pytest.mark.slow
def test_one_client_guesses_ten_passwords_a_minute_whatever_the_account(proof):
    for number in range(10):
        staff(email=f"k{number}@lich.example", enrolled=False)
    user = staff(make.organisation(), email="letzte@lich.example")
    client = Client(REMOTE_ADDR="2001:db8::1")
    for number in range(10):
        client.defaults["REMOTE_ADDR"] = f"2001:db8::{number + 1}"  # one connection has them all
        log_in(client, User.objects.get(email=f"k{number}@lich.example"), "Sommer2026-Sommer")
    log_in(client, user)
    asked = client.get(reverse("mfa_authenticate")).status_code == 200
    proof(
        "attacks", "Ein Passwort an vielen Konten", tried="10 Konten von einem IPv6-Anschluss, dann ein richtiges",
        expected="nach 10 in der Minute keins mehr", seen="abgewiesen" if not asked else "angenommen",
    )  # fmt: skip
    assert not asked


@pytest.mark.slow
def test_reset_mails_of_all_spellings_and_clients_are_three_a_day(proof):
    user = staff(make.organisation())
    spelled = [
        "redaktion@lich.example",
        "REDAKTION@lich.example",
        " redaktion@Lich.Example",
        "redaktion@lich.example",
    ]
    for number in range(12):
        client = Client(REMOTE_ADDR=f"198.51.100.{number}", headers={"host": f"testserver:{number + 1}"})
        client.post(reverse("account_reset_password"), {"email": spelled[number % 4]})
    mails = Mail.objects.count()
    proof(
        "attacks", "Mailbombe: Passwort zurücksetzen", tried="12 Anfragen von 12 Adressen, 4 Schreibweisen",
        expected="höchstens 3 Mails am Tag", seen=f"{mails} Mails",
    )  # fmt: skip
    assert (mails, set(Mail.objects.values_list("to", flat=True))) == (3, {user.email})


# --- sessions --------------------------------------------------------------------------------------------


def test_a_session_that_somebody_planted_is_not_the_one_after_login(proof):
    """Fixation: the number changes at the login and at the code."""
    user = staff(make.organisation())
    client = Client()
    client.get(reverse("account_login"))
    session = client.session
    session["planted"] = "x"
    session.save()
    planted = session.session_key
    client.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    log_in(client, user)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    client.post(reverse("mfa_trust"), {"action": ""})
    attacker = Client()
    attacker.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    outcome = (enters(client), enters(attacker), client.session.session_key != planted)
    proof(
        "attacks", "Sitzung unterschieben", tried="Nummer der Sitzung vor der Anmeldung gesetzt, danach benutzt",
        expected="neue Nummer, die alte öffnet nichts", seen=f"Angreifer: {'drin' if outcome[1] == 'Redaktion' else 'draußen'}, Nummer {'neu' if outcome[2] else 'gleich'}",
    )  # fmt: skip
    assert outcome == ("Redaktion", reverse("account_login"), True)
    assert re.fullmatch("[a-z0-9]{32}", client.session.session_key), "165 random bits"


@pytest.mark.slow
def test_sessions_end_with_logout_password_and_twenty_hours(proof):
    """What a thief copied is worth nothing after logout, a new password or twenty hours (no less: WCAG 2.2.1)."""
    ended = {}
    for name in ("logout", "password", "reset", "hours"):
        user = staff(make.organisation(name), email=f"{name}@lich.example")
        owner = proven(user)
        thief = Client()
        thief.cookies[django_settings.SESSION_COOKIE_NAME] = owner.cookies[
            django_settings.SESSION_COOKIE_NAME
        ].value
        assert enters(thief) == "Redaktion"
        later = 0
        if name == "logout":
            owner.post(reverse("account_logout"))
        elif name == "password":
            data = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
            owner.post(reverse("account_change_password"), data)
        elif name == "reset":
            by_reset_link(Client(), user)
        else:
            later = timedelta(hours=20, minutes=1).total_seconds()
        with time_machine.travel(time.time() + later):
            ended[name] = enters(thief) == reverse("account_login")
    proof(
        "attacks", "Kopierte Sitzung weiterbenutzen", tried="nach Abmelden, neuem Passwort, Zurücksetzen, 20 Stunden",
        expected="Anmeldung nötig", seen=f"beendet: {sum(ended.values())} von 4",
    )  # fmt: skip
    assert ended == {"logout": True, "password": True, "reset": True, "hours": True}


@pytest.mark.slow
@pytest.mark.sqlite  # no matter of the database: once is enough for CI
def test_logging_somebody_in_from_elsewhere_is_refused(rows, proof):
    """Login CSRF and every other POST of /konto/ and the Redaktion without the token of the page."""
    user = staff(rows.organisation)
    wrong, tried = [], 0
    for name, address in audience.addresses(rows, audience.ACCOUNT, audience.STAFF).items():
        client = Client(enforce_csrf_checks=True)
        client.force_login(user) if name not in ("account_login", "account_reset_password") else None
        for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {}):
            tried += 1
            answer = client.post(address, {"login": user.email, "password": PASSWORD}, headers=headers)
            if answer.status_code not in (403, 405):
                wrong.append(f"{name} from {headers.get('origin', 'nowhere')}: {answer.status_code}")
    proof(
        "attacks", "Formular von fremder Seite (CSRF)", tried=f"{tried} POST an jede Adresse von /konto/ und /verwaltung/: fremder, null, kein Origin",
        expected="403 oder 405", seen=f"{len(wrong)} anderes",
    )  # fmt: skip
    none(wrong, "Not refused:")
