"""„Sagen Sie mir Bescheid": from the form to the mail about new help wanted, and how it ends (class K4)."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal import confirmations, links, places, privacy, signups, traps
from portal import watches as kernel
from portal.models import Mail
from tests import make
from tests.make import NOW
from tests.markup import Page
from volunteers import watches
from volunteers.models import Opportunity, Watch

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
KIM = "kim@example.org"
GIESSEN = (50.587, 8.676)  # 13 km from Lich
MARBURG = (50.81, 8.77)  # 32 km from Lich


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lich():
    return make.municipality("Lich")


def enter(client, **changes):
    data = {"issued": traps.issue(NOW - MINUTE), "betreff": "", "email": KIM, "ort": "Lich", "umkreis": "15"}
    data = {key: value for key, value in (data | changes).items() if value is not None}
    return client.post("/mitmachen/bescheid/", data, headers={"origin": "http://testserver"})


def press(client, address, **data):
    return client.post(address, data, headers={"origin": "http://testserver"})


def link(mail, part):
    """Path and query of the one link in the mail that leads there."""
    (found,) = set(re.findall(rf"https?://[^/\s]+(/anmeldung/{part}/\S+)", mail.text))
    return found


def said(response):
    return Page(response.content.decode()).one("main").text


def publish(municipality, *, at=NOW, title="Bachputz", starts=NOW + 10 * DAY, **fields):
    action = make.opportunity(title=title, municipality=municipality, published_at=at, **fields)
    make.shift(opportunity=action, starts=starts)
    return action


def news():
    return list(Mail.objects.filter(kind="watch-news").order_by("pk"))


# --- the journey ------------------------------------------------------------------------------------
@pytest.mark.slow
def test_from_the_list_to_the_first_mail_and_the_end(client, clock, lich):
    page = Page(client.get("/mitmachen/?ort=Lich&umkreis=30").content.decode(), "http://testserver/")
    address, method, fields = page.form("Sagen Sie mir Bescheid")
    fields = dict(fields) | {"email": "Kim@Example.org"}
    assert (address, method, fields["ort"], fields["umkreis"]) == (
        "http://testserver/mitmachen/bescheid/",
        "POST",
        "Lich",
        "30",
    )
    clock.move_to(NOW + MINUTE)

    response = press(client, address, **fields)

    assert response.status_code == 303
    assert not response.cookies
    assert "Erst nach Ihrem Klick in der Mail" in said(client.get(response["Location"]))
    asked = Mail.objects.get()
    assert [asked.kind, asked.to, asked.subject] == [
        "watch-confirm",
        "Kim@Example.org",
        "Noch ein Klick: Bescheid bei neuen Aktionen um Lich",
    ]
    confirm = link(asked, "bescheid-bestaetigen")
    assert "im Umkreis von 30 km um Lich" in said(client.get(confirm))
    assert Watch.objects.get().confirmed_at is None

    response = press(client, confirm, umkreis="30")

    assert "Danke, wir sagen Ihnen Bescheid." in said(client.get(response["Location"]))
    publish(lich, at=NOW + HOUR)
    watches.tell_due(now=NOW + 2 * HOUR)
    (told,) = news()
    assert [told.to, told.subject] == [
        "Kim@Example.org",
        "Neu in Ihrer Nähe: Sa., 20. Juni, 12 Uhr, Lich – Bachputz",
    ]
    assert "- Sa., 20. Juni, 12 Uhr: Bachputz, Lich" in told.text
    assert Opportunity.objects.get().get_absolute_url() in told.text
    assert "Am 10. Juni 2027 endet das" in " ".join(told.text.split())
    manage = link(told, "bescheid")
    assert "Kim@Example.org" in said(client.get(manage))

    response = press(client, manage, do="end")

    assert "Sie bekommen keine Mails mehr" in said(client.get(response["Location"]))
    assert [client.get(confirm).status_code, Mail.objects.count()] == [200, 0]
    row = Watch.objects.get()
    assert [row.email, row.email_key, row.place, row.erased_hash] == ["", None, "", privacy.proof(KIM)]


def test_button_confirms_and_nothing_else_does(client, lich):
    enter(client)
    confirm = link(Mail.objects.get(), "bescheid-bestaetigen")
    for request in (client.get, client.head):
        request(confirm)
    assert Watch.objects.get().confirmed_at is None

    pages = [press(client, confirm)["Location"] for _again in range(2)]

    row = Watch.objects.get()
    assert pages[0] == pages[1]
    assert [row.confirmed_at, row.told_until, row.active_at, row.km] == [NOW, NOW, NOW, 15]
    assert client.get(confirm)["Location"] == pages[0].removesuffix("?ok=bestaetigt")


def test_empty_portal_offers_the_form_with_place_and_radius(client):
    page = Page(client.get("/mitmachen/").content.decode(), "http://testserver/")
    fields = dict(page.form("Sagen Sie mir Bescheid")[2])
    assert {"email", "ort", "umkreis"} <= set(fields)
    assert "Noch sind keine Termine eingetragen" in page.one("main").text


def test_launch_day_and_past_actions_lead_to_the_form(client, lich):
    make.initiative(municipality=lich)
    past = publish(lich, starts=NOW - 5 * DAY)
    pages = ["/", past.get_absolute_url()]
    found = [Page(client.get(page).content.decode(), "http://testserver/").links() for page in pages]
    assert "http://testserver/mitmachen/bescheid/" in found[0]
    assert "http://testserver/mitmachen/bescheid/?ort=35423" in found[1]


def test_town_without_dates_leads_to_the_form(client, lich):
    links_ = Page(client.get(f"/orte/{lich.slug}/").content.decode(), "http://testserver/").links()
    assert "http://testserver/mitmachen/?ort=Lich#bescheid" in links_
    assert Page(client.get("/mitmachen/?ort=Lich").content.decode()).one("section", id="bescheid")


def test_mail_can_be_read_where_no_real_mail_leaves(client, settings, lich):
    settings.EMAIL_URL, settings.DEMO = "", True
    response = enter(client)
    assert (
        link(Mail.objects.get(), "bescheid-bestaetigen") in client.get(response["Location"]).content.decode()
    )
    settings.EMAIL_URL = "smtp://mail.example"
    assert "bescheid-bestaetigen" not in client.get(response["Location"]).content.decode()


def test_word_is_reserved(client):
    with pytest.raises(IntegrityError), transaction.atomic():
        make.opportunity(slug="bescheid")
    assert "bescheid" in Opportunity.RESERVED_SLUGS


# --- no oracle, no cannon ---------------------------------------------------------------------------
def test_known_and_unknown_addresses_get_the_same_page(client, settings, lich):
    settings.EMAIL_URL = "smtp://mail.example"
    make.watch(place="Lich")
    make.watch("alt@example.org", place="Lich", confirmed_at=None)
    pages = []
    for email in (KIM, "alt@example.org", "neu@example.org"):
        response = enter(client, email=email)
        page = client.get(response["Location"])
        token = response["Location"].split("/")[-2]
        pages.append((response.status_code, len(token) > 40, page.content.replace(token.encode(), b"")))
    assert pages[0] == pages[1] == pages[2]
    assert sorted(Mail.objects.values_list("to", flat=True)) == [
        "alt@example.org",
        KIM,
        "neu@example.org",
    ]


def test_keys_do_not_tell_which_row_is_older(client, lich):
    for n in range(8):
        enter(client, email=f"n{n}@example.org")
    keys = list(Watch.objects.order_by("entered_at", "email").values_list("pk", flat=True))
    assert len(keys) == 8
    assert keys != sorted(keys)
    assert max(keys) - min(keys) > 10_000


def test_stranger_changes_nothing_of_a_confirmed_watch(client, lich):
    row = make.watch(place="Lich")
    enter(client, umkreis="50")
    row.refresh_from_db()
    assert [row.km, row.confirmed_at, row.entered_at, Watch.objects.count()] == [15, NOW, NOW, 1]

    press(client, link(Mail.objects.get(), "bescheid-bestaetigen").split("?")[0], umkreis="50")

    row.refresh_from_db()
    assert [row.km, row.told_until] == [50, NOW]


def test_at_most_three_unconfirmed_mails_a_day_of_all_forms_together(client, lich):
    slot = make.shift(opportunity=make.opportunity(municipality=lich))
    signups.register(slots=[slot], name="Kim", email=KIM, age_confirmed=True, now=NOW)
    answers = [enter(client, ort="Lich", umkreis=str(km), email=KIM.upper()) for km in (15, 30, 50)]
    assert [answer.status_code for answer in answers] == [303] * 3
    assert sorted(Mail.objects.values_list("kind", flat=True)) == [
        "confirm-address",
        "watch-confirm",
        "watch-confirm",
    ]
    row = Watch.objects.get()
    assert [row.email_key, row.km] == [KIM, 50]
    later = NOW + DAY + MINUTE
    watches.watch(email=KIM, search=places.search_place("Lich"), km=15, now=later)
    assert Mail.objects.filter(queued_at=later).count() == 1
    assert confirmations.CONFIRMATIONS_A_DAY == 3


@pytest.mark.slow
def test_client_is_limited(lich):
    client = Client()
    statuses = [enter(client, email=f"n{n}@example.org").status_code for n in range(21)]
    assert statuses == [303] * 20 + [429]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"betreff": "x"}, "Das ging sehr schnell."),
        ({"issued": "0:x"}, "Das ging sehr schnell."),
        ({"issued": None}, "Das ging sehr schnell."),
        ({"email": ""}, "Bitte geben Sie Ihre E-Mail-Adresse ein."),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "Bitte geben Sie die E-Mail-Adresse vollständig ein"),
        ({"ort": ""}, "Bitte geben Sie eine Postleitzahl oder einen Ort ein."),
        ({"ort": "99999"}, "Diesen Ort haben wir in Hessen nicht gefunden."),
        ({"ort": "Homberg"}, "Welchen Ort meinen Sie? Homberg (Efze), Stadt, Homberg (Ohm), Stadt"),
        ({"ort": "<b>x</b>" * 500}, "Diesen Ort haben wir in Hessen nicht gefunden."),
        ({"umkreis": "500"}, "Bitte wählen Sie einen Umkreis."),
        ({"umkreis": "9" * 400}, "Bitte wählen Sie einen Umkreis."),
        ({"umkreis": "²"}, "Bitte wählen Sie einen Umkreis."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(client, lich, changes, sentence):
    for name in ("Homberg (Efze)", "Homberg (Ohm)"):
        make.municipality(name, slug=name[9:-1].lower())
    response = enter(client, **changes)
    assert response.status_code == 422
    assert sentence in said(response)
    assert "<b>x" not in response.content.decode()
    assert [Watch.objects.count(), Mail.objects.count()] == [0, 0]


def test_form_keeps_what_was_typed(client, lich):
    page = Page(enter(client, email="kim@", umkreis="30").content.decode(), "http://testserver/")
    fields = dict(page.form("Sagen Sie mir Bescheid")[2])
    assert [fields["email"], fields["ort"], fields["umkreis"]] == ["kim@", "Lich", "30"]
    assert page.one("title").text.startswith("Fehler: ")


def test_other_sites_cannot_post(client, lich):
    response = client.post("/mitmachen/bescheid/", {"email": KIM}, headers={"origin": "https://evil.example"})
    assert [response.status_code, Watch.objects.count()] == [403, 0]


def test_link_of_one_purpose_is_nothing_at_another(client):
    row = make.watch()
    tokens = {purpose: links.make(purpose, row) for purpose in (kernel.SENT, kernel.CONFIRM, kernel.MANAGE)}
    pages = {kernel.SENT: "gesendet", kernel.CONFIRM: "bestaetigen", kernel.MANAGE: ""}
    wrong = [
        (purpose, other)
        for purpose, token in tokens.items()
        for other, page in pages.items()
        if purpose != other
        and client.get(f"/anmeldung/bescheid{'-' if page else ''}{page}/{token}/").status_code != 404
    ]
    assert wrong == []
    assert client.get(f"/anmeldung/bescheid/{tokens[kernel.MANAGE]}/").status_code == 200


# --- told by the clock ------------------------------------------------------------------------------
def test_told_once_of_each_action_and_once_a_day(lich):
    make.watch()
    publish(lich, at=NOW + MINUTE, title="Bachputz")
    written = [watches.tell_due(now=NOW + after) for after in (HOUR, HOUR, 2 * HOUR)]
    publish(lich, at=NOW + 3 * HOUR, title="Hecken")
    publish(lich, at=NOW + 3 * HOUR, title="Bäume", starts=NOW + 3 * DAY)
    written += [watches.tell_due(now=NOW + after) for after in (4 * HOUR, DAY, DAY + MINUTE, 2 * DAY)]

    assert written == [1, 0, 0, 0, 1, 0, 0]
    assert [mail.subject for mail in news()] == [
        "Neu in Ihrer Nähe: Sa., 20. Juni, 12 Uhr, Lich – Bachputz",
        "Neu in Ihrer Nähe: 2 Aktionen ab Sa., 13. Juni, 12 Uhr, rund um 35423 Lich",
    ]
    second = news()[1].text
    assert "Bachputz" not in second
    assert second.index("Bäume") < second.index("Hecken")
    assert "/mitmachen/?ort=35423+Lich&umkreis=15" in second


def test_only_what_is_near_new_public_and_open(lich):
    make.watch(told_until=NOW - DAY)
    near = make.municipality("Gießen", lat=GIESSEN[0], lon=GIESSEN[1])
    far = make.municipality("Marburg", lat=MARBURG[0], lon=MARBURG[1])
    publish(near, title="Nah", at=NOW)
    publish(far, title="Fern", at=NOW)
    publish(lich, title="Bekannt", at=NOW - 2 * DAY)
    publish(lich, title="Entwurf", at=NOW, state=Opportunity.State.DRAFT)
    publish(lich, title="Begonnen", at=NOW, starts=NOW - HOUR)
    cancelled = publish(lich, title="Abgesagt", at=NOW)
    cancelled.shifts.update(cancelled_at=NOW)

    watches.tell_due(now=NOW + HOUR)

    (mail,) = news()
    assert re.findall(r"- .*?: (\w+), ", mail.text) == ["Nah"]


def test_radius_is_never_widened(lich):
    make.watch("weit@example.org", km=50)
    make.watch("eng@example.org", km=15)
    publish(make.municipality("Marburg", lat=MARBURG[0], lon=MARBURG[1]), at=NOW + MINUTE)
    watches.tell_due(now=NOW + HOUR)
    assert [mail.to for mail in news()] == ["weit@example.org"]


def test_news_settle_for_ten_minutes(lich):
    make.watch()
    action = publish(lich, at=NOW + MINUTE)
    early = watches.tell_due(now=NOW + 10 * MINUTE)
    late = watches.tell_due(now=NOW + 11 * MINUTE)
    assert [early, late] == [0, 1]
    assert action.get_absolute_url() in news()[0].text


@pytest.mark.parametrize(("hour", "written"), [(6, 0), (7, 1), (20, 1), (21, 0), (23, 0)])
def test_nobody_is_told_at_night(lich, hour, written):
    make.watch()
    publish(lich, at=NOW + MINUTE)
    assert watches.tell_due(now=NOW.replace(hour=hour, minute=30) + DAY) == written


def test_unconfirmed_and_ended_are_told_nothing(lich):
    make.watch("offen@example.org", confirmed_at=None)
    row = make.watch()
    kernel.end(row, now=NOW)
    publish(lich, at=NOW + MINUTE)
    assert [watches.tell_due(now=NOW + HOUR), Mail.objects.count()] == [0, 0]


def test_ending_takes_back_the_mail_that_waits(lich):
    row = make.watch()
    publish(lich, at=NOW + MINUTE)
    watches.tell_due(now=NOW + HOUR)
    assert len(news()) == 1
    kernel.end(row, now=NOW + HOUR)
    kernel.end(row, now=NOW + 2 * HOUR)
    row.refresh_from_db()
    assert [len(news()), row.ended_at, row.email] == [0, NOW + HOUR, ""]


def test_long_news_are_cut_and_counted(lich):
    make.watch()
    for n in range(12):
        publish(lich, at=NOW + MINUTE, title=f"Aktion {n}")
    watches.tell_due(now=NOW + HOUR)
    (mail,) = news()
    assert [mail.text.count("- Sa., 20. Juni"), "Und 2 weitere." in mail.text] == [10, True]


def test_statements_do_not_grow_with_people_whom_it_does_not_concern(lich):
    marburg = make.municipality("Marburg", lat=MARBURG[0], lon=MARBURG[1])
    publish(marburg, at=NOW + MINUTE)
    publish(lich, at=NOW + MINUTE)
    counts = []
    for hour, n in ((1, 1), (2, 6)):
        association = make.watch(f"nah{n}@example.org").organisation
        for k in range(n):
            make.watch(f"k{n}{k}@example.org", lat=49.5, lon=8.6, organisation=association)
        with CaptureQueriesContext(connection) as captured:
            assert watches.tell_due(now=NOW + hour * HOUR) == 1
        counts.append(len([q for q in captured if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]))
    assert counts == [5, 5]  # news, people; claim, mail; the others


def test_list_with_the_form_costs_no_statement_more(client, lich):
    publish(lich)
    with CaptureQueriesContext(connection) as captured:
        client.get("/mitmachen/?ort=Lich")
    assert [query["sql"] for query in captured if "watch" in query["sql"]] == []


# --- rules of the table and deletion ------------------------------------------------------------------
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"confirmed_at": None},
        {"email": "anders@example.org", "km": 20},
        {"email": "anders@example.org", "ended_at": NOW},
        {"email": "anders@example.org", "told_until": None},
    ],
)
def test_table_refuses_what_must_not_be(fields):
    first = make.watch()
    with pytest.raises(IntegrityError), transaction.atomic():
        make.watch(**{"organisation": first.organisation} | fields)


def test_number_is_all_that_logs_show():
    row = make.watch()
    assert [str(row), repr(row)] == [f"Benachrichtigung {row.pk}", f"<Watch: Benachrichtigung {row.pk}>"]


@pytest.mark.slow
def test_unconfirmed_go_after_72_hours_and_idle_after_12_months(client):
    search = places.PlaceSearch(text="Lich", label="Lich", point=(50.52, 8.82))
    asked = watches.watch(email="offen@example.org", search=search, km=15, now=NOW)
    row = make.watch()
    counts = {}
    for label, moment in {"72": 72 * HOUR, "365": 365 * DAY}.items():
        nights = [privacy.enforce(at) for at in (NOW + moment - MINUTE, NOW + moment)]
        counts[label] = [night[name] for night in nights for name in NAMES]
    assert counts == {"72": [0, 0, 1, 0], "365": [0, 0, 0, 1]}
    for one in (asked, row):
        one.refresh_from_db()
    assert [(one.email, one.email_key, one.place, one.erased_hash) for one in (asked, row)] == [
        ("", None, "", "")
    ] * 2
    assert [asked.ended_at, row.ended_at] == [NOW + 72 * HOUR, NOW + 365 * DAY]
    assert Mail.objects.count() == 0
    gone = client.get(f"/anmeldung/bescheid-bestaetigen/{links.make(kernel.CONFIRM, asked)}/")
    assert "Doch wieder Bescheid bekommen" in said(gone)
    privacy.enforce(NOW + 730 * DAY)
    assert Watch.objects.count() == 0


NAMES = ("K0 unbestätigte Benachrichtigungen", "K4 Benachrichtigungen")


def test_dry_run_counts_and_deletes_nothing():
    make.watch()
    counts = privacy.enforce(NOW + 365 * DAY, dry_run=True)
    assert [counts[name] for name in NAMES] == [0, 1]
    assert Watch.objects.get().email == KIM


@pytest.mark.slow
def test_notice_a_month_before_the_end_and_a_click_goes_on(client, clock):
    row = make.watch()
    moments = [NOW + days * DAY for days in (334, 335, 336)]
    assert [kernel.warn_due(Watch, now=at) for at in moments] == [0, 1, 0]
    mail = Mail.objects.get()
    assert mail.subject == "Noch bis 10. Juni 2027: Bescheid bei neuen Aktionen um 35423 Lich"
    manage = link(mail, "bescheid")
    assert "Verlängern: ab heute noch 12 Monate" not in said(client.get(manage))
    clock.move_to(NOW + 340 * DAY)
    assert "Verlängern: ab heute noch 12 Monate" in said(client.get(manage))

    response = press(client, manage, do="go_on")

    assert "Gern, wir sagen Ihnen weiter Bescheid." in said(client.get(response["Location"]))
    assert privacy.enforce(NOW + 365 * DAY)["K4 Benachrichtigungen"] == 0
    row.refresh_from_db()
    assert [row.active_at, row.warned_at, row.email] == [NOW + 340 * DAY, None, KIM]
    assert kernel.warn_due(Watch, now=NOW + (340 + 335) * DAY) == 1


def test_export_holds_everything_about_the_person(client, lich):
    row = make.watch()
    publish(lich, at=NOW + MINUTE)
    watches.tell_due(now=NOW + HOUR)
    token = links.make(kernel.MANAGE, row)
    answer = json.loads(client.get(f"/anmeldung/bescheid/{token}/meine-daten.json").content)
    assert answer["gespeichert"] == {
        "E-Mail": KIM,
        "E-Mail zum Vergleichen": KIM,
        "Ort": "35423 Lich",
        "Breite": 50.52,
        "Länge": 8.82,
        "Nachweis der Löschung": "",
    }
    assert answer["wunsch"] == {"Ort": "35423 Lich, Umkreis 15 km"}
    assert answer["einwilligung"] == {
        "fassung": "2026-11",
        "eingetragen": answer["einwilligung"]["eingetragen"],
        "bestaetigungsmail": None,
        "bestaetigt": answer["einwilligung"]["bestaetigt"],
        "zuletzt_aktiv": answer["einwilligung"]["zuletzt_aktiv"],
        "beendet": None,
    }
    assert [mail["gespeichert"]["an"] for mail in answer["mails"]] == [KIM]
