"""One started portal for all faults; what a test broke is repaired after it."""

import pytest

from tests.faults.site import Site


@pytest.fixture(scope="package")
def _site(prepared):
    site = Site(prepared)
    try:
        yield site.start()
    finally:
        site.close()


@pytest.fixture
def site(_site):
    """The started portal of `site.py`, whole at the beginning."""
    yield _site
    _site.repair()
