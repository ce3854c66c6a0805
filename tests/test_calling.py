"""„Hilfe suchen": seven questions on one page, a copy of an action, a date week after week."""

from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal import holidays
from portal.models import Membership, Organisation
from portal.refused import Refused
from tests import make
from tests.make import BERLIN
from tests.staffroom import proven, staff
from volunteers import calling
from volunteers.models import Opportunity, Shift

pytestmark = pytest.mark.django_db
CALL = reverse("admin:volunteers_opportunity_call")
NOW = make.NOW


@pytest.fixture
def town():
    make.topic("dorfentwicklung", "Ortsentwicklung")
    return make.municipality("Lich", organisation=make.organisation(name="Stadt Lich"))


@pytest.fixture
def clerk(town):
    return proven(staff(town.organisation, name="Frau Weber"))


def wanted(town, **fields):
    return make.opportunity(organisation=town.organisation, municipality=town, **fields)


def answers(page, **changed):
    """What the browser sends back from the page, with these answers."""
    form = page.context["form"]
    data = {}
    for field in form:
        value = field.value()
        if value not in (None, False):
            data[field.html_name] = str(getattr(value, "pk", value))
    seven = {
        "title": "Bachputz", "summary": "Wir sammeln Müll.", "day": "2026-11-28", "begins": "09:00",
        "ends": "12:00", "meeting_point": "Brücke am Schloss", "capacity": "12", "bring": "Handschuhe",
    }  # fmt: skip
    return data | seven | changed


def ask(client, url=CALL, button="_publish", **changed):
    return client.post(url, answers(client.get(url), **changed) | {button: "1"}, follow=True)


def mistakes(response):
    return {name: list(errors) for name, errors in response.context["form"].errors.items()}


def local(moment):
    return f"{timezone.localtime(moment):%d.%m.%Y %H:%M}"


# --- the seven questions ---------------------------------------------------------------------------------


def test_one_page_asks_seven_questions_and_folds_the_rest_away(clerk):
    page = clerk.get(CALL)
    assert [str(question) for question, _fields in page.context["form"].questions] == [
        "Was ist zu tun?", "Wann?", "Wo ist der Treffpunkt?", "Wie viele Menschen brauchen Sie?",
        "Was mitbringen?", "Wer veranstaltet?", "Wer ist erreichbar?",
    ]  # fmt: skip
    text = page.content.decode()
    assert text.count("<legend>") == 7
    assert '<details class="more">' in text


def test_the_first_call_of_a_town_knows_who_asks(clerk, town):
    initial = clerk.get(CALL).context["form"].initial
    known = {name: initial[name] for name in ("organiser", "contact", "contact_phone", "contact_email")}
    assert known == {
        "organiser": "Stadt Lich, Unterstadt 1, 35423 Lich",
        "contact": "Frau Weber",
        "contact_phone": "06404 8060",
        "contact_email": "ehrenamt@lich.example",
    }
    assert initial["topic"].slug == "dorfentwicklung"


def test_the_next_one_is_like_the_last_one_of_the_town(clerk, town):
    wanted(town, organiser="Feuerwehr Lich", contact="Herr Alt", age="from18", insurance="municipal")
    elsewhere = make.municipality("Anderswo", organisation=make.organisation())
    wanted(elsewhere, organiser="Fremder Verein")
    initial = clerk.get(CALL).context["form"].initial
    assert [initial[name] for name in ("organiser", "contact", "age", "insurance")] == [
        "Feuerwehr Lich", "Herr Alt", "from18", "municipal",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_clerk_publishes_a_date_with_one_button(clerk, town):
    response = ask(clerk)
    row = Opportunity.objects.get()
    assert (row.is_public, row.organisation, row.municipality) == (True, town.organisation, town)
    assert (row.slug, row.topic.slug, row.age) == ("bachputz-lich-2026", "dorfentwicklung", "accompanied")
    assert (row.remind_early, row.remind_late, row.insurance) == (True, True, "")
    assert [
        (local(s.starts), local(s.ends), s.capacity, s.max_party, s.deadline) for s in row.shifts.all()
    ] == [("28.11.2026 09:00", "28.11.2026 12:00", 12, 5, None)]
    assert response.redirect_chain == [(reverse("admin:index"), 302)]
    said = [str(message) for message in response.context["messages"]]
    assert said == [
        f'Veröffentlicht: „Bachputz“. <a href="{row.get_absolute_url()}">So sehen es die Bürger</a>'
    ]
    assert clerk.get(row.get_absolute_url()).status_code == 200


def test_a_title_cannot_smuggle_markup_into_the_message(clerk):
    assert "„&lt;b&gt;Putz" in ask(clerk, title="<b>Putz").content.decode()


def test_a_draft_needs_its_title_only(clerk):
    empty = dict.fromkeys(("summary", "day", "begins", "ends", "meeting_point", "organiser", "contact"), "")
    response = ask(clerk, button="_draft", **empty)
    row = Opportunity.objects.get()
    assert (row.state, row.title, row.shifts.count()) == ("draft", "Bachputz", 0)
    assert response.redirect_chain == [(reverse("admin:volunteers_opportunity_change", args=[row.pk]), 302)]


def test_what_is_missing_for_publication_is_said_at_its_question(clerk):
    response = ask(clerk, summary="", ends="", contact_phone="", contact_email="")
    assert list(response.context["form"].fields)[:6] == [
        "title", "summary", "day", "begins", "ends", "meeting_point",
    ]  # fmt: skip
    assert mistakes(response) == {
        "summary": ["Dieses Feld ist zwingend erforderlich."],
        "ends": ["Dieses Feld ist zwingend erforderlich."],
        "contact_phone": ["Bitte nennen Sie ein Telefon oder eine E-Mail-Adresse."],
    }
    text = response.content.decode()
    assert 'value="Brücke am Schloss"' in text
    assert '<a href="#id_summary">' in text
    assert not Opportunity.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"ends": "08:00"}, "ends", "Das Ende muss nach dem Beginn liegen."),
        ({"day": "0026-11-28"}, "day", "Bitte prüfen Sie das Jahr."),
        (
            {"day": "2027-03-28", "begins": "02:30"},
            "begins",
            "02.30 Uhr gibt es am 28.03.2027 nicht: In dieser Nacht wird die Uhr vorgestellt.",
        ),
        (
            {"deadline": "2026-11-29T09:00"},
            "deadline",
            "Der Anmeldeschluss darf nicht nach dem Beginn liegen.",
        ),
    ],
)
def test_a_date_that_cannot_be_is_refused_at_its_field(clerk, changed, field, words):
    assert mistakes(ask(clerk, **changed)) == {field: [words]}
    assert not Opportunity.objects.exists()


def test_a_draft_with_half_a_date_is_not_saved_without_it(clerk):
    assert mistakes(ask(clerk, button="_draft", begins="")) == {
        "begins": ["Bitte ergänzen Sie Tag, Beginn und Ende."]
    }


@pytest.mark.slow
def test_who_may_not_publish_yet_keeps_what_was_typed_and_saves_a_draft(clerk, town):
    Organisation.objects.filter(pk=town.organisation_id).update(imprint="")
    response = ask(clerk)
    assert mistakes(response) == {
        "__all__": ["Noch nicht veröffentlicht. Es fehlt: Impressum und E-Mail des Herausgebers."]
    }
    assert 'value="Bachputz"' in response.content.decode()
    assert (Opportunity.objects.count(), Shift.objects.count()) == (0, 0)
    ask(clerk, button="_draft")
    assert Opportunity.objects.get().state == "draft"


@pytest.mark.slow
def test_who_writes_for_two_towns_says_first_for_which(clerk, town):
    second = make.municipality("Laubach", organisation=make.organisation("Stadt Laubach"))
    Membership.objects.create(user_id=clerk.session["_auth_user_id"], organisation=second.organisation)
    foreign = make.municipality("Anderswo", organisation=make.organisation("Stadt Anderswo"))
    page = clerk.get(CALL)
    assert [t.name for t in page.context["towns"]] == ["Laubach", "Lich"]
    ask(clerk, f"{CALL}?ort={second.pk}")
    row = Opportunity.objects.get()
    assert (row.municipality, row.organisation) == (second, second.organisation)
    assert row.organiser.startswith("Stadt Laubach")
    for wrong in (foreign.pk, "x", 10**9):
        assert clerk.get(f"{CALL}?ort={wrong}").status_code == 404
        assert clerk.post(f"{CALL}?ort={wrong}", {"title": "x"}).status_code == 404


@pytest.mark.slow
def test_the_association_asks_only_for_towns_without_redaktion(town):
    association = make.filled_association()
    network = proven(staff(association, Membership.Role.NETWORK, email="netz@verband.example", name="Netz"))
    assert "Jeder hat seine eigene Redaktion" in network.get(CALL).content.decode()
    trust = make.municipality("Stillbach")
    assert network.get(f"{CALL}?ort={town.pk}").status_code == 404
    ask(network, f"{CALL}?ort={trust.pk}")
    assert Opportunity.objects.get().organisation == association


@pytest.mark.slow
def test_an_initiative_of_another_town_cannot_be_named(clerk, town):
    other = make.municipality("Anderswo", organisation=make.organisation())
    mine = make.initiative(organisation=town.organisation, municipality=town, life_state="running")
    theirs = make.initiative(organisation=other.organisation, municipality=other, life_state="running")
    assert list(clerk.get(CALL).context["form"].fields["initiative"].queryset) == [mine]
    assert list(mistakes(ask(clerk, initiative=str(theirs.pk)))) == ["initiative"]
    ask(clerk, initiative=str(mine.pk))
    assert Opportunity.objects.get().initiative == mine


def test_the_page_asks_as_often_after_three_actions_as_after_one(clerk, town):
    asked = []
    for more in (1, 2):
        for _ in range(more):
            wanted(town)
        with CaptureQueriesContext(connection) as captured:
            clerk.get(CALL)
        asked.append(len(captured))
    assert asked == [10, 10]


# --- copy ------------------------------------------------------------------------------------------------


def at(year, month, day, hour=9, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=BERLIN)


def copy_of(client, row, first_day=""):
    url = reverse("admin:volunteers_opportunity_copy", args=[row.pk])
    assert client.get(url).status_code == 200
    response = client.post(url, {"first_day": first_day}, follow=True)
    return response, Opportunity.objects.exclude(pk=row.pk).first()


@pytest.mark.slow
def test_a_copy_is_a_draft_with_the_words_and_without_dates_and_people(clerk, town):
    row = wanted(town, published_at=timezone.now(), insurance="municipal", age="from14")
    make.signup(make.shift(opportunity=row, starts=timezone.now() + timedelta(days=3)))
    response, new = copy_of(clerk, row)
    assert response.redirect_chain == [(reverse("admin:volunteers_opportunity_change", args=[new.pk]), 302)]
    assert (new.state, new.published_at, new.shifts.count()) == ("draft", None, 0)
    assert new.slug != row.slug
    assert [getattr(new, name) for name in calling.COPIED] == [getattr(row, name) for name in calling.COPIED]


def test_dates_come_along_at_their_time_of_day_over_the_change_of_the_clock(town):
    row = wanted(town)
    first = make.shift(opportunity=row, starts=at(2026, 6, 13), deadline=at(2026, 6, 12, 18), note="Aufbau")
    make.signup(first)
    make.shift(opportunity=row, starts=at(2026, 6, 20, 14), capacity=4, max_party=2)
    make.shift(opportunity=row, starts=at(2026, 6, 1), cancelled_at=NOW, cancel_reason="x")
    new = calling.copy(row, first_day=date(2026, 10, 24), now=NOW)
    assert [
        (local(s.starts), local(s.ends), s.deadline and local(s.deadline), s.capacity, s.max_party, s.note)
        for s in new.shifts.all()
    ] == [
        ("24.10.2026 09:00", "24.10.2026 12:00", "23.10.2026 18:00", 10, 5, "Aufbau"),
        ("31.10.2026 14:00", "31.10.2026 17:00", None, 4, 2, ""),
    ]
    assert new.slug == "bachputz-an-der-wetter-lich-2026"
    assert not any(s.signups.exists() for s in new.shifts.all())


def test_a_copy_into_the_past_or_into_the_skipped_hour_is_refused(town):
    row = wanted(town)
    make.shift(opportunity=row, starts=at(2026, 6, 13, 2, 30))
    with pytest.raises(Refused, match="der noch kommt"):
        calling.copy(row, first_day=date(2026, 6, 1), now=NOW)
    with pytest.raises(Refused, match=r"gibt es am 28[.]03[.]2027 nicht"):
        calling.copy(row, first_day=date(2027, 3, 28), now=NOW)
    assert Opportunity.objects.count() == 1


# --- week after week ---------------------------------------------------------------------------------------


def repeat_url(row, **query):
    url = reverse("admin:volunteers_opportunity_repeat", args=[row.pk])
    return f"{url}?{'&'.join(f'{k}={v}' for k, v in query.items())}" if query else url


@pytest.mark.parametrize(
    ("first", "until", "days"),
    [
        (at(2026, 10, 17), date(2026, 11, 1), ["24.10.2026", "31.10.2026"]),
        (at(2026, 10, 18), date(2026, 11, 1), ["25.10.2026", "01.11.2026"]),  # itself on the last Sunday
        (at(2027, 3, 21), date(2027, 4, 4), ["28.03.2027", "04.04.2027"]),
    ],
)
def test_nine_to_twelve_stays_nine_to_twelve_over_the_change_of_the_clock(town, first, until, days):
    shift = make.shift(opportunity=wanted(town), starts=first)
    new = calling.repeat(shift, days=calling.weeks(shift, until=until), now=NOW)
    assert [(local(s.starts), local(s.ends)) for s in new] == [(f"{d} 09:00", f"{d} 12:00") for d in days]
    assert {s.ends - s.starts for s in Shift.objects.all()} == {timedelta(hours=3)}


def test_at_most_fifty_two_weeks(town):
    shift = make.shift(opportunity=wanted(town), starts=at(2026, 6, 13))
    days = calling.weeks(shift, until=date(2099, 1, 1))
    assert (len(days), days[0], days[-1]) == (52, date(2026, 6, 20), date(2027, 6, 12))
    with pytest.raises(Refused, match="höchstens 52"):
        calling.repeat(shift, days=[*days, date(2027, 6, 19)], now=NOW)
    with pytest.raises(Refused, match="mindestens einen"):
        calling.repeat(shift, days=[], now=NOW)
    assert Shift.objects.count() == 1


def test_a_day_that_is_there_or_over_or_has_no_such_hour_is_refused(town):
    shift = make.shift(opportunity=wanted(town), starts=at(2026, 6, 14, 2, 30))
    make.shift(opportunity=shift.opportunity, starts=at(2026, 6, 21, 2, 30))
    for day in (date(2026, 6, 21), date(2026, 5, 3), date(2027, 3, 28)):
        with pytest.raises(Refused):
            calling.repeat(shift, days=[date(2026, 7, 5), day], now=NOW)
    assert Shift.objects.count() == 2


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 4, 3), "Karfreitag"),
        (date(2026, 4, 6), "Ostermontag"),
        (date(2027, 5, 6), "Christi Himmelfahrt"),
        (date(2027, 5, 17), "Pfingstmontag"),
        (date(2025, 6, 19), "Fronleichnam"),
        (date(2024, 4, 1), "Ostermontag"),
        (date(2038, 4, 26), "Ostermontag"),  # the latest Easter there is
        (date(2026, 12, 26), "2. Weihnachtstag"),
        (date(2026, 10, 31), ""),
    ],
)
def test_holidays_of_hessen(day, words):
    assert holidays.name(day) == words


def test_public_holidays_are_named_and_not_ticked(clerk, town):
    row = wanted(town)
    shift = make.shift(opportunity=row, starts=at(2030, 12, 19))
    page = clerk.get(repeat_url(row, termin=shift.pk, bis="2031-01-09"))
    assert [(tick.choice_label, tick.data["selected"]) for tick in page.context["days"]["tage"]] == [
        ("Donnerstag, 26. Dezember 2030, 9–12 Uhr (2. Weihnachtstag)", False),
        ("Donnerstag, 2. Januar 2031, 9–12 Uhr", True),
        ("Donnerstag, 9. Januar 2031, 9–12 Uhr", True),
    ]


@pytest.mark.slow
def test_a_clerk_unticks_the_holidays(clerk, town):
    row = wanted(town, published_at=timezone.now())
    start = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=3)
    shift = make.shift(opportunity=row, starts=start, capacity=6)
    days = [shift.day + timedelta(weeks=n) for n in (1, 2, 3)]
    make.shift(opportunity=row, starts=datetime.combine(days[1], start.time(), tzinfo=BERLIN))
    assert clerk.get(repeat_url(row)).status_code == 200
    url = repeat_url(row, termin=shift.pk, bis=days[-1].isoformat())
    page = clerk.get(url)
    offered = [value for value, _label in page.context["days"].fields["tage"].choices]
    assert offered == [days[0].isoformat(), days[2].isoformat()]
    assert page.content.decode().count('type="checkbox"') == 2
    assert [words.endswith("steht schon da.") for words in page.context["days"].skipped] == [True]
    response = clerk.post(url, {"tage": [days[2].isoformat()]}, follow=True)
    assert [str(m) for m in response.context["messages"]] == ["1 Termin ist dazugekommen."]
    assert sorted(s.day for s in row.shifts.all()) == [shift.day, days[1], days[2]]
    assert row.shifts.order_by("starts").last().capacity == 6


def test_the_skipped_hour_is_named_and_not_offered(town, time_machine):
    time_machine.move_to(at(2027, 3, 1))
    row, clerk = wanted(town), proven(staff(town.organisation))
    shift = make.shift(opportunity=row, starts=at(2027, 3, 14, 2, 30))
    page = clerk.get(repeat_url(row, termin=shift.pk, bis="2027-04-04"))
    days = page.context["days"]
    assert [value for value, _label in days.fields["tage"].choices] == ["2027-03-21", "2027-04-04"]
    assert days.skipped == [
        "02.30 Uhr gibt es am 28.03.2027 nicht: In dieser Nacht wird die Uhr vorgestellt."
    ]


@pytest.mark.slow
def test_a_day_or_a_date_that_was_not_offered_is_not_taken(clerk, town):
    row = wanted(town)
    shift = make.shift(opportunity=row, starts=timezone.now() + timedelta(days=3))
    foreign = make.shift(starts=timezone.now() + timedelta(days=3))
    until = (shift.day + timedelta(weeks=2)).isoformat()
    other_day = (shift.day + timedelta(days=1)).isoformat()
    for url, data in [
        (repeat_url(row, termin=shift.pk, bis=until), {"tage": [other_day]}),
        (repeat_url(row, termin=shift.pk, bis=until), {}),
        (repeat_url(row, termin=foreign.pk, bis=until), {"tage": [until]}),
        (repeat_url(row), {"tage": [until]}),
        (repeat_url(row, termin=shift.pk, bis=shift.day.isoformat()), {"tage": [until]}),
    ]:
        assert clerk.post(url, data).status_code == 200
    assert Shift.objects.count() == 2


def test_an_action_without_a_date_has_nothing_to_repeat(clerk, town):
    page = clerk.get(repeat_url(wanted(town))).content.decode()
    assert "noch keinen Termin, der sich wiederholen ließe" in page


def test_the_days_cost_the_same_for_one_week_and_for_three(clerk, town):
    shift = make.shift(opportunity=wanted(town), starts=timezone.now() + timedelta(days=3))
    asked = []
    for weeks in (1, 3):
        until = shift.day + timedelta(weeks=weeks)
        with CaptureQueriesContext(connection) as captured:
            page = clerk.get(repeat_url(shift.opportunity, termin=shift.pk, bis=until.isoformat()))
        asked.append((len(page.context["days"].fields["tage"].choices), len(captured)))
    assert [n for n, _queries in asked] == [1, 3]
    assert asked[0][1] == asked[1][1]


def test_the_list_of_actions_begins_a_new_one_with_the_questions(clerk):
    page = clerk.get(reverse("admin:volunteers_opportunity_changelist")).content.decode()
    assert f'href="{CALL}" class="addlink">' in page


def test_what_is_rare_is_folded_away_on_the_page_of_an_action_too(clerk, town):
    page = clerk.get(reverse("admin:volunteers_opportunity_change", args=[wanted(town).pk]))
    folded = {
        name
        for fieldset in page.context["adminform"].fieldsets
        if "collapse" in fieldset[1].get("classes", ())
        for name in fieldset[1]["fields"]
    }
    assert folded == {"topic", "age", "insurance", "initiative", "remind_early", "remind_late", "slug"}


def test_the_ways_stand_beside_the_action(clerk, town):
    row = wanted(town)
    page = clerk.get(reverse("admin:volunteers_opportunity_change", args=[row.pk])).content.decode()
    assert f'href="{reverse("admin:volunteers_opportunity_copy", args=[row.pk])}">Kopieren</a>' in page
    assert f'href="{repeat_url(row)}">Jede Woche wiederholen</a>' in page
