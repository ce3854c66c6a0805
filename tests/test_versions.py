"""„Frühere Fassungen“: who changed which words when, two versions compared, one brought back."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from initiatives.models import Initiative
from portal import leaving, publishing, versions
from portal.models import Mail, OldSlug, Organisation, User
from seminars.models import Session
from tests import make
from tests.staffroom import proven, staff, typed
from volunteers.models import Opportunity

pytestmark = pytest.mark.django_db


def kept(row):
    return list(row.versions.order_by("history_id").values_list("title", flat=True))


def page(client, row, name, *keys):
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{name}", args=[row.pk, *keys])


def edit(client, row, **fields):
    """As a clerk does it, with the form of the Redaktion."""
    url = page(client, row, "change")
    answer = client.post(url, typed(client.get(url)) | fields)
    assert answer.status_code == 302, answer.context["errors"]
    row.refresh_from_db()


@pytest.fixture
def plan():
    return make.initiative(title="Bachpaten", contact="Umweltbüro", contact_email="amt@lich.example")


@pytest.fixture
def client(plan):
    return proven(staff(plan.organisation, name="Frau Weber"))


# --- what makes a version ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_each_change_of_words_is_a_version_and_saving_the_same_is_none(client, plan):
    edit(client, plan, title="Bachpatinnen und Bachpaten")
    edit(client, plan)
    edit(client, plan, contact="Jemand anders")
    assert kept(plan) == ["Bachpaten", "Bachpatinnen und Bachpaten"]
    assert plan.versions.first().history_user.name == "Frau Weber"


@pytest.mark.slow
def test_a_verb_that_the_desk_calls_names_the_person_too():
    action = make.opportunity()
    make.shift(opportunity=action, starts=timezone.now() + timedelta(days=5))
    client = proven(staff(action.organisation, name="Frau Weber"))
    where = {"meeting_point": "Am Bahnhof"}
    preview = client.post(page(client, action, "place"), where)
    client.post(page(client, action, "place"), where | {"seen": preview.context["shown"]["digest"]})
    last = action.versions.first()
    assert (last.meeting_point, last.history_user.name) == ("Am Bahnhof", "Frau Weber")


def test_publishing_and_taking_down_are_versions_too(client, plan):
    publishing.take_down(plan, state="draft")
    publishing.publish(plan, now=timezone.now())
    assert list(plan.versions.values_list("state", flat=True)) == ["published", "draft", "published"]


@pytest.mark.slow
def test_what_was_written_past_save_is_kept_before_the_next_change(client, plan):
    plan.versions.all().delete()
    Initiative.objects.filter(pk=plan.pk).update(title="Aus dem Import")
    edit(client, plan, title="Von Hand")
    assert kept(plan) == ["Aus dem Import", "Von Hand"]
    assert [bool(row.history_user) for row in plan.versions.order_by("history_id")] == [False, True]


def test_a_verb_that_changes_no_words_makes_no_version_and_asks_for_none(django_assert_num_queries):
    session = make.session()
    session.capacity = 3
    with django_assert_num_queries(1):
        session.save(update_fields=["capacity"])
    assert session.versions.count() == 1


MODELS = [Initiative, Opportunity, Organisation, Session, Session.series.field.related_model]
NEVER = {
    "contact",
    "contact_email",
    "contact_phone",
    "reply_to",
    "join_url",
    "dial_in",
    "recording_url",
    "materials_url",
}


@pytest.mark.parametrize("model", MODELS)
def test_no_contact_and_no_way_into_a_room_is_ever_copied(model):
    columns = {field.name for field in model.versions.model._meta.get_fields()}
    assert columns & NEVER == set()
    assert columns & set(getattr(model, "privacy", {})) == set()


def test_versions_go_with_their_row(plan):
    other = make.initiative()
    plan.delete()
    assert set(Initiative.versions.values_list("id", flat=True)) == {other.pk}


@pytest.mark.slow
def test_somebody_who_left_is_a_number_in_the_versions(client, plan):
    edit(client, plan, title="Neu")
    leaving.pseudonymise(User.objects.filter(name="Frau Weber"), now=timezone.now())
    said = proven(staff(plan.organisation, email="neu@lich.example")).get(page(client, plan, "versions"))
    assert "Frau Weber" not in said.content.decode()
    assert f"zugang-{plan.versions.first().history_user_id}@geloescht.invalid" in said.content.decode()


# --- reading and comparing --------------------------------------------------------------------------------


def test_the_page_says_who_changed_what_when(client, plan, time_machine):
    time_machine.move_to(make.NOW)
    plan.versions.update(history_date=make.NOW - timedelta(days=1))
    edit(client, plan, title="Bachpaten Lich", summary="Wir pflegen den Bach.")
    lines = client.get(page(client, plan, "versions")).context["lines"]
    assert [(line["when"], line["who"], line["what"]) for line in lines][:1] == [
        ("10. Juni 2026, 12:00 Uhr", "Frau Weber", "Geändert: Titel, Zusammenfassung")
    ]
    assert [line["what"] for line in lines][1:] == ["Die erste Fassung, die hier steht"]


@pytest.mark.slow
def test_the_page_asks_the_database_as_often_for_three_versions_as_for_one(
    client, plan, django_assert_max_num_queries
):
    for title in ("Zwei", "Drei"):
        edit(client, plan, title=title)
    with django_assert_max_num_queries(12):
        client.get(page(client, plan, "versions"))


@pytest.mark.slow
def test_two_versions_are_compared_word_by_word(client, plan):
    edit(client, plan, summary="Wir halten den sauberen Bach in Ordnung.", life_state="running")
    new, old = plan.versions.all()
    found = versions.compare(old, new)
    assert [(d.label, [(p.kind, p.text.strip()) for p in d.pieces if p.kind != "same"]) for d in found] == [
        ("Zustand", [("del", "Beispiel"), ("ins", "läuft")]),
        ("Zusammenfassung", [("ins", "sauberen"), ("del", "sauber."), ("ins", "in Ordnung.")]),
    ]


def test_the_comparison_marks_what_is_old_and_new_with_words(client, plan):
    edit(client, plan, title="Bachpatinnen <b>")
    new, old = plan.versions.all()
    said = client.get(page(client, plan, "compare") + f"?alt={new.pk}&neu={old.pk}").content.decode()
    assert '<del><span class="mark">alt:</span> Bachpaten</del>' in said
    assert '<ins><span class="mark">neu:</span> Bachpatinnen &lt;b&gt;</ins>' in said


@pytest.mark.parametrize("asked", ["?alt=x", "?alt=999999999&neu=1", "?neu=-1", "?alt=" + "9" * 40])
def test_versions_that_are_not_there_cannot_be_compared(client, plan, asked):
    assert client.get(page(client, plan, "compare") + asked).status_code == 404


def test_a_version_of_another_row_is_none_of_this_one(client, plan):
    other = make.initiative(organisation=plan.organisation)
    foreign = make.initiative(organisation=make.organisation("Stadt Anderswo"))
    for row in (other, foreign):
        key = row.versions.latest().pk
        assert client.get(page(client, plan, "restore", key)).status_code == 404
        assert client.post(page(client, plan, "restore", key)).status_code == 404
        assert client.get(page(client, plan, "compare") + f"?alt={key}").status_code == 404


# --- bringing one back --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_version_is_brought_back_as_a_new_one(client, plan):
    edit(client, plan, title="Ganz anders", contact="Frau Neu")
    first = plan.versions.last()
    assert client.get(page(client, plan, "restore", first.pk)).status_code == 200
    assert kept(plan) == ["Bachpaten", "Ganz anders"]
    client.post(page(client, plan, "restore", first.pk))
    plan.refresh_from_db()
    assert (plan.title, plan.contact, plan.state) == ("Bachpaten", "Frau Neu", "published")
    assert kept(plan) == ["Bachpaten", "Ganz anders", "Bachpaten"]
    last = plan.versions.first()
    assert last.history_change_reason == f"Fassung vom {versions_time(first)} wiederhergestellt"
    assert "Bachpaten" in plan.search_text or "bachpat" in plan.search_text


def versions_time(version):
    local = timezone.localtime(version.history_date)
    return f"{local.day}. {['', 'Januar', 'Februar', 'März', 'April', 'Mai', 'Juni', 'Juli', 'August', 'September', 'Oktober', 'November', 'Dezember'][local.month]} {local:%Y, %H:%M} Uhr"


@pytest.mark.slow
def test_what_is_public_stays_public_and_its_address_stays(client, plan):
    plan.published_at = timezone.now()
    plan.save()
    address = plan.slug
    publishing.take_down(plan, state="draft")
    draft = plan.versions.first()
    publishing.publish(plan, now=timezone.now())
    edit(client, plan, title="Neuer Titel")
    client.post(page(client, plan, "restore", draft.pk))
    plan.refresh_from_db()
    assert (plan.title, plan.state, plan.slug) == ("Bachpaten", "published", address)
    assert not OldSlug.objects.exists()


@pytest.mark.slow
def test_a_version_that_lacks_what_a_public_page_needs_is_refused_in_words(client, plan):
    Initiative.objects.filter(pk=plan.pk).update(state="draft", summary="")
    plan.refresh_from_db()
    versions.keep_today(plan)
    empty = plan.versions.first()
    edit(client, plan, summary="Wir pflegen den Bach.")
    publishing.publish(plan, now=timezone.now())
    before = plan.versions.count()
    answer = client.post(page(client, plan, "restore", empty.pk), follow=True)
    plan.refresh_from_db()
    assert "Es fehlt: die Zusammenfassung." in answer.content.decode()
    assert (plan.summary, plan.versions.count()) == ("Wir pflegen den Bach.", before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("people", "meets"), [(0, "Am alten Bahnhof"), (1, "Brücke am Schloss, Schlossgasse 1")]
)
def test_a_meeting_point_that_people_count_on_stays_while_the_rest_comes_back(people, meets):
    action = make.opportunity()
    shift = make.shift(opportunity=action, starts=timezone.now() + timedelta(days=5))
    for _person in range(people):
        make.signup(shift)
    client = proven(staff(action.organisation))
    action.versions.update(meeting_point="Am alten Bahnhof", bring="Eimer")
    versions.keep_today(action)
    url = page(client, action, "restore", action.versions.last().pk)
    assert client.get(url).context["stays"] == ["Wo ist der Treffpunkt?"] * people
    client.post(url)
    action.refresh_from_db()
    assert (action.meeting_point, action.bring) == (meets, "Eimer")
    assert not Mail.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["imprint", "summary", "name"])
def test_imprint_series_and_session_have_versions_too(name):
    row = {"imprint": make.filled_association, "summary": make.series, "name": make.session}[name]()
    client = proven(staff(is_superuser=True))
    before, version = getattr(row, name), row.versions.first()
    edit(client, row, **{name: "Etwas anderes"})
    client.post(page(client, row, "restore", version.pk))
    row.refresh_from_db()
    assert getattr(row, name) == before
    assert row.versions.first().history_change_reason.endswith("wiederhergestellt")


@pytest.mark.slow
def test_bringing_back_stands_in_django_s_log_of_the_row(client, plan):
    edit(client, plan, title="Anders")
    client.post(page(client, plan, "restore", plan.versions.last().pk))
    history = client.get(page(client, plan, "history")).content.decode()
    assert "wiederhergestellt" in history
