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

Positional arguments are the shape of a statement, each gets its own plan: models, flags. Keyword arguments are values:
numbers, texts, times, and lists of them, which get a plan per length; after `in` of a relation say `slot__pk__in`. None
is no value (SQL says IS NULL). Rejected: SQL by hand, which no migration renames; RawQuerySet, which knows no relations.
"""

import copy
from collections.abc import Callable, Hashable
from datetime import datetime
from functools import update_wrapper
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, QuerySet
from django.db.models.sql import UpdateQuery
from django.db.transaction import TransactionManagementError, mark_for_rollback_on_error

MANY = 40  # plans of one function, about 50 kB each; lists of many lengths must not fill the memory
Values = dict[Hashable, Any]
Changes = tuple[QuerySet, dict[str, Any]]  # rows, and what becomes of their columns


class Given(Expression):
    """The place of a value in a statement."""

    def __init__(self, name: Hashable) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class _Statement:
    """The SQL of a query; `filled` puts values where placeholders stand."""

    def __init__(self, query: Any) -> None:
        self.query = query
        self.compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            self.sql, self.params = self.compiler.as_sql()
        except EmptyResultSet:  # an empty list: no row can be meant
            self.sql, self.params = "", ()

    def filled(self, values: Values, connection: Any) -> tuple[Any, ...]:
        adapt = connection.ops.adapt_datetimefield_value
        found = (values[param.name] if isinstance(param, Given) else param for param in self.params)
        return tuple(adapt(value) if isinstance(value, datetime) else value for value in found)


class _Selection(_Statement):
    def __init__(self, queryset: QuerySet) -> None:
        super().__init__(queryset.query)
        self.rows_of: Any = queryset._iterable_class
        converters = self.compiler.get_converters([column[0] for column in self.compiler.select])
        self.compiler.get_converters = lambda expressions: converters

    def run(self, values: Values) -> list[Any]:
        if not self.sql:
            return []
        connection = connections[DEFAULT_DB_ALIAS]
        if self.query.select_for_update and connection.get_autocommit():
            raise TransactionManagementError("a row lock needs a transaction")
        params = self.filled(values, connection)
        compiler = copy.copy(self.compiler)  # a connection belongs to one thread
        compiler.connection, compiler.as_sql = connection, lambda: (self.sql, params)
        query = copy.copy(self.query)
        query.get_compiler = lambda *args, **kwargs: compiler
        asked = SimpleNamespace(db=DEFAULT_DB_ALIAS, query=query, _known_related_objects={})
        return list(self.rows_of(asked))


class _Update(_Statement):
    def __init__(self, built: Changes) -> None:
        queryset, changes = built
        query: Any = queryset.query.chain(UpdateQuery)
        query.add_update_values(changes)
        super().__init__(query)

    def run(self, values: Values) -> int:
        if not self.sql:
            return 0
        connection = connections[DEFAULT_DB_ALIAS]
        with mark_for_rollback_on_error(DEFAULT_DB_ALIAS), connection.cursor() as cursor:
            cursor.execute(self.sql, self.filled(values, connection))
            return int(cursor.rowcount)


class prepared:  # a decorator
    """`build` returns a queryset; calling this returns its rows, in a list."""

    statement: type = _Selection

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
        if None in flat.values():
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

    statement = _Update
