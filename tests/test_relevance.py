"""What people type finds what they mean, among the 94 real initiatives; the same on both databases."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.http import QueryDict
from django.utils import timezone

from initiatives import collected, finding
from tests import make
from tests.queries import QUERIES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TOP = 3
ENOUGH = 12  # of 40: before the search was tuned


def hits(words):
    query = QueryDict(mutable=True)
    query["suche"] = words
    found = finding.find(finding.Filters.from_query(query), page="", now=timezone.now())
    return [row.source_key for row in (found.page or [])][:TOP]


def test_forty_queries_find_what_was_meant():
    call_command("import_municipalities", stdout=StringIO())
    collected.initiatives(now=make.NOW)
    wrong = {}
    for words, meant in QUERIES.items():
        first = hits(words)
        if len(meant & set(first)) < min(TOP, len(meant)):
            wrong[words] = first
    assert len(QUERIES) - len(wrong) >= ENOUGH, wrong
