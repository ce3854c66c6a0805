"""What a process remembers of pages: as much as it may, and nothing that somebody typed or that is known of a person."""

from datetime import timedelta

import pytest
from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field
from django import forms
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

from portal import remembering, slot_cards, traps
from portal.models import PostalCode
from portal.remembering import Memory
from portal.templatetags.remembered import form_field, remembered
from tests import make
from tests.markup import Page
from tests.staffroom import PASSWORD, staff

BIRD = "Kanarienvogel"


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    remembering.forget()


def kept():
    """Everything that is remembered, with what it was made of."""
    return "".join(f"{made_of} {html}" for memory in Memory.every for made_of, html in memory._kept.items())


def test_memory_forgets_the_oldest_and_makes_nothing_twice(monkeypatch):
    monkeypatch.setattr(Memory, "every", [])
    memory, made = Memory(2), []

    def get(name):
        return memory.get(name, lambda: made.append(name) or mark_safe(name))

    assert [get(name) for name in "aabcbca"] == list("aabcbca")
    assert made == list("abca")
    assert len(memory._kept) == 2


@pytest.mark.django_db
def test_nothing_that_somebody_typed_or_that_is_known_of_a_person_is_remembered(client):
    town = make.municipality("Lich")
    PostalCode.objects.create(code="35423", municipality=town, place="Lich", lat=50.52, lon=8.82)
    soon = timezone.now() + timedelta(days=9)
    action, session = make.shift(starts=soon), make.session(starts=soon)
    user = staff(action.organisation, email=f"{BIRD.lower()}@lich.example", name=BIRD, enrolled=False)
    typed = {
        "issued": traps.issue(timezone.now() - timedelta(minutes=1)), "name": BIRD, "email": f"{BIRD}@", "phone": BIRD,
        "municipality": BIRD, "ort": BIRD, "umkreis": "15", "seats": "2", "function": BIRD,
    }  # fmt: skip
    posts = [
        action.get_absolute_url(),
        session.get_absolute_url(),
        "/mitmachen/bescheid/",
        "/seminare/bescheid/",
    ]
    pages = [client.post(path, typed, headers={"origin": "http://testserver"}) for path in posts]
    pages.append(client.get("/mitmachen/", {"ort": f"35423 {BIRD}"}))
    client.post("/konto/login/", {"login": user.email, "password": PASSWORD})
    pages += [client.get(f"/konto/{kind}/{row.slug}/") for kind, row in (
        ("mitmachen", action.opportunity), ("seminare", session),
    )]  # fmt: skip

    assert [BIRD in page.content.decode() for page in pages] == [True] * len(pages)
    assert 'name="email"' in kept()  # the untouched fields are
    assert BIRD.lower() not in kept().lower()


def test_field_with_a_list_or_an_equal_number_is_its_own():
    class Form(forms.Form):
        days = forms.MultipleChoiceField(choices=[("1", "Samstag"), ("2", "Sonntag")])
        seats = forms.IntegerField()

    chosen = Form(initial={"days": ["2"], "seats": 1})
    assert form_field(chosen["days"]).count(" selected") == 1
    assert 'value="1"' in form_field(chosen["seats"])
    assert 'value="1.0"' in form_field(Form(initial={"seats": 1.0})["seats"])
    assert 'value="True"' in form_field(Form(initial={"seats": True})["seats"])


@pytest.mark.parametrize(
    "name", ["Kim", 'O\'Neill & "Söhne"', '"><script>alert(1)</script>', "<input name=x>", mark_safe("<b>")]
)
def test_what_is_known_of_a_person_is_put_into_the_empty_field_as_crispy_would(name):
    class Form(forms.Form):
        name = forms.CharField(label="<input> Name", widget=forms.TextInput(attrs={"autocomplete": "name"}))

    form = Form(initial={"name": name})
    pages = [Page(draw(form["name"])) for draw in (form_field, as_crispy_field)]
    drawn, expected = (
        [(each.tag, each.attributes, each.text) for each in page.root.walk()] for page in pages
    )
    assert drawn == expected
    assert [attributes.get("value") for tag, attributes, _text in drawn if tag == "input"] == [name]
    assert 'value="' not in form_field(Form()["name"])


def test_text_and_equal_markup_are_two_things():
    footer = "components/footer.html"
    assert "&lt;b&gt;" in remembered(footer, site_name="<b>")
    assert "<strong><b></strong>" in remembered(footer, site_name=mark_safe("<b>"))


@pytest.mark.django_db
def test_a_card_says_its_day_in_the_language_of_the_page():
    slot = make.shift(starts=make.NOW + timedelta(days=9))
    said = {}
    for language in ("de", "en", "de"):
        with translation.override(language):
            said[language] = slot_cards.card(
                slot, title="x", label="Lich", is_example=False, now=make.NOW, seats=("", "free")
            ).weekday
    local = timezone.localtime(slot.starts)
    assert said == {
        "de": f"{['Mo', 'Di', 'Mi', 'Do', 'Fr', 'Sa', 'So'][local.weekday()]}.",
        "en": f"{local:%a}.",
    }
