"""Rule 24: contacts are asked twice a year, answers confirm or make a task, a year of silence shows and ranks lower."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from initiatives import still_current, tasks
from initiatives.models import Hint, Initiative, StillCurrent
from portal import privacy
from portal.models import Mail
from tests import make
from tests.make import BERLIN, NOW
from tests.staffroom import proven, staff
from tests.test_mails import links_of

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
EMAIL = "umwelt@lich.example"


@pytest.fixture
def clock(own_counters):
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lich():
    return make.municipality("Lich", organisation=make.organisation())


def running(town, title, **fields):
    defaults = {
        "municipality": town, "organisation": town.organisation, "title": title, "life_state": "running",
        "contact": "Umweltbüro", "contact_email": EMAIL, "published_at": NOW,
    }  # fmt: skip
    return make.initiative(**(defaults | fields))


def link(mail):
    return dict(links_of(mail.text))["Antworten"].removeprefix("http://localhost:8000")


def post(client, url, **data):
    return client.post(url, data, headers={"origin": "http://testserver"})


def page_of(client, page):
    return " ".join(client.get(page.get_absolute_url()).content.decode().split())


def order(client):
    page = client.get("/initiativen/").content.decode()
    return sorted(
        Initiative.objects.values_list("title", flat=True), key=lambda title: page.index(f">{title}<")
    )


@pytest.mark.slow
def test_eighteen_months_of_a_page_that_answers_and_of_one_that_does_not(client, lich, clock):
    """Day by day at noon and at night: when a mail leaves, what the page says, where it stands in the list."""
    answered = running(lich, "Antwortet", contact_email="da@lich.example")
    silent = running(lich, "Bleibt still", contact_email="weg@lich.example")
    make.initiative(title="Chor, ein Beispiel", municipality=lich, organisation=lich.organisation)
    asked, said, first = [], {}, {}
    for day in range(548):
        for hour in (3, 12):
            clock.move_to((NOW + day * DAY).replace(hour=hour))
            for _twice in range(2):
                tasks.ask_still_current()
        for mail in Mail.objects.filter(sent_at=None).order_by("pk"):
            asked.append((day, mail.to))
            if mail.to == "da@lich.example":
                post(client, link(mail), **{f"was_{answered.pk}": "true"})
            Mail.objects.filter(pk=mail.pk).update(sent_at=NOW + day * DAY)
        if day % 30 == 0:
            privacy.enforce(NOW + day * DAY)
        if day in (182, 364, 365, 547):
            silent.refresh_from_db()
            said[day] = "Zuletzt bestätigt im Juni 2026" in page_of(client, silent)
            first[day] = order(client)
    # The second time a day later: the clock went forward in March, and here it is asked at noon only.
    assert asked == [
        (183, "da@lich.example"),
        (183, "weg@lich.example"),
        (367, "da@lich.example"),
        (367, "weg@lich.example"),
    ]
    assert said == {182: False, 364: False, 365: True, 547: True}
    fresh = ["Antwortet", "Bleibt still", "Chor, ein Beispiel"]
    assert first[364] == fresh
    assert first[547][0] == "Antwortet"
    answered.refresh_from_db()
    assert answered.confirmed_on == NOW.date() + 367 * DAY
    assert (answered.life_rank, silent.life_rank, silent.state, silent.life_state) == (
        0,
        1,
        "published",
        "running",
    )
    assert StillCurrent.objects.filter(email="da@lich.example").count() == 0, "gone with its class"


def test_one_mail_asks_about_all_pages_of_a_contact_without_a_login(client, lich, clock):
    one, two = running(lich, "Bachpaten"), running(lich, "Baumpaten", contact_email=EMAIL.upper())
    over = running(lich, "Vorbei", life_state="done")
    draft = running(lich, "Entwurf", state="draft")
    elsewhere = running(make.municipality("Hungen", organisation=make.organisation("Stadt Hungen")), "Fremd")
    make.initiative(origin="collected", contact_email=EMAIL, published_at=NOW, title="Gesammelt")
    clock.move_to(NOW + 183 * DAY)
    assert still_current.ask_due(now=NOW + 183 * DAY) == 2
    mail = Mail.objects.get(organisation=lich.organisation)
    assert (mail.to.lower(), mail.subject) == (EMAIL, "Noch aktuell? 2 Seiten")
    assert "- Bachpaten, Lich (zuletzt bestätigt im Juni 2026)" in mail.text
    page = client.get(link(mail)).content.decode()
    titles = [row.title for row in (one, two, over, draft, elsewhere) if row.title in page]
    assert titles == ["Bachpaten", "Baumpaten"]
    assert Mail.objects.exclude(pk=mail.pk).get().subject == "Noch aktuell? Fremd"


def test_the_three_answers(client, lich, clock):
    fine, changed, ended, unsaid = (
        running(lich, name) for name in ("Stimmt", "Anders", "Weg", "Ohne Antwort")
    )
    Initiative.objects.filter(pk=fine.pk).update(life_state="example")
    clock.move_to(NOW + 183 * DAY)
    still_current.ask_due(now=NOW + 183 * DAY)
    url = link(Mail.objects.get())
    said = {f"was_{fine.pk}": "true", f"was_{changed.pk}": "changed", f"was_{ended.pk}": "ended"}
    assert post(client, url, **said).status_code == 422
    assert post(client, url).status_code == 422
    assert Hint.objects.count() == 0
    for _twice in range(2):
        response = post(client, url, **said | {f"text_{changed.pk}": "Wir treffen uns jetzt dienstags."})
        assert response.status_code == 303
    assert "Danke, Ihre Antwort ist gespeichert" in client.get(response["Location"]).content.decode()
    hints = list(Hint.objects.order_by("kind").values_list("initiative", "kind", "text", "email"))
    assert hints == [
        (changed.pk, "changed", "Wir treffen uns jetzt dienstags.", EMAIL),
        (ended.pk, "ended", "", EMAIL),
    ]
    rows = {row.title: (row.confirmed_on, row.life_state, row.state) for row in Initiative.objects.all()}
    today = NOW.date() + 183 * DAY
    assert rows == {
        "Stimmt": (today, "running", "published"),
        "Anders": (None, "running", "published"),
        "Weg": (None, "running", "published"),
        "Ohne Antwort": (None, "running", "published"),
    }
    assert unsaid.versions.count() == 1
    assert fine.versions.first().confirmed_on == today


def test_nobody_is_asked_at_night_or_again_within_half_a_year_or_by_two_workers(lich):
    running(lich, "Bachpaten")
    now = NOW + 183 * DAY
    at = [now.replace(hour=3), now.replace(hour=22), now, now, now + 182 * DAY, now + 183 * DAY]
    assert [still_current.ask_due(now=moment) for moment in at] == [0, 0, 1, 0, 0, 1]


def test_a_page_without_an_address_asks_nobody_and_a_new_one_later(lich):
    running(lich, "Nur Telefon", contact_email="", contact_phone="06404 1")
    running(lich, "Ganz neu", published_at=NOW + 100 * DAY)
    running(lich, "Bestätigt", confirmed_on=date(2026, 12, 1))
    assert still_current.ask_due(now=NOW + 183 * DAY) == 0


def test_reading_the_page_changes_nothing_and_a_foreign_page_cannot_answer(client, lich, clock):
    page = running(lich, "Bachpaten")
    row = make.still_current(page)
    url = still_current.links.url("current:answer", still_current.ANSWER, row).removeprefix(
        "http://localhost:8000"
    )
    client.get(url)
    answer = {f"was_{page.pk}": "true"}
    assert client.post(url, answer, headers={"origin": "https://boese.example"}).status_code == 403
    page.refresh_from_db()
    assert (page.confirmed_on, StillCurrent.objects.get().settled_at) == (None, None)


def test_saving_a_page_keeps_its_lowered_rank_until_somebody_confirms_it(lich):
    page = running(lich, "Bachpaten", published_at=datetime(2025, 1, 1, tzinfo=BERLIN))
    with time_machine.travel(NOW, tick=False):
        page.save()
        assert page.life_rank == 1
        page.confirmed_on = NOW.date()
        page.save()
        assert page.life_rank == 0


def test_the_start_page_counts_what_nobody_confirmed_for_a_year(lich):
    running(lich, "Alt", published_at=timezone.now() - 366 * DAY, contact_email="", contact_phone="06404 1")
    running(lich, "Jung", published_at=timezone.now() - 100 * DAY)
    old = timezone.now() - 366 * DAY
    running(
        make.municipality("Hungen", organisation=make.organisation("Stadt Hungen")), "Fremd", published_at=old
    )
    browser = proven(staff(lich.organisation))
    start = browser.get(reverse("admin:index")).content.decode()
    assert "1 Seite hat seit einem Jahr niemand bestätigt" in start
    listed = browser.get(reverse("admin:initiatives_initiative_changelist") + "?life_state__exact=running")
    assert [name for name in ("Alt", "Fremd") if f">{name}<" in listed.content.decode()] == ["Alt"]
