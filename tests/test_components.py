"""Component templates and the crispy pack, rendered with what their first line names."""

import re
from datetime import datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from crispy_forms.utils import render_crispy_form
from django import forms
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import RequestFactory

from portal.context import site

BERLIN = ZoneInfo("Europe/Berlin")


def text_of(html):
    """What a person reads, tags and runs of white space gone."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def shift(**changes):
    row = {
        "title": "Bachputz <an> der Wetter",
        "get_absolute_url": "/mitmachen/bachputz-lich-2026/",
        "label": "Lich",
        "starts": datetime(2026, 11, 28, 9, tzinfo=BERLIN),
        "ends": datetime(2026, 11, 28, 12, tzinfo=BERLIN),
        "time_text": "9–12 Uhr",
        "seats_text": "noch 4 Plätze",
        "seats_state": "few",
        "is_example": False,
    }
    return SimpleNamespace(**(row | changes))


def test_shift_card_reads_as_date_title_time_place_and_seats():
    html = render_to_string("components/shift_card.html", {"shift": shift(is_example=True)})
    assert text_of(html) == (
        "Sa. 28 . Nov Bachputz &lt;an&gt; der Wetter 9–12 Uhr Lich Beispiel noch 4 Plätze"
    )
    assert '<a href="/mitmachen/bachputz-lich-2026/">' in html
    assert 'datetime="2026-11-28T09:00"' in html


def test_shift_card_without_a_time_text_shows_the_hours():
    html = render_to_string("components/shift_card.html", {"shift": shift(time_text="")})
    assert "9:00–12:00 Uhr" in html
    assert "Beispiel" not in html


def test_shift_card_takes_a_calendar_leaf_made_beforehand():
    made = shift(iso="2026-11-28T09:00", weekday="Sa.", day=28, month="Nov")
    filtered = shift()
    first, second = (
        render_to_string("components/shift_card.html", {"shift": row}) for row in (made, filtered)
    )
    assert first == second.replace("</time>\n", "</time>")


def test_initiative_card_names_topic_place_year_and_state_in_words():
    initiative = SimpleNamespace(
        title="Dorfladen",
        teaser="Bürgerinnen und Bürger verkaufen selbst.",
        get_absolute_url="/initiativen/dorfladen-lich/",
        place_name="Lich",
        drawing="dorfentwicklung",
        topic_name="Ortsentwicklung",
        life_state="example",
        life_state_label="Beispiel",
        year_label="Bericht von 2015",
    )
    html = render_to_string("components/initiative_card.html", {"initiative": initiative})
    assert text_of(html) == (
        "Ortsentwicklung Dorfladen Bürgerinnen und Bürger verkaufen selbst. Lich Bericht von 2015 Beispiel"
    )
    assert 'class="topic topic--dorfentwicklung" aria-hidden="true"' in html


def test_pagination_keeps_the_query_and_says_where_one_is():
    page = Paginator(range(94), 24).page(2)
    html = render_to_string("components/pagination.html", {"page": page, "query": "ort=Lich&umkreis=15&"})
    assert re.findall(r'href="([^"]+)"', html) == [
        "?ort=Lich&amp;umkreis=15&amp;page=1",
        "?ort=Lich&amp;umkreis=15&amp;page=3",
    ]
    assert text_of(html) == "Zurück Seite 2 von 4 Weiter"


def test_pagination_of_a_single_page_is_nothing():
    assert render_to_string("components/pagination.html", {"page": Paginator([1], 24).page(1)}).strip() == ""


def test_empty_state_says_what_to_do_next():
    html = render_to_string(
        "components/empty_state.html",
        {
            "title": "Noch nichts",
            "text": "Bald mehr.",
            "action_label": "Ansehen",
            "action_url": "/initiativen/",
        },
    )
    assert text_of(html) == "Noch nichts Bald mehr. Ansehen"
    assert 'href="/initiativen/"' in html


class Form(forms.Form):
    name = forms.CharField(label="Ihr Name", help_text="Vor- und Nachname")
    phone = forms.CharField(label="Telefon", required=False)
    topic = forms.ChoiceField(label="Thema", choices=[("a", "Umwelt")])
    days = forms.MultipleChoiceField(
        label="Termine", choices=[("1", "Samstag"), ("2", "Sonntag")], widget=forms.CheckboxSelectMultiple
    )
    way = forms.ChoiceField(label="Weg", choices=[("x", "Fuß"), ("y", "Rad")], widget=forms.RadioSelect)
    note = forms.CharField(label="Nachricht", required=False, widget=forms.Textarea)
    age = forms.BooleanField(label="Ich bin mindestens 18 Jahre alt.")


def test_every_control_has_a_label_or_a_legend():
    html = render_crispy_form(Form())
    controls = set(re.findall(r'<(?:input|select|textarea)[^>]*\bid="([^"]+)"', html))
    assert controls == {
        "id_name", "id_phone", "id_topic", "id_days_0", "id_days_1", "id_way_0", "id_way_1", "id_note", "id_age",
    }  # fmt: skip
    assert set(re.findall(r'<label[^>]* for="([^"]+)"', html)) == controls
    assert [text_of(legend) for legend in re.findall(r"<legend.*?</legend>", html, re.DOTALL)] == [
        "Termine",
        "Weg",
    ]


def test_optional_fields_say_so_in_words_and_required_ones_carry_no_star():
    html = render_crispy_form(Form())
    assert re.findall(r">([^<>]+) <span[^>]*>\(freiwillig\)", html) == ["Telefon", "Nachricht"]
    assert "*" not in text_of(html)


def test_errors_stand_at_the_field_and_in_a_summary_that_links_to_it():
    html = render_crispy_form(Form({"name": "", "topic": "a", "way": "q", "age": "on"}))
    summary = re.search(r'<div class="errors".*?</div>', html, re.DOTALL)[0]
    assert re.findall(r'href="#([^"]+)"', summary) == ["id_name", "id_days_0", "id_way_0"]
    assert "Bitte prüfen Sie 3 Angaben" in summary
    assert re.findall(r'class="kern-error" id="([^"]+)"', html) == [
        "id_name_error",
        "id_days_error",
        "id_way_error",
    ]
    field = re.search(r'<input[^>]*id="id_name"[^>]*>', html)[0]
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_name_helptext id_name_error"' in field
    assert re.search(r'<fieldset id="div_id_days"[^>]*aria-describedby="id_days_error"', html)


def test_what_was_entered_is_kept():
    html = render_crispy_form(Form({"name": "Änne", "days": ["2"], "way": "y"}))
    assert 'value="Änne"' in html
    assert re.findall(r'id="([^"]+)" checked', html) == ["id_days_1", "id_way_1"]


def test_form_of_one_error_counts_in_the_singular():
    data = {"topic": "a", "days": ["1"], "way": "x", "age": "on"}
    assert "Bitte prüfen Sie eine Angabe" in render_crispy_form(Form(data))


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_pages_for_our_own_failures_need_no_context_and_no_database(name, settings):
    settings.ROOT_URLCONF = "tests.no_such_module"
    html = render_to_string(name)
    assert html.count("<h1>") == 1
    assert 'href="/mitmachen/"' in html
    assert "Aktive Bürger – Starke Kommunen</title>" in html


@pytest.mark.parametrize(
    ("name", "context", "sentence"),
    [
        ("400.html", {}, "Es ist nichts gespeichert worden."),
        ("403.html", {"reason": "Die Seite war zu lange offen."}, "Die Seite war zu lange offen."),
        ("403.html", {}, "oder das Formular kam nicht von unserer eigenen Seite"),
        ("404.html", {}, "Diese Seite gibt es nicht"),
        ("429.html", {"minutes": 5}, "in etwa 5 Minuten noch einmal"),
    ],
)
def test_error_pages_say_what_happened_and_lead_on(name, context, sentence):
    request = RequestFactory().get("/x/")
    html = render_to_string(name, context | site(request))
    assert sentence in text_of(html)
    assert html.count("<h1>") == 1
    links = re.findall(r'<a href="([^"]+)"', html[html.index('class="linklist"') :])
    assert links[:4] == ["/", "/mitmachen/", "/initiativen/", "/orte/"]
    assert '<meta name="robots" content="noindex">' in html


def test_frame_links_the_duties_on_every_page():
    html = render_to_string("404.html", site(RequestFactory().get("/mitmachen/")))
    footer = html[html.index('<footer class="site-foot"') :]
    assert re.findall(r'href="([^"]+)"', footer) == [
        "/einfach-erklaert/", "/barrierefreiheit/", "/datenschutz/", "/impressum/", "/fuer-kommunen/", "/konto/login/",
    ]  # fmt: skip


def test_navigation_marks_the_current_part():
    html = render_to_string("404.html", site(RequestFactory().get("/mitmachen/bachputz/")))
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', html) == ["/mitmachen/"]


def test_demo_banner_stands_only_in_the_demo():
    shown = {demo: render_to_string("404.html", {"demo": demo}) for demo in (True, False)}
    assert "keine echten Anmeldungen" in shown[True]
    assert "keine echten Anmeldungen" not in shown[False]
