"""Which columns of a row and of its relations are read, for `only`.

Django takes a millisecond of CPU to put together a query of 100 columns and the objects from it (profiled), and a
sign-up with its date, what the date is for, its town and its publisher has 116. What is left out here is still there:
reading it costs a statement more, which `tests/test_budget.py` would count.
"""

from functools import cache

from django.db import models

MUNICIPALITY = ("name",)
ORGANISATION = ("name", "imprint", "contact_email", "reply_to")  # what letters say of who writes them


@cache
def own(model: type[models.Model]) -> tuple[str, ...]:
    """All columns of the model itself."""
    return tuple(field.name for field in model._meta.concrete_fields)


def at(path: str, *names: str) -> tuple[str, ...]:
    """These columns of the relation that `path` leads to."""
    return tuple(f"{path}__{name}" for name in names)
