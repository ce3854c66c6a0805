"""What is a password of staff: long, whole, nobody's first guess; and the link that sets the first one."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import Mail
from portal.password_links import FORGOTTEN, PasswordLinks
from tests import make
from tests.make import BERLIN
from tests.markup import Page
from tests.staffroom import PASSWORD, staff
from tests.test_staff_login import log_in

pytestmark = pytest.mark.django_db
LONG = "ein Satz mit Leerzeichen, Ümlauten und Zeichen ☂, den niemand errät und der mehr als hundert Zeichen hat: 1"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Kurz-aber-9", "password_too_short"),
        ("qwerty123456", "password_too_common"),
        ("Wettertal-Rathaus-2026", "password_of_names"),
        ("willkommen2026!wettertal", "password_of_names"),
        ("StarkeKommunen1", "password_of_names"),
        ("Grünberg-grünberg-Grünberg", "password_of_names"),
        ("Gru\u0308nberg-Gru\u0308nberg", "password_of_names"),
        ("Ｒａｔｈａｕｓ-Rathaus", "password_of_names"),
        ("Rathaus-!!!-???-...-Test", "password_of_names"),
        ("Wettertal-vergisst-Gurken", None),
        ("Stadt-огурцызабываютпередзимой", None),
        ("Lorbeer-test-κάτιάλλο", None),
        ("Test🐌🌧🥒🎻🦔🪁🧦🚲🫖🐝🍐🛶", None),
        ("9175036284051739", None),
        ("Ein-neues-langes-Passwort-9", None),
        (LONG, None),
    ],
)
def test_what_is_no_password_is_said_in_german(typed, code):
    make.municipality("Wettertal"), make.municipality("Grünberg")
    said = {}
    try:
        validate_password(typed, staff())
    except ValidationError as error:
        said = {each.code: each.messages[0] for each in error.error_list}
    assert next(iter(said), None) == code
    assert all("Passwort" in sentence for sentence in said.values())


def test_any_long_password_counts_in_full_and_may_be_pasted():
    user = staff(make.organisation(), enrolled=False)
    user.set_password(LONG)
    user.save(update_fields=["password"])
    field = Page(Client().get(reverse("account_login")).content.decode()).one("input", name="password")
    assert [field.get(name) for name in ("type", "maxlength", "onpaste", "autocomplete")] == [
        "password",
        None,
        None,
        "current-password",
    ]
    for wrong in (LONG[:-1], LONG.lower(), LONG + " "):
        assert log_in(Client(), user, wrong).context["form"].errors
    assert log_in(Client(), user, LONG).request["PATH_INFO"] == reverse("factor_choose")


def _link():
    return re.search(r"https?://[^/]+(/konto/\S+)", Mail.objects.latest("pk").text)[1]


def test_a_link_to_set_a_password_works_once_and_three_days():
    user = staff()
    for client in (Client(), Client()):
        client.post(reverse("account_reset_password"), {"email": user.email})
    link = _link()
    with time_machine.travel(timezone.now() + timedelta(days=3, hours=2)):
        late = Client().get(link, follow=True)
    typed = {"password1": LONG, "password2": LONG}
    with time_machine.travel(timezone.now() + timedelta(days=2, hours=21)):
        client = Client()
        client.post(client.get(link, follow=True).redirect_chain[-1][0], typed)
    user.refresh_from_db()
    again = Client().get(link, follow=True)
    assert "password1" not in late.content.decode()
    assert (user.check_password(LONG), user.check_password(PASSWORD)) == (True, False)
    assert "password1" not in again.content.decode()


@pytest.mark.parametrize(
    "made", [datetime(2027, 3, 26, 12, tzinfo=BERLIN), datetime(2027, 10, 29, 12, tzinfo=BERLIN)]
)
def test_change_of_the_clocks_makes_no_link_older_or_younger(made):
    user, links = staff(), PasswordLinks()
    with time_machine.travel(made):
        token = links.make_token(user)
    ends = (made.astimezone(UTC) + FORGOTTEN).astimezone(BERLIN)
    for seconds, works in [(-60, True), (60, False)]:
        with time_machine.travel(ends + timedelta(seconds=seconds)):
            assert links.check_token(user, token) is works
