"""`{% translate %}` of a constant is looked up once in each language, and says what Django's says."""

import pytest
from django.template import Context, engines
from django.templatetags import i18n
from django.utils import translation

from portal.templatetags.spoken import Constant


def nodes(source):
    template = engines["django"].from_string("{% load spoken %}" + source).template
    return template, template.nodelist[-1]


@pytest.mark.parametrize(
    ("source", "kind", "german", "english"),
    [
        ('{% translate "Delete" %}', Constant, "Löschen", "Delete"),
        ("{% trans 'Delete' %}", Constant, "Löschen", "Delete"),
        ('{% translate "100 %% &amp; <b>" %}', Constant, "100 %% &amp; <b>", "100 %% &amp; <b>"),
        ("{% translate word %}", i18n.TranslateNode, "Löschen", "Delete"),
        ('{% translate "Delete"|upper %}', i18n.TranslateNode, "LÖSCHEN", "DELETE"),
        ('{% translate "May" context "abbrev. month" %}', i18n.TranslateNode, "Mai", "May"),
    ],
)
def test_constants_are_said_once_in_each_language_and_the_rest_as_django_does(source, kind, german, english):
    template, node = nodes(source)
    assert type(node) is kind
    for _again in range(2):
        for language, expected in (("de", german), ("en", english)):
            with translation.override(language):
                said = template.render(Context({"word": "Delete"}))
                assert said == expected
