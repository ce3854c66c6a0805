"""What a role gives, asked directly: whose mails, whose rows. Every address of the Redaktion: tests/test_separation.py."""

import pytest

from portal import roles
from portal.models import Membership, User
from tests import make
from tests.staffroom import staff

pytestmark = pytest.mark.django_db
Role = Membership.Role
INITIATIVE = "initiatives.initiative"


@pytest.fixture
def lich():
    return make.organisation("Stadt Lich")


def test_people_of_a_town_are_its_active_editors_the_first_ones_first(lich):
    hungen = make.organisation("Stadt Hungen")
    first, second = [staff(lich, email=f"{name}@lich.example") for name in ("zoe", "ada")]
    staff(lich, role=Role.READER, email="leserin@lich.example")
    staff(lich, email="weg@lich.example", is_active=False)
    staff(hungen, email="andere@hungen.example")
    staff(email="ohne@lich.example")

    assert list(roles.people(lich, "change", INITIATIVE)) == [first, second]


@pytest.mark.parametrize("role", [Role.NETWORK, Role.SEMINARS])
def test_role_of_the_association_gives_nothing_in_a_town(lich, role):
    """Whoever wrote the row past the forms: neither all towns, nor the town, nor its mails."""
    user = staff(lich, role=role)

    labels = {label for rights in roles.RIGHTS.values() for label in rights}
    actions = ("view", "add", "change", "delete", "choose", "resend")
    assert not [(action, label) for label in labels for action in actions if roles.may(user, action, label)]
    assert list(roles.people(lich, "change", INITIATIVE)) == []


def test_operator_reaches_everything_until_deactivated(lich):
    operator = User.objects.create_superuser("betrieb@portal.example")
    assert roles.reaches(operator, "change", INITIATIVE) == [(roles.Reach.ALL, None, roles.Q())]

    operator.is_active = False
    assert roles.reaches(operator, "change", INITIATIVE) == []
