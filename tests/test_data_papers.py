"""Notices at forms, „Wer sieht was", proof of consent and the papers: all say what the code does."""

import hashlib
import math
import re
import shutil
from datetime import timedelta

import pytest
from allauth.account import app_settings
from allauth.core.internal.ratelimit import parse_rates
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal import (
    confirmations,
    data_papers,
    measures,
    privacy,
    registering,
    remembering,
    retention,
    roles,
    signups,
    traps,
    who_sees,
)
from portal.association import association
from portal.models import Booking, Mail, Membership, Organisation
from tests import make, source
from tests.make import NOW
from tests.markup import Page
from tests.staffroom import proven, staff
from tests.test_house import none
from volunteers.models import Shift

db = pytest.mark.django_db
DAY = timedelta(days=1)


# --- papers -------------------------------------------------------------------------------------------
def test_papers_and_texts_of_consents_are_up_to_date(proof):
    outdated = data_papers.outdated()
    proof(
        "privacy",
        "Unterlagen aus dem Quelltext",
        tried=f"{len(data_papers.PAPERS)} Papiere und {len(data_papers.consents())} Fassungen neu erzeugt",
        expected="gleich den abgelegten",
        seen=", ".join(outdated) or "gleich",
    )
    none(outdated, "These say what was true before: ./run manage datenschutz")


def test_a_consent_that_changes_needs_a_new_version(tmp_path, monkeypatch, proof):
    """Who agreed to „helfen-2026-12" agreed to what that file says, for ever."""
    monkeypatch.setattr(data_papers, "FOLDER", tmp_path)
    monkeypatch.setattr(data_papers, "VERSIONS", tmp_path / "fassungen")
    shutil.copytree(source.ROOT / "docs/datenschutz/fassungen", tmp_path / "fassungen")
    consent = data_papers.consents()[0]
    kept = tmp_path / "fassungen" / f"{consent.version}.txt"
    kept.write_text("ein anderer Satz")

    with pytest.raises(CommandError) as refused:
        call_command("datenschutz")
    proof(
        "privacy",
        "Nachweis der Einwilligung: Fassung",
        tried="Text am Formular geändert, Fassung nicht",
        expected="Test und Befehl verlangen eine neue Fassung",
        seen=str(refused.value)[-60:],
    )
    assert consent.version in str(refused.value)
    assert kept.read_text() == "ein anderer Satz"
    assert kept.name in data_papers.outdated()


def test_what_earlier_versions_said_is_kept_word_for_word():
    """Two forms shared a version in November; their text is that of the commits before „helfen-2026-12“."""
    kept = {
        path.stem: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in data_papers.VERSIONS.glob("*2026-11.txt")
    }
    assert kept == {"2026-11": "e1267cd5422d378b", "seminar-2026-11": "cbc3f12ff0efb457"}


def test_consents_have_versions_of_their_own():
    versions = [consent.version for consent in data_papers.consents()]
    assert len(set(versions)) == len(versions)
    limit = Booking._meta.get_field("wording").max_length
    assert [version for version in versions if len(version) > limit] == []


def test_every_paper_ends_with_what_is_open():
    for path, text in data_papers.papers():
        assert "**offen:**" in text.rstrip().split("\n\n")[-1], path.name


def test_threshold_analysis_counts_the_purposes_of_the_record():
    """Visits of pages are a purpose that no table holds: it stands in the record's template."""
    texts = {path.stem: text for path, text in data_papers.papers()}
    recorded = re.findall(r"^## \d+\.", texts["verzeichnis"], re.MULTILINE)
    assert f"| {len(recorded)} Zwecke;" in texts["schwellwertanalyse"]


def test_record_says_how_long_limits_remember_an_address():
    """From the settings: a longer limit needs another sentence."""
    longest = {}
    for limit in filter(None, app_settings.RATE_LIMITS.values()):
        for rate in parse_rates(limit):
            longest[rate.per] = max(longest.get(rate.per, 0), rate.duration)
    windows = {
        (path.name, math.prod(map(int, number.split("*"))))
        for path in source.files(".py")
        if path.parts[0] in ("portal", "volunteers", "seminars")
        for number in re.findall(r"\bseconds=(\d[\d *]*)", source.read(path))
    }
    of_login = {rate.per: rate.duration for rate in parse_rates(app_settings.RATE_LIMITS["login_failed"])}
    record = {path.stem: text for path, text in data_papers.papers()}["verzeichnis"]
    lines = [line for line in record.splitlines() if "Prüfsumme" in line and "begrenzen" in line]
    assert [re.search(r"\(([^()]*)\) \|$", line)[1] for line in lines] == [
        "höchstens zehn Minuten, nach „Barriere melden“ einen Tag",
        "nach einem falschen Passwort fünf Minuten, vor Ort und nach „Passwort vergessen“ einen Tag",
    ]
    assert {window for window in windows if window[1] > 600} == {
        ("barriers.py", 24 * 60 * 60),
        ("spot_login.py", 60 * 60),
        ("spot_login.py", 24 * 60 * 60),
    }
    assert (longest["ip"] <= 600, traps.HASTY_WINDOW) == (True, 600)
    assert (of_login["key"], longest["key"]) == (5 * 60, 24 * 60 * 60)


@db
def test_record_names_the_hash_of_a_mailbox_in_the_key_of_a_mail():
    signups.register(slots=[make.shift()], name="Kim", email="kim@example.org", age_confirmed=True, now=NOW)
    (key,) = Mail.objects.values_list("key", flat=True)
    assert confirmations.mailbox("kim@example.org") in key
    record = {path.stem: text for path, text in data_papers.papers()}["verzeichnis"]
    (said,) = [line for line in record.splitlines() if line.startswith("| Prüfsummen |")]
    assert "Grenze von drei Mails am Tag" in said
    assert "höchstens, bis die Mail einen Tag alt ist" in said
    assert (confirmations.CONFIRMATIONS_A_DAY, confirmations.DAY) == (3, DAY)


def test_what_does_not_exist_yet_is_said_as_long_as_that_is_true():
    """The concept of deletion on certificates (class K3), the papers for a town's IT on passkeys (rule 36)."""
    texts = {path.stem: text for path, text in data_papers.papers()}
    columns = [str(field) for model in apps.get_models() for field in model._meta.get_fields()]
    has_certificates = any("certificate" in column for column in columns)
    line = "| K3 | Name auf einer Teilnahmebescheinigung (12 Monate, wenn es sie einmal gibt) | gibt es in diesem Portal nicht. |"
    assert (line in texts["loeschkonzept"]) is not has_certificates
    open_points = {
        "massnahmen.md": "**offen:** Passkeys" in texts["massnahmen"],
        "sicherheit.md": "Offen: Passkeys" in source.read("docs/sicherheit.md"),
        "betrieb.md": "Offen: Passkeys" in source.read("docs/betrieb.md"),
    }
    assert open_points == dict.fromkeys(open_points, "webauthn" not in settings.MFA_SUPPORTED_TYPES)


def test_every_measure_names_tests_that_exist():
    defined = {
        name
        for path in source.files(".py")
        if path.parts[0] == "tests"
        for name in re.findall(r"^def (test_\w+)", source.read(path), re.MULTILINE)
    }
    named = {test for measure in measures.MEASURES for test in measure.proofs}
    none(named - defined, "portal/measures.py names tests that do not exist:")


# --- who sees what ------------------------------------------------------------------------------------
@db
def test_page_names_every_role_and_right_in_german(client, proof):
    page = Page(client.get("/datenschutz/wer-sieht-was/").content.decode())
    heads = [head.text for head in page.all("h2")]
    tables = page.all("table")
    assert page.faults == []
    missing = []
    for role, rights in roles.RIGHTS.items():
        rows = [cell.text for cell in tables[heads.index(role.label)].walk() if cell.tag == "th"]
        for label in rights:
            words = str(apps.get_model(label)._meta.verbose_name_plural)
            if not any(row.startswith(words) for row in rows):
                missing.append(f"{role}: {label}")
    proof(
        "privacy",
        "Wer sieht was",
        tried=f"{len(roles.RIGHTS)} Rollen, {sum(map(len, roles.RIGHTS.values()))} Rechte aus roles.py",
        expected="jedes steht mit deutschem Namen auf der Seite",
        seen=", ".join(missing) or "alle",
    )
    assert set(roles.RIGHTS) == set(Membership.Role)
    assert missing == []


def test_a_right_without_a_german_word_is_not_passed_over(monkeypatch):
    new = roles.RIGHTS[Membership.Role.EDITOR] | {"portal.mail": roles._right("view print")}
    monkeypatch.setitem(roles.RIGHTS, Membership.Role.EDITOR, new)
    with pytest.raises(LookupError, match="print"):
        who_sees.overview()


@pytest.mark.parametrize("label", ["volunteers.shiftsignup", "seminars.sessionsignup"])
def test_people_behind_sign_ups_are_named(label):
    words = str(apps.get_model(label)._meta.verbose_name_plural)
    lines = [line for seen in who_sees.overview() for line in seen.lines if line.what == words]
    assert lines
    assert all(line.people.startswith("Name, E-Mail, Telefon") for line in lines)


# --- notices ------------------------------------------------------------------------------------------
def notice(client, path):
    """Both layers beside the form, as people read them."""
    page = Page(client.get(path).content.decode())
    (note,) = (part for part in page.root.walk() if part.get("class") == "form__note" and part.tag == "div")
    return " ".join(note.text.split())


@pytest.mark.slow
@db
def test_notice_at_each_form_names_who_answers_for_it_and_nobody_else(client, proof):
    lich = make.organisation("Stadt Lich", privacy_text="Beauftragte: datenschutz@lich.example")
    hungen = make.organisation(
        "Stadt Hungen", contact_email="rathaus@hungen.example", contact_phone="06402 85"
    )
    ours = association()
    Organisation.objects.filter(pk=ours.pk).update(
        address="Verbandsweg 1, Mühlheim", privacy_text="Beauftragter: ds@verband.example"
    )
    soon = timezone.now() + 9 * DAY
    forms = {}
    for organisation in (lich, hungen, ours):
        action = make.opportunity(organisation=organisation, organiser=f"Verein {organisation.pk}, Weg 1")
        make.shift(starts=soon, opportunity=action)
        forms[action.get_absolute_url()] = (
            organisation,
            f"Verein {organisation.pk}, Weg 1",
            ["30 Tage", "7 Tage"],
        )
    session = make.session(starts=soon, series=make.series(passes_to="Stiftung Beispiel"))
    forms[session.get_absolute_url()] = (ours, "Stiftung Beispiel", ["30 Tage"])
    for path in ("/mitmachen/bescheid/", "/seminare/bescheid/"):
        forms[path] = (ours, "keine Kommune", ["12 Monate", "3 Tage"])

    wrong = []
    for path, (organisation, recipient, periods) in forms.items():
        organisation.refresh_from_db()
        said = notice(client, path)
        wanted = [
            organisation.name, organisation.address, organisation.contact_email, organisation.privacy_text,
            recipient, *periods, "Art. 6 Abs. 1 Buchst. a DSGVO", "widerrufen", "berichtigen", "mitnehmen",
            "löschen", "HBDI",
        ]  # fmt: skip
        wrong += [f"{path} sagt nicht: {word}" for word in wanted if word not in said]
        others = {lich.contact_email, hungen.contact_email, ours.contact_email} - {organisation.contact_email}
        wrong += [f"{path} sagt zu viel: {word}" for word in others if word in said]
    proof(
        "privacy",
        "Hinweise am Formular (Art. 13)",
        tried=f"{len(forms)} Formulare, drei Verantwortliche",
        expected="Verantwortliche, Kontakt, Beauftragte, Empfänger, Fristen, Rechte, Aufsicht; niemand sonst",
        seen="; ".join(wrong) or "alles da, nichts Fremdes",
    )
    assert wrong == []


@db
def test_periods_on_pages_are_those_of_the_deletion(client, monkeypatch):
    shift = make.shift(starts=timezone.now() + 9 * DAY)
    monkeypatch.setitem(retention.SPANS, "person", timedelta(days=45))
    remembering.forget()  # a period changes with the code, so with the process
    said = notice(client, shift.get_absolute_url())
    remembering.forget()
    assert "45 Tage danach löschen wir sie" in said


TYPED_ELSEWHERE = {
    "retention.py": "the one place",
    "letters.py": "an example in a comment",
    "reminding.py": "a reminder, no deletion",
    "trust.html": "how long a browser is trusted",
    "security.html": "how long a weakness is kept quiet",
    "condition.py": "how long something has failed",
    "mail_filters.py": "since when mails are listed",
    "records.py": "since when the log is listed",
    "welcome.py": "how long something waits",
    "start.html": "how long an action takes",
    "loeschkonzept.md": "how often it runs; proposals for backups",
}
TYPED = re.compile(
    r"\b(?:\d+|drei|sieben|dreißig|elf|zwölf|sechs)\s+(?:Stunden|Tagen?|Monaten?)\b(?! vorher)", re.IGNORECASE
)


def test_no_period_is_typed_by_hand():
    """`{% period %}` and `retention.words` say it, so that no page promises what the nightly run does not do."""
    wrong = [
        f"{path}: {found.group(0)}"
        for path in source.files(".html", ".txt", ".py", ".md")
        if path.parts[0] in ("templates", "volunteers", "seminars", "initiatives", "portal")
        and "migrations" not in path.parts and path.name not in TYPED_ELSEWHERE
        for found in TYPED.finditer(source.read(path))
    ]  # fmt: skip
    none(wrong, "A period of deletion stands in portal/retention.py only:")


# --- proof of consent ---------------------------------------------------------------------------------
@db
def test_proof_of_consent_is_shown_to_staff(proof):
    town = make.organisation()
    shift = make.shift(starts=NOW + 300 * DAY, opportunity=make.opportunity(organisation=town))
    client = proven(staff(town))
    booking = signups.register(
        slots=[shift], name="Kim Muster", email="kim@example.org", age_confirmed=True, now=NOW
    )
    signups.confirm(booking, signups=signups.signups_of(booking), now=NOW + timedelta(minutes=7))
    signups.register(
        slots=[shift], name="Opa Ohnemail", email="", phone="06404 1", age_confirmed=True, now=NOW,
        source=Booking.Source.PHONE, entered_by=staff(email="zweite@lich.example"),
    )  # fmt: skip
    page = Page(client.get(f"/verwaltung/volunteers/shift/{shift.pk}/change/").content.decode())
    said = " ".join(page.root.text.split())
    noon = "10.06.2026 12:00 Uhr"
    wanted = [
        f"Fassung {Shift.wording}, eingetragen {noon}, Mail {noon}, bestätigt 10.06.2026 12:07 Uhr",
        f"Fassung {registering.PHONE_WORDING}, am Telefon, eingetragen {noon}",
    ]
    seen = [words for words in wanted if words in said]
    proof(
        "privacy",
        "Nachweis der Einwilligung",
        tried="Formular mit Klick und Anruf, Liste in der Redaktion",
        expected="Fassung, Eintrag, Mail, Klick; keine IP-Adresse",
        seen=f"{len(seen)} von 2 vollständig",
    )
    assert seen == wanted
    assert "127.0.0.1" not in said


@db
def test_the_operator_can_prove_consent_and_erasure_of_an_address(settings, capsys, proof):
    settings.SECRET_KEY_FALLBACKS = []
    booking, watch = make.booking("kim@example.org", wording="helfen-2026-12"), make.watch("kim@example.org")
    make.booking("andere@example.org")
    call_command("einwilligung", "Kim@Example.org")
    before = capsys.readouterr().out.splitlines()
    privacy.erase(booking, now=NOW)
    privacy.forget(watch, now=NOW)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = (
        "x" * 50,
        [settings.SECRET_KEY],
    )  # it was changed since
    call_command("einwilligung", "kim@example.org")
    after = capsys.readouterr().out.splitlines()
    proof(
        "privacy",
        "Nachweis zu einer Adresse",
        tried="Befehl einwilligung vor und nach der Löschung, auch nach Wechsel des Schlüssels",
        expected="zwei Einwilligungen, dann zwei Löschungen, nichts von anderen",
        seen=f"{len(before)}, dann {len(after)}",
    )
    noon = "eingetragen 10.06.2026 12:00 Uhr, bestätigt 10.06.2026 12:00 Uhr"
    assert before == [
        f"Anmeldung {booking.pk}, Stadt Lich: Fassung helfen-2026-12, {noon}",
        f"Benachrichtigung {watch.pk}, {watch.organisation}: Fassung 2026-11, {noon}",
    ]
    assert after == [f"{line}; auf Wunsch gelöscht 10.06.2026 12:00 Uhr" for line in before]


# --- K9 -----------------------------------------------------------------------------------------------
@db
def test_public_pages_publish_no_number_of_people(client, proof):
    """Where seats are unlimited nothing on a page depends on how many come."""
    shift = make.shift(starts=timezone.now() + 9 * DAY, capacity=None)
    paths = ["/", "/mitmachen/", shift.get_absolute_url()]

    def pages():
        return [Page(client.get(path).content.decode()).one("main").text for path in paths]

    empty = pages()
    for _number in range(4):
        make.signup(shift)
    differ = [path for path, one, other in zip(paths, empty, pages(), strict=True) if one != other]
    proof(
        "privacy",
        "K9 Statistik",
        tried=f"{len(paths)} Seiten ohne und mit 4 Anmeldungen verglichen (Plätze unbegrenzt)",
        expected="kein Unterschied",
        seen=", ".join(differ) or "kein Unterschied",
    )
    assert differ == []
