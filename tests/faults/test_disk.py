"""A disk is full: what cannot be stored is refused in German, nothing is half stored, and space alone mends it."""

import shutil
import time

import pytest

from tests.faults.site import POSTGRES, pages, story
from tests.servers import wait_until

pytestmark = pytest.mark.slow
DATABASE = "data" if POSTGRES else "var"  # on a laptop the database lies beside everything else


def test_full_disk_of_the_database_takes_nothing_by_halves(site, proof):
    """Some sign-ups still fit into pages that are there; the first that does not is refused."""
    crowd, before = site.visitors("voll", 30), site.books("voll")
    site.disks[DATABASE].fill()
    answers, refused = [], []
    for visitor in crowd:
        answers.append(visitor.sign_up())
        if answers[-1].status != 200:
            refused.append(visitor)
        if len(refused) == 3:
            break
    reading = site.portal_page("/mitmachen/")
    site.disks[DATABASE].free()
    if POSTGRES and site.postgres.process.poll() is not None:
        site.postgres.start()  # as `restart: unless-stopped` does
    with_full_disk, began = site.books("voll"), time.monotonic()
    again = [visitor.press_again() for visitor in refused]
    seconds = time.monotonic() - began
    site.all_left("voll", seconds=90)

    after, fine = site.books("voll"), len(answers) - len(refused)
    proof(
        "faults", "Platte voll: Datenbank",
        tried=f"kein Byte mehr frei ({'PostgreSQL' if POSTGRES else 'SQLite'}), Anmeldungen bis drei abgelehnt sind; dann Platz, noch einmal",
        expected="deutsche 503 mit behaltener Eingabe; Erfolgsseite nur, wo die Zeile steht; lesen geht (PostgreSQL); danach alles von selbst",
        seen=story(before, after, [*answers, *again], f"bei voller Platte {with_full_disk.forms} Zeilen zu {fine} Erfolgen",
                   f"Liste {reading[0]}", f"danach wieder in {seconds:.1f} s"),
    )  # fmt: skip
    assert len(refused) == 3
    assert pages(a for a in answers if a.status != 200) == "3 × „503 mit behaltener Eingabe“"
    assert (with_full_disk.forms, with_full_disk.mails, with_full_disk.half) == (fine, fine, 0)
    # SQLite needs a file of its own even to read.
    assert reading[0] == 200 or (not POSTGRES and "Fehler 503" in reading[2])
    assert pages(again) == "3 × „Noch nicht fest“"
    assert (after.forms, after.mails, after.arrived) == (len(answers),) * 3
    assert (after.doubled, after.half) == (0, 0)


@pytest.mark.postgres
def test_full_disk_of_media_and_journal_stops_no_sign_up_and_no_mail(site, proof):
    """The journal is written after the fact; only a wish to be erased must not be forgotten, so it waits."""
    crowd, before = site.visitors("medien", 3), site.books("medien")
    site.disks["var"].fill()
    shutil.rmtree(site.settings["VAR_DIR"] / "journal")  # else a line may still fit into its last block
    site.disks["var"].fill()  # before the clock of the site writes its next line
    answers = [visitor.sign_up() for visitor in crowd]
    site.all_left("medien", seconds=20)
    crowd[0].open_confirmation()
    answers.append(crowd[0].press("Platz sichern"))
    erasing = crowd[0].press("Ja, alles löschen")
    between = site.books("medien")
    site.disks["var"].free()
    erased = crowd[0].press_again() if erasing.status == 503 else erasing

    after = site.books("medien")
    proof(
        "faults", "Platte voll: Medien und Journal",
        tried="kein Byte mehr frei für Medien und Journal: 3 melden sich an, 1 bestätigt und lässt alles löschen; dann Platz, noch einmal",
        expected="Anmeldungen und Mails gehen; die Löschung wartet (503) und gelingt danach",
        seen=story(before, between, [*answers, erasing, erased], f"danach Anmeldungen mit Adresse {after.forms}"),
    )  # fmt: skip
    assert pages(answers) == "1 × „Ihr Platz ist sicher“, 3 × „Noch nicht fest“"
    assert (between.forms, between.mails, between.half) == (3, 4, 0)
    assert (erasing.status, erased.status) == (503, 200)
    assert (after.forms, after.half) == (2, 0)


def test_full_disk_of_the_logs_stops_nothing(site, proof):
    (visitor, other), before = site.visitors("protokoll", 2), site.books("protokoll")
    site.disks["logs"].fill()
    answers = [visitor.sign_up()]
    lost = site.portal_page("/gibt-es-nicht/")[0]
    site.all_left("protokoll", seconds=90)
    alive = [server.process.poll() is None for server in site.started]
    size = site.portal.log_file.stat().st_size
    site.disks["logs"].free()
    answers.append(other.sign_up())
    site.all_left("protokoll", seconds=90)

    after = site.books("protokoll")
    proof(
        "faults", "Platte voll: Protokolle",
        tried="kein Byte mehr frei für die Protokolle aller Prozesse, Anmeldung; dann Platz, noch eine",
        expected="alles läuft weiter, danach wird wieder geschrieben",
        seen=story(before, after, answers, f"{sum(alive)} von {len(alive)} Prozessen laufen"),
    )  # fmt: skip
    assert pages(answers) == "2 × „Noch nicht fest“"
    assert all(alive)
    assert lost == 404
    assert (after.forms, after.mails, after.arrived, after.doubled) == (2, 2, 2, 0)
    if POSTGRES:  # a laptop writes no line per request
        wait_until(lambda: site.portal.log_file.stat().st_size > size, what="it writes again")
