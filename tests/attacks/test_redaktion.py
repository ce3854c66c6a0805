"""Staff who attack: more than a role allows, by hand-posted fields, parameters of Django's admin and shortcuts."""

from collections import Counter
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test import Client
from django.urls import reverse

from portal.association import association
from portal.models import Membership, User
from tests import audience
from tests.staffroom import proven, staff, typed
from tests.test_get_safety import changed, checksums
from tests.test_house import none

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def people(rows):
    """A client for each role: the town's editor, the association's network and who looks after its seminars."""
    return {
        "editor": proven(staff(rows.organisation, email="e@lich.example")),
        "network": proven(staff(association(), Membership.Role.NETWORK, email="n@verband.example")),
        "seminars": proven(staff(association(), Membership.Role.SEMINARS, email="s@verband.example")),
    }


def columns(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def value_for(field, row, rows):
    """What an attacker would like to stand there."""
    if isinstance(field, models.ForeignKey):
        others = field.related_model._default_manager.exclude(pk=getattr(row, field.attname))
        return str(getattr(others.order_by("-pk").first(), "pk", ""))
    if isinstance(field, models.BooleanField):
        return "" if getattr(row, field.attname) else "on"
    if isinstance(field, models.DateTimeField | models.DateField):
        return "2020-01-01 00:00"
    if field.choices:
        return str(next((key for key, _label in field.choices if key != getattr(row, field.attname)), ""))
    return "4711"


def test_columns_that_a_form_does_not_show_cannot_be_posted(rows, people, proof):
    """Mass assignment: every column of every model of the Redaktion, posted by each role beside the form as it stands."""
    wrong, tried = [], 0
    examples = {type(row): row for row in vars(rows).values() if isinstance(row, models.Model)}
    for model in admin.site._registry:
        row = examples.get(model)
        url = row and reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
        for role, client in people.items():
            page = client.get(url) if url else None
            if page is None or page.status_code != 200 or "adminform" not in (page.context or {}):
                continue
            shown = set(page.context["adminform"].form.fields)
            hidden = [f for f in model._meta.concrete_fields if f.name not in shown]
            extra = {name: value_for(f, row, rows) for f in hidden for name in (f.name, f.attname)}
            extra |= {
                "is_superuser": "on",
                "is_staff": "on",
                "password": "x",
                "groups": "1",
                "user_permissions": "1",
            }
            before = columns(model._default_manager.get(pk=row.pk))
            tried += len(hidden)
            client.post(url, typed(page) | {"is_active": "on"} | extra)
            after = columns(model._default_manager.get(pk=row.pk))
            # What saving itself moves on: when it was changed.
            moved = {name for name in after if after[name] != before[name]} - {
                "changed_at",
                "search",
                "search_text",
            }
            wrong += [
                f"{role}, {model.__name__}.{name}" for name in moved if name in {f.attname for f in hidden}
            ]
    proof(
        "attacks", "Spalten unterschieben (Redaktion)", tried=f"{tried} Spalten, die kein Formular zeigt, als drei Rollen mitgeschickt",
        expected="keine ändert sich", seen=f"{len(wrong)} geändert",
    )  # fmt: skip
    none(wrong, "Posted by hand and stored:")
    assert tried > 60
    assert not User.objects.filter(is_superuser=True).exists()


PARAMETERS = [
    "password__startswith=a", "user__password__startswith=a", "memberships__user__password__startswith=a", "booking__email__startswith=k",
    "organisation__memberships__user__email__startswith=e", "opportunities__shifts__signups__booking__name__startswith=K", "text__regex=(a%2B)%2B%24",
    "pk__in=1,2", "id__exact=1&o=99.-99", "o=password", "e=1", "q=" + "%00", "q=" + quote("' OR 1=1 --"), "p=999999", "p=-1", "all=1&_to_field=password",
    "_to_field=password", "_to_field=email", "_popup=1", "_popup=1&_to_field=id", "_changelist_filters=" + quote("x=1&y=//evil.example"),
    "_facets=1", "is_superuser__exact=1", "secret__exact=1", "organisation__id__exact=999999", "organisation__id__exact=abc", "level__exact=" + "x" * 3000,
]  # fmt: skip


@pytest.mark.logs_errors
def test_parameters_of_the_admin_tell_nothing_and_break_nothing(rows, people, proof):
    """Every list and form × every parameter: no 500, and for no role a way to ask about a column letter by letter."""
    wrong, statuses = [], Counter()
    pages = {
        name: address for name, address in audience.addresses(rows, audience.STAFF).items()
        if name.endswith(("_changelist", "_add", "_change", "_delete", "_history", "autocomplete", "jsi18n", "index"))
    }  # fmt: skip
    for client in people.values():
        client.raise_request_exception = False
    for name, address in pages.items():
        insiders = [role for role, client in people.items() if client.get(address).status_code != 404]
        wanted = PARAMETERS if name.endswith("_changelist") else PARAMETERS[11:21:3]
        for parameter in wanted:
            asked = any(word in parameter for word in ("__startswith", "__regex"))
            for role in insiders if asked else insiders[:1]:
                answer = people[role].get(f"{address}?{parameter}")
                statuses[answer.status_code] += 1
                if answer.status_code >= 500:
                    wrong.append(f"{role}, {name}?{parameter[:40]}: {answer.status_code}")
                if asked and name.endswith("_changelist") and answer.status_code not in (302, 400):
                    wrong.append(f"{role}, {name}?{parameter}: answered {answer.status_code}")
    proof(
        "attacks", "Parameter der Redaktion", tried=f"{statuses.total()} Anfragen: {len(pages)} Adressen × {len(PARAMETERS)} Parameter (_to_field, _popup, q …; Filter nach Spalten als 3 Rollen)",
        expected="nie 500; nach Spalten lässt sich nicht fragen", seen=f"Antworten {sorted(statuses)}, {len(wrong)} falsch",
    )  # fmt: skip
    none(wrong, "The admin tells more than a list shows:")


@pytest.mark.sqlite  # no matter of the database: once is enough for CI
def test_shortcuts_actions_and_keys_of_others_do_nothing(rows, people, proof):
    """The shortcut to a page, actions on lists, keys that are none, autocompletes without a name: nothing happens."""
    before, wrong, tried = checksums(), [], 0
    for client in people.values():
        client.raise_request_exception = False
    kinds = list(ContentType.objects.values_list("pk", flat=True))
    for role, client in people.items():
        for kind in [*kinds, 999_999]:
            for key in (1, 999_999):
                tried += 1
                answer = client.get(f"/verwaltung/r/{kind}/{key}/")
                target = answer.headers.get("Location", "")
                if answer.status_code not in (302, 404) or (target and not target.startswith("/")):
                    wrong.append(f"{role}: r/{kind}/{key}: {answer.status_code} {target}")
                if target and Client().get(target).status_code != 200:
                    wrong.append(f"{role}: r/{kind}/{key} names {target}, which is not public")
        for model in admin.site._registry:
            base = f"/verwaltung/{model._meta.app_label}/{model._meta.model_name}/"
            for key in ("abc", "-1", "9" * 40, "_3A", "%00", "1/../2"):
                tried += 1
                status = client.get(f"{base}{key}/change/").status_code
                wrong += [f"{role}: {base}{key}: {status}"] if status not in (302, 400, 404) else []
            for action in ("delete_selected", "__import__", ""):
                tried += 1
                client.post(
                    base,
                    {
                        "action": action,
                        "_selected_action": ["1", "2"],
                        "select_across": "1",
                        "index": "0",
                        "post": "yes",
                    },
                )
        for query in (
            "",
            "app_label=auth&model_name=user&field_name=password",
            "app_label=portal&model_name=mail&field_name=text&term=a",
        ):
            tried += 1
            status = client.get(f"{reverse('admin:autocomplete')}?{query}").status_code
            wrong += [f"{role}: autocomplete {query}: {status}"] if status not in (403, 404) else []
    changes = set(changed(before, checksums())) - {"portal_accesslog"}
    proof(
        "attacks", "Abkürzungen, Aktionen, fremde Schlüssel (Redaktion)", tried=f"{tried} Anfragen als drei Rollen",
        expected="404, nur öffentliche Ziele, keine Zeile geändert", seen=f"{len(wrong)} anderes, {len(changes)} Tabellen geändert",
    )  # fmt: skip
    none(wrong, "trust.md „Town separation“:")
    assert changes == set()
