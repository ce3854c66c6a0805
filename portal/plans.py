"""What `prepared.py` keeps of a statement: its SQL, and how to read what the database answers."""

from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Model, QuerySet
from django.db.models.constants import OnConflict
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesListIterable
from django.db.models.query import get_related_populators as populators  # type: ignore[attr-defined]
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.transaction import TransactionManagementError, mark_for_rollback_on_error

Values = dict[Hashable, Any]
Changes = tuple[QuerySet, dict[str, Any]]  # rows, and what becomes of their columns
Reader = Callable[[Sequence[Any]], Any]


class Given(Expression):
    """The place of a value in a statement."""

    def __init__(self, name: Hashable) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class Statement:
    """The SQL of a query; `filled` puts values where placeholders stand."""

    def __init__(self, query: Any) -> None:
        self.query = query
        self.compiler = query.get_compiler(DEFAULT_DB_ALIAS)
        try:
            self.sql, self.params = self.put_together()
        except EmptyResultSet:  # an empty list: no row can be meant
            self.sql, self.params = "", ()

    def put_together(self) -> tuple[str, Sequence[Any]]:
        return self.compiler.as_sql()  # type: ignore[no-any-return]

    def filled(self, values: Values, connection: Any) -> tuple[Any, ...]:
        found = (values[param.name] if isinstance(param, Given) else param for param in self.params)
        return tuple(_adapted(value, connection) for value in found)


def _adapted(value: Any, connection: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


class Selection(Statement):
    """`read` makes of a row of the database what the queryset gives for it."""

    def __init__(self, queryset: QuerySet) -> None:
        super().__init__(queryset.query)
        converted = self.compiler.get_converters([column[0] for column in self.compiler.select])
        self.converters = list(converted.items())
        self.read = _READERS[queryset._iterable_class](self.compiler)

    def run(self, values: Values) -> list[Any]:
        if not self.sql:
            return []
        connection = connections[DEFAULT_DB_ALIAS]
        if self.query.select_for_update and connection.get_autocommit():
            raise TransactionManagementError("a row lock needs a transaction")
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.filled(values, connection))
            rows = cursor.fetchall()
        return [self.read(self._converted(row, connection)) for row in rows]

    def _converted(self, row: Sequence[Any], connection: Any) -> Sequence[Any]:
        if not self.converters:
            return row
        found = list(row)
        for place, (converters, column) in self.converters:
            for convert in converters:
                found[place] = convert(found[place], column, connection)
        return found


def _reads_models(compiler: Any) -> Reader:
    info = compiler.klass_info
    model, first, last = info["model"], info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in compiler.select[first:last]]
    related = populators(info, compiler.select, DEFAULT_DB_ALIAS)
    annotated = list((compiler.annotation_col_map or {}).items())

    def read(row: Sequence[Any]) -> Any:
        found = model.from_db(DEFAULT_DB_ALIAS, names, row[first:last])
        for relation in related:
            relation.populate(row, found)
        for name, place in annotated:
            setattr(found, name, row[place])
        return found

    return read


_READERS: dict[type, Callable[[Any], Reader]] = {
    ModelIterable: _reads_models,
    ValuesListIterable: lambda _compiler: tuple,
    FlatValuesListIterable: lambda _compiler: itemgetter(0),
}


class Update(Statement):
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


class Insert(Statement):
    """One row, unless there is one that it has to differ from.

    What its model would make up anew for each (a time, a random text) has to be given.
    """

    on_conflict: OnConflict | None = OnConflict.IGNORE

    def __init__(self, row: Model) -> None:
        columns = [column for column in row._meta.concrete_fields if not column.primary_key]
        for column in columns:
            value = getattr(row, column.attname)
            if column.has_default() and callable(column.default) and not isinstance(value, Given):
                raise ValueError(f"{column.name} must be given")
            if getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False):
                raise ValueError(f"{column.name} would be the same time for all rows")
        query: Any = InsertQuery(type(row), on_conflict=self.on_conflict)
        query.insert_values(columns, [row])
        super().__init__(query)

    def put_together(self) -> tuple[str, Sequence[Any]]:
        self.compiler.returning_fields = [self.query.get_meta().pk]
        ((sql, params),) = self.compiler.as_sql()
        return sql, params

    def run(self, values: Values) -> int | None:
        connection = connections[DEFAULT_DB_ALIAS]
        with mark_for_rollback_on_error(DEFAULT_DB_ALIAS), connection.cursor() as cursor:
            cursor.execute(self.sql, self.filled(values, connection))
            added = cursor.fetchone()
        return added[0] if added else None


class New(Insert):
    """One row, or IntegrityError."""

    on_conflict = None
