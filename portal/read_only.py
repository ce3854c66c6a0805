"""What a form of the Redaktion only shows: related rows by their names.

Django links them to their own pages, also for people who may not open those and get a 404. Nobody here has a second
window for a town or a topic, so the name says enough. (Asking for each link whether it may be opened was
rejected: a query for each, and no clerk needs the page.)
"""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import helpers


class _Named(helpers.AdminReadonlyField):
    def get_admin_url(self, remote_field: Any, remote_obj: Any) -> str:
        return str(remote_obj)


class _Line(helpers.Fieldline):
    def __iter__(self) -> Iterator[Any]:
        for field in super().__iter__():
            if isinstance(field, helpers.AdminReadonlyField):
                name, is_first = field.field["field"], field.is_first
                yield _Named(self.form, name, is_first, model_admin=self.model_admin)
            else:
                yield field


class _Fieldset(helpers.Fieldset):
    fields: Any

    def __iter__(self) -> Iterator[Any]:
        for field in self.fields:
            yield _Line(self.form, field, self.readonly_fields, model_admin=self.model_admin)


class NamingForm(helpers.AdminForm):
    """Django's form of a row, without links from what may not be changed."""

    def __iter__(self) -> Iterator[Any]:
        options: Any
        for name, options in self.fieldsets:
            yield _Fieldset(
                self.form,
                name,
                readonly_fields=self.readonly_fields,
                model_admin=self.model_admin,
                **options,
            )
