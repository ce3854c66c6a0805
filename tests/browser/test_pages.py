"""Every page and state that a visitor can come to, in a real browser at 1280 and 320 px (trust.md)."""

import pytest

from tests import audience
from tests.browser.conftest import HOST
from tests.browser.inspection import TOO_WIDE, foreign, problems, sound, stored

PUBLIC = sorted(name for name, page in audience.PAGES.items() if page.audience == audience.PUBLIC)
TOKEN = sorted(
    name
    for name, page in audience.PAGES.items()
    if page.audience == audience.TOKEN and not name.endswith((":calendar", ":export"))  # files
)
ENTRANCE = [
    "account_login",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_signup",
    "account_inactive",
    "account_email_verification_sent",
]


@pytest.mark.parametrize("label", [*PUBLIC, *audience.STATES, *TOKEN, *audience.TOKEN_STATES])
def test_page_is_accessible_and_leaves_nothing_behind(visit, started, label):
    page = visit()
    answer = page.goto(started.addresses[label])
    assert answer.status == 200
    wrong = problems(page)
    wrong += [f"stored: {line}" for line in stored(page)] + [f"asked: {url}" for url in foreign(page)]
    sound(wrong)


@pytest.mark.parametrize("label", ENTRANCE)
def test_page_on_the_way_in_is_accessible(visit, started, label):
    page = visit()
    assert page.goto(started.addresses[label]).status == 200
    sound(problems(page) + [f"asked: {url}" for url in foreign(page)])


@pytest.mark.parametrize(
    "label", ["start", "volunteers:list", "volunteers:detail", "initiatives:detail", "waiting"]
)
def test_page_is_accessible_in_the_dark(visit, started, label):
    page = visit(color_scheme="dark")
    page.goto(started.addresses[label])
    sound(problems(page, widths=(320,)))


@pytest.mark.parametrize("label", ["start", "volunteers:list", "volunteers:detail", "booking:manage"])
def test_page_bears_larger_text(visit, started, label):
    """200 % text, and the spacing of WCAG 1.4.12: nothing is cut off sideways at 320 px."""
    page = visit(viewport={"width": 640, "height": 900})
    page.goto(started.addresses[label])
    page.evaluate(
        """() => { document.documentElement.style.fontSize = "200%";
            for (const e of document.querySelectorAll("body *")) {
                e.style.lineHeight = "1.5"; e.style.letterSpacing = "0.12em"; e.style.wordSpacing = "0.16em"; } }"""
    )
    sound([f"too wide: {html}" for html in page.evaluate(TOO_WIDE)])


@pytest.mark.parametrize("host", [None, HOST])
def test_first_visit_leaves_nothing_on_any_host(visit, started, host):
    """Also where the name is not localhost, which browsers trust more than others."""
    page = visit(host=host)
    for label in ("start", "volunteers:detail", "initiatives:list"):
        assert page.goto(started.addresses[label]).status == 200
    sound(stored(page) + [f"asked: {url}" for url in foreign(page)])


def test_not_found_and_bad_request_say_what_to_do_next(visit):
    for address, status in [("/gibt-es-nicht/", 404), ("/mitmachen/?ort=%00", 400)]:
        page = visit()
        assert page.goto(address).status == status
        page.complaints.clear()  # the browser itself notes the status
        sound(problems(page) + [f"stored: {line}" for line in stored(page)])


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


@pytest.mark.parametrize("template", ["429.html", "500.html", "503.html"])
def test_page_for_what_went_wrong_is_accessible(visit, started, template):
    page = visit()
    html = started.failures[template]
    page.route(
        "**/mitmachen/", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8")
    )
    page.goto("/mitmachen/")
    sound(problems(page) + [f"asked: {url}" for url in foreign(page)])


def test_axe_and_the_other_checks_find_what_is_wrong(visit):
    """The proof that the tests above could fail."""
    page = visit()
    page.goto("/")
    page.evaluate(
        """() => { const main = document.querySelector("main");
            main.innerHTML = "<img src='data:,'><a href='/'>.</a><div>breit</div>";
            main.querySelector("a").style.display = "block"; main.querySelector("a").style.width = "9px";
            main.querySelector("div").style.width = "999px"; localStorage.x = 1; }"""
    )
    page.complaints.clear()
    found = " ".join(problems(page, widths=(320,)) + stored(page))
    missing = [
        word
        for word in ("image-alt", "small target", "scrolls sideways", "local: ['x']")
        if word not in found
    ]
    assert missing == []
