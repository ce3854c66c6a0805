"""Pages in the dark, on other hosts and for a form of a stranger; all others are in `test_access.py`."""

import pytest

from tests.browser.conftest import HOST
from tests.browser.inspection import foreign, problems, sound, stored


@pytest.mark.parametrize(
    "label", ["start", "volunteers:list", "volunteers:detail", "initiatives:detail", "waiting"]
)
def test_page_is_accessible_in_the_dark(visit, started, label):
    page = visit(color_scheme="dark")
    page.goto(started.addresses[label])
    sound(problems(page, widths=(320,)))


@pytest.mark.parametrize("host", [None, HOST])
def test_first_visit_leaves_nothing_on_any_host(visit, started, host):
    """Also where the name is not localhost, which browsers trust more than others."""
    page = visit(host=host)
    for label in ("start", "volunteers:detail", "initiatives:list"):
        assert page.goto(started.addresses[label]).status == 200
    sound(stored(page) + [f"asked: {url}" for url in foreign(page)])


def test_form_of_a_strange_page_is_refused_in_german(visit, started):
    page = visit()
    page.set_content(
        f'<form method="post" action="{page.base}{started.addresses["volunteers:detail"]}"><button>Los</button></form>'
    )
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.get_by_role("button", name="Los").click()
    assert answered.value.status == 403
    page.wait_for_load_state()
    page.complaints.clear()
    sound(problems(page) + [f"stored: {line}" for line in stored(page)])
