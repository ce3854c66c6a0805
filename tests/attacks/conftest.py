"""What the attacks share: an example of everything, and tallies for the table."""

import pytest

from tests import audience


@pytest.fixture
def rows():
    """One row of everything that an address can be about."""
    return audience.make_rows()
