"""„Wir schreiben Ihnen, sobald es ihn gibt": told of the next date of a series after a click (rule 32)."""

from datetime import timedelta

import pytest
import time_machine

from portal import links, privacy, traps
from portal import watches as kernel
from portal.models import Mail
from seminars import watches
from seminars.models import SeriesWatch, Session
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.django_db
ORIGIN = {"origin": "http://testserver"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KIM = "kim@example.org"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def series():
    """Two series with something public each: then there is one to choose."""
    made = make.series(title="#kommunalEngagiert"), make.series(title="Rathausgespräch")
    for each in made:
        make.session(series=each, starts=NOW - 30 * DAY)
    return made


def enter(client, series, **changes):
    data = {"issued": traps.issue(NOW - HOUR), "betreff": "", "email": KIM, "reihe": str(series.pk)} | changes
    return client.post("/seminare/bescheid/", data, headers=ORIGIN)


def publish(series, *, after=timedelta(minutes=1), **fields):
    return make.session(
        series=series, starts=NOW + 40 * DAY, published_at=NOW + after, **({"name": "Der nächste"} | fields)
    )


def click(client, row):
    return client.post(f"/anmeldung/bescheid-bestaetigen/{links.make(kernel.CONFIRM, row)}/", headers=ORIGIN)


def test_address_is_told_only_after_its_click(client, series):
    assert enter(client, series[0]).status_code == 303
    (mail,) = Mail.objects.all()
    assert mail.subject == "Noch ein Klick: Bescheid zur Reihe „#kommunalEngagiert“"
    row = SeriesWatch.objects.get()
    publish(series[0], after=-HOUR, name="Davor")
    watches.tell_due(now=NOW + HOUR)
    assert Mail.objects.count() == 1
    assert click(client, row)["Location"].endswith("?ok=bestaetigt")
    publish(series[0], after=HOUR)
    watches.tell_due(now=NOW + 2 * HOUR)
    told = Mail.objects.get(kind="watch-news")
    assert (told.to, told.subject) == (KIM, "Neuer Termin: Mo., 20. Juli, 12 Uhr – Der nächste")
    assert "/seminare/" in told.text
    assert "/anmeldung/bescheid/" in told.text


def test_only_dates_of_the_own_series_are_news_and_each_once(client, series):
    make.series_watch(KIM, series=series[0])
    publish(series[1])
    assert watches.tell_due(now=NOW + HOUR) == 0
    publish(series[0], name="Erster", after=HOUR)
    publish(series[0], name="Zweiter", after=HOUR)
    assert [watches.tell_due(now=NOW + 2 * HOUR), watches.tell_due(now=NOW + 2 * DAY)] == [1, 0]
    mail = Mail.objects.get(kind="watch-news")
    assert mail.subject == "2 neue Termine: #kommunalEngagiert, ab Mo., 20. Juli, 12 Uhr"
    assert [name in mail.text for name in ("Erster", "Zweiter")] == [True, True]


@pytest.mark.parametrize(
    "fields",
    [
        {"state": Session.State.DRAFT},
        {"cancelled_at": NOW},
        {"deadline": NOW},
        {"published_at": NOW - DAY},
    ],
)
def test_what_nobody_can_register_for_is_no_news(series, fields):
    make.series_watch(KIM, series=series[0])
    session = publish(series[0])
    Session.objects.filter(pk=session.pk).update(**fields)
    assert watches.tell_due(now=NOW + HOUR) == 0


def test_date_with_registration_elsewhere_is_news_too(series):
    make.series_watch(KIM, series=series[0])
    publish(series[0], registration="elsewhere", link="https://anderswo.example", capacity=None)
    assert watches.tell_due(now=NOW + HOUR) == 1


@pytest.mark.parametrize(("hour", "written"), [(6, 0), (7, 1), (20, 1), (21, 0)])
def test_nobody_is_told_at_night(series, hour, written):
    make.series_watch(KIM, series=series[0])
    publish(series[0])
    assert watches.tell_due(now=NOW.replace(hour=hour, minute=30) + DAY) == written


def test_a_slip_can_be_taken_back_within_ten_minutes(series):
    make.series_watch(KIM, series=series[0])
    session = publish(series[0])
    assert watches.tell_due(now=NOW + timedelta(minutes=10)) == 0
    Session.objects.filter(pk=session.pk).update(state=Session.State.DRAFT)
    assert watches.tell_due(now=NOW + timedelta(minutes=12)) == 0


def test_known_and_unknown_addresses_get_the_same_answer(client, series):
    make.series_watch("bekannt@example.org", series=series[0])
    answers = {}
    for email in ("bekannt@example.org", "neu@example.org"):
        response = enter(client, series[0], email=email)
        page = client.get(response["Location"]).content.decode()
        answers[email] = (response.status_code, page.partition('<section class="mails"')[0])
    assert len(set(answers.values())) == 1


def test_twice_the_same_is_one_row_and_at_most_three_mails(client, series):
    for _ in range(5):
        enter(client, series[0])
    assert SeriesWatch.objects.count() == 1
    assert Mail.objects.filter(kind="watch-confirm").count() == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"email": ""}, "Bitte geben Sie Ihre E-Mail-Adresse ein."),
        ({"email": "kim"}, "Bitte geben Sie die E-Mail-Adresse vollständig ein"),
        ({"reihe": ""}, "Bitte wählen Sie eine Reihe."),
        ({"reihe": "999999"}, "Diese Reihe gibt es nicht mehr."),
        ({"reihe": "abc"}, "Diese Reihe gibt es nicht mehr."),
        ({"betreff": "Kauf mich"}, "Das ging sehr schnell."),
    ],
)
def test_wrong_input_is_said_and_stores_nothing(client, series, changes, said):
    response = enter(client, series[0], **changes)
    assert (response.status_code, said in response.content.decode()) == (422, True)
    assert not SeriesWatch.objects.exists()


def test_series_without_anything_public_cannot_be_watched(client, series):
    hidden = make.series(title="Noch geheim")
    make.session(series=hidden, state=Session.State.DRAFT)
    assert enter(client, hidden).status_code == 422
    assert "Noch geheim" not in client.get("/seminare/bescheid/").content.decode()


def test_one_button_ends_it_and_leaves_no_address(client, series):
    row = make.series_watch(KIM, series=series[0])
    publish(series[0])
    watches.tell_due(now=NOW + HOUR)
    manage = f"/anmeldung/bescheid/{links.make(kernel.MANAGE, row)}/"
    assert (
        "in der Reihe „#kommunalEngagiert“ ein neuer Termin feststeht" in client.get(manage).content.decode()
    )
    client.post(manage, {"do": "end"}, headers=ORIGIN)
    row.refresh_from_db()
    assert (row.email, row.email_key, row.ended_at) == ("", None, NOW)
    assert not Mail.objects.filter(about=row.label).exists()
    assert "Sie bekommen keine Mails mehr" in client.get(manage).content.decode()


def test_after_eleven_months_comes_a_notice_and_after_twelve_the_end(series):
    row = make.series_watch(KIM, series=series[0])
    moments = [NOW + timedelta(days=days) for days in (334, 336, 350)]
    assert [kernel.warn_due(SeriesWatch, now=moment) for moment in moments] == [0, 1, 0]
    mail = Mail.objects.get(kind="watch-ending")
    assert mail.subject == "Noch bis 10. Juni 2027: Bescheid zur Reihe „#kommunalEngagiert“"
    privacy.enforce(NOW + timedelta(days=366))
    row.refresh_from_db()
    assert row.email == ""


def test_unconfirmed_address_is_gone_after_three_days(client, series):
    enter(client, series[0])
    privacy.enforce(NOW + timedelta(hours=73))
    row = SeriesWatch.objects.get()
    assert (row.email, row.email_key) == ("", None)


def test_link_of_one_kind_of_wish_opens_no_other(client, series):
    row = make.series_watch(KIM, series=series[0], pk=4711)
    make.watch("andere@example.org", pk=4711)
    page = client.get(f"/anmeldung/bescheid/{links.make(kernel.MANAGE, row)}/").content.decode()
    assert (KIM in page, "andere@example.org" in page) == (True, False)
    assert client.get(f"/anmeldung/bescheid-bestaetigen/{links.make(kernel.MANAGE, row)}/").status_code == 404


def test_statements_do_not_grow_with_people_whom_the_news_do_not_concern(series, django_assert_num_queries):
    publish(series[1])
    for count in (1, 3):
        for n in range(count):
            make.series_watch(f"p{count}-{n}@example.org", series=series[0])
        with django_assert_num_queries(3):  # news, people, told
            watches.tell_due(now=NOW + HOUR)
