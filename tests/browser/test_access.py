"""Every line of trust.md „Accessibility" on every page and in every state, in a real browser.

What is looked at is generated in `visits.py`, what is checked stands in `looking.py` and `checks.js`. One test
for each kind of visitor, with one window: a failure names the page, the check and the element. That each check
would fail is shown in `test_checks.py`.
"""

import pytest

from tests.browser import visits
from tests.browser.looking import Looking

VISITS = visits.visits()
TEAMS = {
    "vor der Anmeldung, vor Ort und Verband": ("", "newcomer", "asked", "contact", "network", "seminars"),
    "Kommune": ("clerk", "reader", "beginner"),
}
GROUPS = [visits.GUEST, visits.LINK, *(f"{visits.STAFF}, {team}" for team in TEAMS)]


def way(page, started, label):
    """Address and status of a view; pages that nobody can come to now are answered by what was kept of them."""
    if label.startswith(visits.FIRST_DAY):
        address, headers, html = started.first_day[label.removeprefix(visits.FIRST_DAY)]
    elif label in started.done:
        address, headers, html = started.done[label]
    elif label in visits.CANNOT_BE_HAD:
        address, headers = "/mitmachen/", {"content-type": "text/html; charset=utf-8"}
        html = started.failures[label]
    else:
        return visits.WENT_WRONG.get(label) or (started.addresses[label], 200)
    page.route(f"**{address}", lambda route: route.fulfill(body=html, headers=headers), times=1)
    return address, 200


@pytest.mark.parametrize("who", [visits.GUEST, visits.LINK])
def test_pages_of_guests_are_accessible_in_every_state(visit, started, proof, tmp_path, who):
    page = visit()
    looking = Looking(page)
    for label, _who in VISITS[who]:
        address, status = way(page, started, label)
        looking.open(label, address, status=status)
    told = {
        name: visits.MISTAKES[0] in visits.FACES[name].error for name in looking.forms if name in visits.FACES
    }
    unlike = [name for name, has_form in told.items() if has_form is not bool(looking.forms[name])]
    looking.check("Fehlermeldungen", "FACES", [f"has a form, or has none: {name}" for name in unlike])
    looking.validate(tmp_path)
    looking.prove(proof, who)


@pytest.mark.parametrize("team", TEAMS)
def test_pages_of_staff_are_accessible_in_every_state(visit, started, proof, tmp_path, team):
    looking = None
    for role in TEAMS[team]:
        page = visit(staff=role)
        looking = looking or Looking(page, private=True)
        looking.page = page
        for label, who in VISITS[visits.STAFF]:
            if who == role:
                address, status = way(page, started, label)
                looking.open(label, address, status=status)
    looking.validate(tmp_path)
    looking.prove(proof, f"{visits.STAFF}, {team}")
