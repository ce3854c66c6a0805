"""Nothing changes on GET and HEAD (rule 10, style.md 22): checksums of every table before and after.

Generated from the URL resolver through tests/audience.py, for a guest, a clerk of the town and the
association's network. Left out is the session (Django prolongs it), and on pages of the Redaktion that
staff open the access log (rule 34 wants each view of a list of people written down).
"""

import contextlib
import hashlib
import re

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.association import association
from portal.models import Membership, User
from tests import audience
from tests.staffroom import proven, staff
from tests.test_house import none

LEFT_OUT = {"django_session"}
LOG = "portal_accesslog"
HARMLESS = {"SELECT", "WITH", "SAVEPOINT", "RELEASE", "ROLLBACK"}
WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE)\b")  # also behind WITH
# Address and table → why this GET may write.
EXCEPTED = {
    ("mfa_view_recovery_codes", "mfa_authenticator"): "allauth notes when the printed codes were first seen",
    ("mfa_download_recovery_codes", "mfa_authenticator"): "the same; whichever comes first",
}
# Pages with people's names that are read without a login: their readers are logged, too.
NAMES_BY_LINK = {"booking:who_came", "who came at a seminar"}
VISITORS = ("guest", "clerk", "network", "seminars")

pytestmark = pytest.mark.django_db


def checksums():
    """Table → digest over all its rows."""
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} - LEFT_OUT
    sums = {}
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            lines = sorted(repr(row) for row in cursor.fetchall())
            sums[table] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return sums


@contextlib.contextmanager
def statements():
    """All that goes to the database meanwhile, but what only reads or is about transactions."""
    found = []

    def note(execute, sql, *args):
        verb = sql.split(maxsplit=1)[0].upper()
        if verb not in HARMLESS or (verb == "WITH" and WRITES.search(sql)):
            found.append(sql)
        return execute(sql, *args)

    with connection.execute_wrapper(note):
        yield found


@pytest.fixture
def rows():
    return audience.make_rows()


def visitor(name, rows):
    """A client of somebody; staff have proved their second factor."""
    if name == "guest":
        return Client(raise_request_exception=False)
    email = f"{name}@lich.example"
    user = User.objects.filter(email=email).first()
    if user is None and name == "clerk":
        user = staff(rows.organisation, email=email)
    elif user is None:
        user = staff(association(), Membership.Role(name), email=email)
    client = proven(user)
    client.raise_request_exception = False
    return client


def every_address(rows):
    return audience.addresses(rows) | audience.public_addresses(rows) | audience.token_addresses(rows)


def changed(before, after):
    return [table for table in before if before[table] != after[table]]


def may_write(visitor_name, label, table):
    is_read_by_staff = visitor_name != "guest" and label.startswith("admin:")
    return (label, table) in EXCEPTED or (table == LOG and (is_read_by_staff or label in NAMES_BY_LINK))


@pytest.mark.slow
@pytest.mark.parametrize("name", VISITORS)
def test_get_and_head_change_no_row(rows, name, proof):
    wrong = []
    client = visitor(name, rows)
    before = checksums()
    for label, address in every_address(rows).items():
        with statements() as written:
            codes = [method(address).status_code for method in (client.get, client.head)]
        after = checksums() if written else before  # else it is the same: reading it again says nothing
        tables = [table for table in changed(before, after) if not may_write(name, label, table)]
        if tables:
            wrong.append(f"{label} {address} changed {tables}")
        if max(codes) >= 500:
            wrong.append(f"{label} {address} answered {codes}")
        before = after
    words = {"guest": "Gast", "clerk": "Redaktion", "network": "Netzwerk", "seminars": "Seminare"}
    proof(
        "attacks", f"Nichts ändert sich bei GET und HEAD: {words[name]}", tried="jede Adresse, Prüfsummen aller Tabellen davor und danach",
        expected="keine Tabelle geändert", seen=f"{len(wrong)} Adressen ändern etwas",
    )  # fmt: skip
    none(wrong, "GET and HEAD change nothing (rule 10):")


def test_checksums_see_a_changed_row(rows):
    """The proof that the test above could fail."""
    before = checksums()
    rows.seat.passed_over = 1
    with statements() as written:
        rows.seat.save(update_fields=["passed_over"])
    assert len(written) == 1
    assert changed(before, checksums()) == ["volunteers_shiftsignup"]


@pytest.mark.slow
def test_visitors_really_open_their_pages(rows):
    """A 404 changes nothing either: each visitor must see what is theirs."""
    pages = {
        "guest": [rows.opportunity.get_absolute_url(), audience.token_addresses(rows)["booking:manage"]],
        "clerk": [reverse("admin:volunteers_opportunity_change", args=[rows.opportunity.pk])],
        "network": [reverse("admin:portal_municipality_change", args=[rows.town.pk])],
        "seminars": [reverse("admin:seminars_session_people", args=[rows.session.pk])],
    }
    seen = {
        name: [visitor(name, rows).get(page).status_code for page in addresses]
        for name, addresses in pages.items()
    }
    assert seen == {"guest": [200, 200], "clerk": [200], "network": [200], "seminars": [200]}


@pytest.mark.slow
def test_links_of_mails_change_nothing_when_a_scanner_opens_them_twice(rows):
    """Neither do other safe methods, nor parameters that look like an order; who reads names is logged."""
    before = checksums()
    for address in audience.token_addresses(rows).values():
        for query in ("", "?confirm=1&action=delete&_method=POST"):
            for method in ("GET", "GET", "HEAD", "OPTIONS"):
                Client().generic(method, address + query)
    assert changed(before, checksums()) == [LOG]
