"""Statements that Django puts together once per process, and not anew for each request.

Profiled: of a registration's CPU four tenths went into building statements that are the same each time, up to a
millisecond each, where the database took a tenth of one. Here the function that builds a queryset is called once, with
placeholders for its values, and its SQL is kept; asking again only fills in the values. What comes back is what the
queryset would give: rows with `select_related` and `only`, tuples, values.

    @prepared
    def _of_form(model, *, booking):
        return model.objects.filter(booking=booking)

    _of_form(ShiftSignup, booking=7)        # a list
    _of_form.build(ShiftSignup, booking=7)  # the queryset of Django alone; the tests compare both

    @prepared_update
    def _sent(*, pk, at):
        return Mail.objects.filter(pk=pk), {"sent_at": at}

    _sent(pk=7, at=now)  # how many rows that were

    @prepared_insert
    def _added(**columns):
        return Mail(**columns)

    _added(key="a", queued_at=now)  # its primary key; None: there is one with this key

    add(Booking(name="Kim"))  # as `save()`, without signals

Positional arguments are the shape of a statement, each gets its own plan: models, flags. Keyword arguments are values:
numbers, texts, times, and lists of them, which get a plan per length; after `in` of a relation say `slot__pk__in`. None
is no value of a condition (SQL says IS NULL). Rejected: SQL by hand, which no migration renames; RawQuerySet, which knows no relations.
"""

from collections.abc import Callable, Hashable
from functools import update_wrapper
from typing import Any, cast

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from portal.plans import Changes, Given, Insert, New, Selection, Update, Values

__all__ = ["Changes", "add", "prepared", "prepared_insert", "prepared_update"]

MANY = 40  # plans of one function, about 50 kB each; lists of many lengths must not fill the memory


class prepared:  # a decorator
    """`build` returns a queryset; calling this returns its rows, in a list."""

    statement: type = Selection
    takes_none = False  # SQL asks IS NULL

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build
        self._plans: dict[Hashable, Any] = {}
        update_wrapper(self, build)

    def __call__(self, *shape: Hashable, **values: Any) -> Any:
        given: dict[str, Any] = {}
        flat: Values = {}
        for name, value in values.items():
            if isinstance(value, list | tuple | set | frozenset):
                flat |= {(name, number): each for number, each in enumerate(value)}
                given[name] = [Given((name, number)) for number in range(len(value))]
            else:
                flat[name] = value
                given[name] = Given(name)
        if not self.takes_none and None in flat.values():
            raise ValueError("None is no value of a prepared statement")
        key = (shape, tuple(flat))
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MANY:
                self._plans.clear()
            plan = self._plans[key] = self.statement(self.build(*shape, **given))
        return plan.run(values=flat)


class prepared_update(prepared):  # a decorator
    """`build` returns a queryset and its changes by column; calling this returns how many rows were changed."""

    statement = Update


class prepared_insert(prepared):  # a decorator
    """`build` returns a new row; calling this adds it and returns its primary key.

    None, and nothing changed, when there is a row that has to differ from it.
    """

    statement = Insert
    takes_none = True


class _prepared_new(prepared_insert):
    statement = New


@_prepared_new
def _new(model: Any, **columns: Any) -> Model:
    return model(**columns)  # type: ignore[no-any-return]


def add(*rows: Any) -> None:
    """These new rows of one model are stored and know their keys, as after `save()`; no signal is sent.

    One, which is usual, without putting a statement together; its columns hold texts, numbers, times and None.
    Raises IntegrityError.
    """
    row, model = rows[0], cast(Any, type(rows[0]))
    if len(rows) > 1:
        model._base_manager.bulk_create(rows)
        return
    columns = [column for column in row._meta.concrete_fields if not column.primary_key]
    row.pk = _new(model, **{c.attname: c.get_prep_value(getattr(row, c.attname)) for c in columns})
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS
