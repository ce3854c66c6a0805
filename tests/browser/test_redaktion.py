"""The Redaktion and the pages around its login, as a clerk and the association see them (trust.md „every page“)."""

import pytest

from tests.browser.inspection import foreign, problems, sound

PAGES = [
    "admin:index",
    "admin:volunteers_opportunity_changelist",
    "admin:volunteers_opportunity_add",
    "admin:volunteers_opportunity_change",
    "admin:volunteers_opportunity_history",
    "admin:volunteers_shift_changelist",
    "admin:volunteers_shift_change",
    "admin:volunteers_shift_phone",
    "admin:volunteers_shift_cancel",
    "admin:volunteers_shift_give_back",
    "admin:initiatives_initiative_changelist",
    "admin:initiatives_initiative_add",
    "admin:initiatives_initiative_change",
    "admin:portal_mail_changelist",
    "admin:portal_organisation_change",
    "mfa_index",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "account_change_password",
    "account_email",
    "account_logout",
]


NETWORK = [
    "admin:index",
    "admin:portal_municipality_changelist",
    "admin:portal_municipality_change",
    "admin:portal_organisation_changelist",
    "admin:portal_user_changelist",
    "admin:portal_user_add",
    "admin:initiatives_topic_changelist",
    "admin:status",
]


SEMINARS = [
    "admin:index",
    "admin:seminars_session_changelist",
    "admin:seminars_session_add",
    "admin:seminars_session_change",
    "admin:seminars_session_people",
    "admin:seminars_session_phone",
    "admin:seminars_session_cancel",
    "admin:seminars_session_give_back",
    "admin:seminars_series_changelist",
    "admin:seminars_series_change",
    "member_seminar",
]
WHO = {"clerk": PAGES, "network": NETWORK, "seminars": SEMINARS}


@pytest.mark.parametrize(("who", "label"), [(who, label) for who, labels in WHO.items() for label in labels])
def test_page_of_staff_is_accessible(visit, started, who, label):
    page = visit(staff=who)
    answer = page.goto(started.addresses[label])
    assert answer.status == 200
    assert page.url.split("?")[0].endswith(started.addresses[label]), page.url
    wrong = problems(page) + [f"asked: {url}" for url in foreign(page)]
    # Django's own jQuery tries out what a browser can do; that the CSP forbids it is harmless.
    sound([line for line in wrong if not line.startswith("Applying inline style")])
