"""Links on public pages are looked at once a week, a few at a time; broken is what fails twice, a week apart."""

from datetime import timedelta

import pytest
from django.urls import reverse

from initiatives import link_check, tasks
from initiatives.models import Initiative, PageLink
from portal.outside import Answer
from tests import make
from tests.make import NOW
from tests.staffroom import proven, staff
from tests.test_outside import anywhere, look, server

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GONE, FINE, SILENT = Answer("gone", 404), Answer(status=200), Answer("silent")


def links():
    return list(PageLink.objects.order_by("pk").values_list("url", "is_broken"))


def test_links_are_read_from_text_and_fields_of_public_pages_only():
    text = "Siehe [uns](https://a.example/x#oben) und [nochmal](https://a.example/x), <https://b.example>, [nicht](mailto:x@y.z)."
    page = make.initiative(text=text, website="https://c.example/", source_url="https://d.example/q")
    make.initiative(website="https://entwurf.example/", state="draft")
    assert link_check.read_pages(now=NOW) == 1
    assert link_check.read_pages(now=NOW) == 0
    assert [url for url, _broken in links()] == [
        "https://c.example/", "https://d.example/q", "https://a.example/x", "https://b.example",
    ]  # fmt: skip
    page = Initiative.objects.get(pk=page.pk)
    page.text = "Nur noch [b](https://b.example)."
    page.save()
    link_check.read_pages(now=NOW + DAY)
    assert {url for url, _broken in links()} == {
        "https://c.example/",
        "https://d.example/q",
        "https://b.example",
    }


def test_two_failures_a_week_apart_make_a_link_broken_and_one_success_mends_it():
    make.initiative(website="https://verein.example/")
    link_check.read_pages(now=NOW)
    answers = [GONE, GONE, FINE, GONE, FINE, GONE, GONE]
    seen = []
    for week, answer in enumerate(answers):
        now = NOW + week * 7 * DAY
        assert link_check.check(now=now, look=lambda url, answer=answer: answer) == 1
        assert link_check.check(now=now + 6 * DAY, look=lambda url: GONE) == 0, "not again within the week"
        seen.append(PageLink.objects.get().is_broken)
    assert seen == [False, True, False, False, False, False, True]


def test_a_run_asks_each_host_once_and_the_longest_waiting_first():
    text = " ".join(f"[x](https://gross.example/{n})" for n in range(20))
    make.initiative(text=f"{text} [y](https://klein.example/)")
    link_check.read_pages(now=NOW)
    asked = []
    for minutes in range(3):
        link_check.check(now=NOW + minutes * HOUR, look=lambda url: asked.append(url) or FINE)
    assert asked == [
        "https://gross.example/0", "https://klein.example/", "https://gross.example/1", "https://gross.example/2",
    ]  # fmt: skip


def test_one_address_on_three_pages_is_asked_once():
    for _page in range(3):
        make.initiative(website="https://verein.example/")
    link_check.read_pages(now=NOW)
    asked = []
    for week in (0, 7):
        link_check.check(now=NOW + week * DAY, look=lambda url: asked.append(url) or GONE)
        link_check.check(now=NOW + week * DAY + HOUR, look=lambda url: asked.append(url) or GONE)
    assert asked == ["https://verein.example/"] * 2
    assert links() == [("https://verein.example/", True)] * 3


def test_when_nobody_at_all_answers_it_is_our_own_net():
    for name in "abc":
        make.initiative(website=f"https://{name}.example/")
    link_check.read_pages(now=NOW)
    assert link_check.check(now=NOW, look=lambda url: SILENT) == 0
    assert PageLink.objects.filter(failing_since=None).count() == 3
    assert link_check.check(now=NOW + HOUR, look=lambda url: FINE if "a." in url else SILENT) == 3
    assert PageLink.objects.filter(failing_since=None).count() == 1


def test_real_servers_are_asked_only_where_the_operator_lets_us(settings):
    with server(lambda method, path: (404 if "weg" in path else 200, {})) as (url, asked):
        make.initiative(website=f"{url}/weg", source_url=f"{url}/da")
        settings.CHECK_LINKS = False
        tasks.check_links()
        assert (PageLink.objects.count(), asked) == (0, [])
        settings.CHECK_LINKS = True
        tasks.check_links()
        assert (PageLink.objects.count(), asked) == (2, []), (
            "a page may name our own machine; nobody goes there"
        )
        assert PageLink.objects.exclude(reason="").get().reason == "private"
        PageLink.objects.update(next_at=NOW)
        for _run in range(2):
            link_check.check(now=NOW, look=lambda link: look(link, allowed=anywhere))
        assert {row.url.removeprefix(url): row.reason for row in PageLink.objects.all()} == {
            "/weg": "gone",
            "/da": "",
        }


def test_staff_see_what_is_broken_on_their_public_pages_and_where(client):
    town = make.municipality("Lich", organisation=make.organisation())
    page = make.initiative(title="Bachpaten", organisation=town.organisation, municipality=town)
    draft = make.initiative(organisation=town.organisation, municipality=town, state="draft")
    make.broken_link(page)
    make.broken_link(page, "https://noch.example/", is_broken=False)
    make.broken_link(draft, "https://entwurf.example/")
    make.broken_link(
        make.initiative(organisation=make.organisation("Stadt Hungen")), "https://fremd.example/"
    )
    browser = proven(staff(town.organisation))
    start = browser.get(reverse("admin:index")).content.decode()
    assert "1 Link führt ins Leere" in start
    listed = browser.get(reverse("admin:initiatives_pagelink_changelist")).content.decode()
    assert [
        word
        for word in ("https://verein.example/weg", "Bachpaten", "gibt es dort nicht mehr")
        if word not in listed
    ] == []
    assert [word for word in ("noch.example", "entwurf.example", "fremd.example") if word in listed] == []
