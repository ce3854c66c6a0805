"""What people and their connections do: press twice, reload, open a second tab, lose the net."""

import socket
import time
from urllib.parse import urlencode, urlsplit

import pytest

from tests.faults.site import pages, story, together
from tests.markup import Page
from tests.servers import wait_until

pytestmark = pytest.mark.slow
SWEEP = 90  # seconds: without Redis the sweep delivers within the minute


def test_double_click_is_one_sign_up(site, proof):
    (visitor,), before = site.visitors("doppelt", 1), site.books("doppelt")
    fields = {"name": "Kim Muster", "email": visitor.email, "age": "on"}
    clicks = together(
        *[lambda: visitor.browser.press(visitor.path, visitor.text, "Ich helfe mit", **fields)] * 2
    )
    site.all_left("doppelt", seconds=SWEEP)

    after, places = site.books("doppelt"), {headers["Location"] for _status, headers, _text in clicks}
    proof(
        "faults", "Doppelklick",
        tried="dasselbe Formular zwei Mal im selben Augenblick",
        expected="beide Male dieselbe Erfolgsseite, eine Zeile, eine Mail",
        seen=story(before, after, [], f"Antworten {[status for status, *_rest in clicks]}, {len(places)} Seite"),
    )  # fmt: skip
    assert ([status for status, *_rest in clicks], len(places)) == ([303, 303], 1)
    assert (after.forms, after.mails, after.arrived, after.doubled, after.half) == (1, 1, 1, 0, 0)


def test_reload_after_sending_is_one_sign_up(site, proof):
    (visitor,), before = site.visitors("neuladen", 1), site.books("neuladen")
    form = visitor.path, visitor.text
    answers = [visitor.sign_up()]
    for _reload in range(3):
        visitor.path, visitor.text = form  # the browser asks whether to send the form again: yes
        answers.append(visitor.sign_up())
    site.all_left("neuladen", seconds=SWEEP)

    after = site.books("neuladen")
    proof(
        "faults", "Neu laden",
        tried="abgeschickt, drei Mal neu geladen und noch einmal gesendet",
        expected="jedes Mal dieselbe Seite, eine Zeile, eine Mail",
        seen=story(before, after, answers),
    )  # fmt: skip
    assert pages(answers) == "4 × „Noch nicht fest“"
    assert (after.forms, after.mails, after.arrived, after.doubled, after.half) == (1, 1, 1, 0, 0)


def test_two_tabs_are_one_seat(site, proof):
    """The form in both, and then the link of the mail in both."""
    slug, _key = site.action()
    tabs, before = site.visitors("tab", 2, slug), site.books("tab")
    tabs[1].email = tabs[0].email
    answers = together(*[tab.sign_up for tab in tabs])
    for tab in tabs:
        tab.open_confirmation()
    answers += together(*[lambda tab=tab: tab.press("Platz sichern") for tab in tabs])
    site.all_left("tab", seconds=SWEEP)

    after = site.books("tab")
    proof(
        "faults", "zwei Tabs",
        tried="Formular in zwei Tabs zugleich, dann der Link der Mail in zwei Tabs zugleich",
        expected="ein Platz, je eine Mail",
        seen=story(before, after, answers, f"Plätze {before.seats} → {after.seats}"),
    )  # fmt: skip
    assert pages(answers) == "2 × „Ihr Platz ist sicher“, 2 × „Noch nicht fest“"
    assert (after.forms, after.seats, after.mails, after.arrived) == (1, 1, 2, 2)
    assert (after.doubled, after.half) == (0, 0)


def test_connection_cut_after_the_commit_is_made_good_by_pressing_again(site, proof):
    (visitor,), before = site.visitors("getrennt", 1), site.books("getrennt")
    address, _method, fields = Page(visitor.text, site.portal.url + visitor.path).form("Ich helfe mit")
    typed = {"name": "Kim Muster", "email": visitor.email, "age": "on"}
    body = urlencode([*((n, v) for n, v in fields if n not in typed), *typed.items()])
    head = (
        f"POST {urlsplit(address).path} HTTP/1.1\r\nHost: {urlsplit(site.portal.url).netloc}\r\n"
        f"Origin: {site.portal.url}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", urlsplit(site.portal.url).port), timeout=10) as connection:
        connection.sendall((head + body).encode())
        wait_until(lambda: site.books("getrennt").forms == 1, what="the commit")
    time.sleep(0.2)
    between, answer = site.books("getrennt"), visitor.sign_up()
    site.all_left("getrennt", seconds=SWEEP)

    after = site.books("getrennt")
    proof(
        "faults", "Verbindung nach dem Speichern getrennt",
        tried="Anmeldung ist gespeichert, die Antwort kommt nie an; dann noch einmal abgeschickt",
        expected="Erfolgsseite, eine Zeile, eine Mail",
        seen=story(before, after, [answer], f"vor dem zweiten Mal {between.forms} Zeile, {between.mails} Mail"),
    )  # fmt: skip
    assert (between.forms, between.mails, answer.kind) == (1, 1, "Noch nicht fest")
    assert (after.forms, after.mails, after.arrived, after.doubled, after.half) == (1, 1, 1, 0, 0)
