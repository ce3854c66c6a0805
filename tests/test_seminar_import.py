"""The real past sessions: read whole or not at all, honest about what is known, never written twice."""

import json
from datetime import datetime, timedelta

import pytest

from portal.association import association
from portal.imports import DATA, BrokenFile
from seminars import collected
from seminars.models import Series, Session
from tests.make import BERLIN, NOW

pytestmark = pytest.mark.django_db


def entry(**changes):
    return {
        "id": "eins", "title": "Erstes Seminar", "date": "2023-01-25", "date_precision": "day",
        "start_time": None, "end_time": None, "description": "Worum es ging.",
        "info_url": "https://quelle.example/1",
        "speakers": [{"name": "Frau Sommer", "function": "Leiterin", "status": "angefragt"}],
    } | changes  # fmt: skip


def write(tmp_path, *entries, generated="2026-11-22"):
    path = tmp_path / "seminars.json"
    path.write_text(json.dumps({"generated": generated, "sessions": list(entries)}), encoding="utf-8")
    return path


def at(*moment):
    return datetime(*moment, tzinfo=BERLIN)


def test_shipped_file_holds_the_three_real_sessions_with_what_is_known_of_their_time():
    report = collected.seminars(DATA / "seminars.json", now=NOW)
    assert [len(report.new), len(report.unchanged)] == [3, 0]
    found = {session.source_key: session for session in Session.objects.prefetch_related("speakers")}
    assert {key: session.when_words for key, session in found.items()} == {
        "kommunalengagiert-2023-01-25": "Mittwoch, 25. Januar 2023",
        "kommunalengagiert-zusammenhalt": "Datum nicht bekannt",
        "kommunalengagiert-2024-11-13": "Mittwoch, 13. November 2024, 13.30 Uhr",
    }
    assert {session.registration for session in found.values()} == {"elsewhere"}
    assert [(s.name, s.is_asked) for s in found["kommunalengagiert-2023-01-25"].speakers.all()] == [
        ("Frank Buß", False), ("Michaela Wolff", False), ("Kerstin Stocker", True),
    ]  # fmt: skip
    series = Series.objects.get()
    assert (series.title, series.only_points, series.organisation) == (
        "#kommunalEngagiert",
        True,
        association(),
    )
    assert "Deutsche Stiftung für Engagement und Ehrenamt" in series.run_by
    assert not Session.objects.filter(capacity__isnull=False).exists()


@pytest.mark.parametrize(
    ("fields", "starts", "ends", "precision"),
    [
        ({}, at(2023, 1, 25), at(2023, 1, 26), "day"),
        ({"start_time": "13:30"}, at(2023, 1, 25, 13, 30), at(2023, 1, 26), "start"),
        ({"start_time": "13:30", "end_time": "15:00"}, at(2023, 1, 25, 13, 30), at(2023, 1, 25, 15), "time"),
        ({"date": "2023-12", "date_precision": "month"}, at(2023, 12, 1), at(2024, 1, 1), "month"),
        ({"date": "2023", "date_precision": "year"}, at(2023, 1, 1), at(2024, 1, 1), "year"),
        ({"date": None, "date_precision": "unbekannt"}, at(2023, 1, 25), at(2026, 11, 22), "unknown"),
    ],
)
def test_partial_date_becomes_the_span_in_which_it_took_place(tmp_path, fields, starts, ends, precision):
    collected.seminars(write(tmp_path, entry(**fields)), now=NOW)
    session = Session.objects.get()
    assert (session.starts, session.ends, session.precision) == (starts, ends, precision)
    assert session.slug == ("erstes-seminar" if precision == "unknown" else "erstes-seminar-2023")


def test_second_run_changes_nothing_also_what_staff_wrote(tmp_path):
    path = write(tmp_path, entry())
    collected.seminars(path, now=NOW)
    Session.objects.update(name="Von Hand", state="archived")
    report = collected.seminars(
        write(tmp_path, entry(), entry(id="zwei", title="Zweites")), now=NOW + timedelta(1)
    )
    assert (report.new, report.unchanged) == (["Zweites"], ["Erstes Seminar"])
    assert sorted(Session.objects.values_list("name", "state")) == [
        ("Von Hand", "archived"),
        ("Zweites", "published"),
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (entry(title=""), "Eintrag 1: „title“ fehlt oder ist kein Text."),
        (entry(title="x" * 161), "Eintrag 1: „title“ ist länger als 160 Zeichen."),
        (entry(info_url="ftp://x.example"), "Eintrag 1: „info_url“ ist keine Adresse, die mit http beginnt."),
        (entry(date="gestern"), "Eintrag 1: „date“ und „date_precision“ passen nicht zusammen"),
        (
            entry(date="2023", date_precision="tag"),
            "Eintrag 1: „date“ und „date_precision“ passen nicht zusammen",
        ),
        (entry(start_time="25:00"), "Eintrag 1: „date“ und „date_precision“ passen nicht zusammen"),
        (entry(start_time="15:00", end_time="13:30"), "Eintrag 1: „end_time“ liegt nicht nach „start_time“."),
        (entry(date="2027-01-25"), "Eintrag 1: der Termin liegt nach dem Tag „generated“"),
        (entry(speakers=[{"name": "x" * 121}]), "Eintrag 1: ein Name in „speakers“ ist länger als 120"),
        (entry(date=None), "Eintrag 1: ohne „date“ ist „date_precision“ „unbekannt“."),
        (entry(speakers=["Frau Sommer"]), "Eintrag 1: „speakers“ ist keine Liste von Namen."),
        ("kein Objekt", "Eintrag 1: ist kein Objekt mit Feldern."),
    ],
)
def test_broken_entry_is_named_and_nothing_is_written(tmp_path, wrong, words):
    with pytest.raises(BrokenFile) as caught:
        collected.seminars(write(tmp_path, wrong, entry(id="gut")), now=NOW)
    assert words in str(caught.value)
    assert not Session.objects.exists()


def test_the_same_id_twice_and_a_file_that_is_none_are_refused(tmp_path):
    with pytest.raises(BrokenFile, match="die id „eins“ gibt es schon"):
        collected.seminars(write(tmp_path, entry(), entry()), now=NOW)
    for text, words in [
        ("{", "kein gültiges JSON"),
        ("{}", "„sessions“ fehlt"),
        ('{"sessions": [{}]}', "„generated“"),
    ]:
        path = tmp_path / "x.json"
        path.write_text(text)
        with pytest.raises(BrokenFile, match=words):
            collected.seminars(path, now=NOW)
