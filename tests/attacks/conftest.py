"""What the attacks share: counters of their own, an example of everything, and tallies for the table."""

import pytest
from django.core.cache import cache

from tests import audience


@pytest.fixture
def own_counters(settings):
    """Limits and used codes are counted here alone, in this process, as in `test_staff_login.py`."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


@pytest.fixture
def rows():
    """One row of everything that an address can be about."""
    return audience.make_rows()
