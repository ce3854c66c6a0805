"""Every page and state that the browser looks at, generated from the portal's addresses (trust.md „every page“).

`visits()` names them for each kind of visitor: all addresses of tests/audience.py but those that show no
page (`NO_PAGE` says why), with their other faces. `FACES` says for each page of guests what it looks like
when it is empty, when a form has mistakes, when something was done, and when it is full. An address
without an answer fails (`tests/test_accessibility.py`).
"""

from typing import NamedTuple

from tests import audience

GUEST, LINK, STAFF = "Gäste", "Links aus Mails", "Redaktion"

# Addresses without a page of their own.
NO_PAGE = {
    "booking:calendar": "a file",
    "booking:export": "a file",
    "watch:export": "a file",
    "ideas:sheet": "a file",
    "embed": "a part of somebody else's page, without our frame (test_open_data.py)",
    "ideas:file": "a file",
    "short_action": "leads on to the action",
    "short_initiative": "leads on to the initiative",
    "admin:volunteers_opportunity_poster": "a file",
    "admin:volunteers_shift_export": "a button fetches the file",
    "admin:seminars_session_export": "a button fetches the file",
    "admin:initiatives_initiative_poster": "a file",
    "admin:initiatives_initiative_picture": "a file",
    "picture": "a file",
    "account_email_verification_sent": "leads on to the login for guests",
    "account_confirm_email": "needs a key of a mail; its page is that of a wrong key",
    "account_confirm_login_code": "leads to the login: no code was asked for",
    "account_reauthenticate": "asks nobody who has just logged in; leads to the second factor",
    "account_set_password": "leads to the change: everybody has a password",
    "mfa_authenticate": "leads on: no login is under way",
    "mfa_trust": "leads on: no login is under way",
    "mfa_download_recovery_codes": "a file",
    "factor_forget": "a button posts there",
    "admin:view_on_site": "leads to the public page",
    "admin:login": "leads to the login of all",
    "admin:logout": "leads to the logout of all",
    "admin:password_change": "leads to the change of all",
    "admin:password_change_done": "leads to the change of all",
    "admin:autocomplete": "answers 404: nothing is completed",
    "admin:jsi18n": "a script",
    "admin:app_list": "answers 404: lists of models are the operator's",
    "admin:unknown": "answers 404",
    "admin:portal_mail_resend": "a button posts there",
    "admin:portal_mail_add": "nobody writes mails by hand",
    "admin:portal_mail_delete": "nobody deletes mails by hand",
    "admin:portal_accesslog_add": "nobody writes the log",
    "admin:portal_accesslog_change": "nobody writes the log",
    "admin:portal_accesslog_delete": "nobody writes the log",
    "admin:portal_accesslog_history": "answers 404: entries of the log have no page",
    "admin:portal_accessrequest_add": "towns ask for it themselves",
    "admin:portal_accessrequest_delete": "goes by itself after its time",
    "admin:initiatives_hint_add": "guests give them",
    "admin:initiatives_pagelink_add": "read from the pages",
    "admin:initiatives_pagelink_delete": "goes with the link on its page",
    "admin:initiatives_proposal_add": "citizens propose",
    "admin:initiatives_proposal_delete": "goes by itself after its time",
    "admin:initiatives_hint_delete": "goes by itself after its time",
    "admin:initiatives_inquiry_add": "guests ask them",
    "admin:initiatives_inquiry_delete": "goes by itself after its time",
    "admin:initiatives_wish_add": "citizens wish, staff do not",
    "admin:initiatives_wish_delete": "goes by itself after its time",
    "admin:portal_municipality_add": "towns are imported",
    "admin:portal_municipality_delete": "towns are imported",
    "admin:portal_organisation_delete": "answers 404: nobody deletes who answers for rows",
    "admin:portal_user_delete": "answers 404: accounts are taken out of service",
    "admin:volunteers_opportunity_delete": "answers 404: people are on its dates",
    "admin:volunteers_shift_add": "dates are added at their action",
    "admin:volunteers_shift_delete": "dates are cancelled",
    "admin:seminars_session_delete": "answers 404: people are on it",
    "admin:initiatives_topic_delete": "answers 404: it is in use",
    "admin:initiatives_idea_delete": "answers 404: its address is a promise",
    "admin:seminars_series_delete": "answers 404: it has dates",
}
# Who of staff sees a page; what is not named here is seen by the clerk of a town.
SEEN_BY = {
    "network": (
        "admin:portal_municipality",
        "admin:portal_user",
        "admin:portal_accessrequest",
        "admin:initiatives_topic",
        "admin:initiatives_idea",
        "admin:initiatives_highlight",
        "admin:status",
        "admin:statistics",
        "admin:portal_organisation_add",
    ),
    "seminars": ("admin:seminars_", "member_seminar"),
    "newcomer": ("mfa_activate_totp",),
    "asked": ("spot_code",),  # by mail, for the digits
    "contact": ("spot_",),  # on the spot
}
# Pages of the way in, seen before the login.
ENTRANCE = (
    "account_login",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "spot",
)


class Faces(NamedTuple):
    """Labels of states, or why there is none."""

    empty: str | tuple[str, ...]
    error: str | tuple[str, ...]
    success: str | tuple[str, ...]
    full: str | tuple[str, ...]


MISTAKES = ("Formular mit Fehlern",)  # its form is sent with mistakes, and looked at again
NO_LIST, NO_FORM, NO_SEATS = "shows no list", "has no form", "has no seats"
ITSELF = "is what one sees afterwards"
TEXT = Faces(NO_LIST, NO_FORM, "nothing is done here", NO_SEATS)
DONE = ", getan"  # what one sees after the form of a page was sent without a mistake
FIRST_DAY = "erster Tag: "  # the portal before anybody has published anything
# Pages for what went wrong: those that can be had by an address, with their status, and those that cannot.
WENT_WRONG = {"404.html": ("/gibt-es-nicht/", 404), "400.html": ("/mitmachen/?ort=%00", 400)}
CANNOT_BE_HAD = ("403.html", "429.html", "500.html", "503.html")

FACES = {
    "start": Faces((FIRST_DAY + "start",), "leads to the list, which says so", NO_FORM, "start itself"),
    "volunteers:list": Faces(
        ("help wanted, nothing there", FIRST_DAY + "volunteers:list"),
        ("help wanted, unknown place", "help wanted, two towns", *MISTAKES),
        ("help wanted near a code", "help wanted near a town", "help wanted about a topic"),
        "the list itself",
    ),
    "volunteers:detail": Faces(
        ("help wanted is over", "help wanted is cancelled"),
        MISTAKES,
        ("sent, confirmed since",),
        ("help wanted, all seats taken",),
    ),
    "volunteers:watch": Faces(NO_LIST, MISTAKES, ("watch for a code",), NO_SEATS),
    "initiatives:list": Faces(
        ("initiatives, nothing found", FIRST_DAY + "initiatives:list"), NO_FORM, ("initiatives found",), NO_SEATS
    ),
    "initiatives:map": Faces(
        ("map, nothing found",), NO_FORM, ("map of a Landkreis", "map around a code"), NO_SEATS
    ),
    "initiatives:detail": Faces(NO_LIST, NO_FORM, ("initiative of the collection",), NO_SEATS),
    "initiatives:hint": Faces(NO_LIST, MISTAKES, ITSELF + ": initiatives:hint_sent", NO_SEATS),
    "initiatives:removal": Faces(NO_LIST, MISTAKES, ITSELF + ": initiatives:hint_sent", NO_SEATS),
    "initiatives:hint_sent": TEXT,
    "initiatives:inquiry": Faces(NO_LIST, MISTAKES, ITSELF + ": inquiry:sent", NO_SEATS),
    "ideas:wish": Faces(NO_LIST, MISTAKES, "see initiatives:wish", NO_SEATS),
    "initiatives:wish": Faces(NO_LIST, MISTAKES, ("wish, sent", "wish, to confirm", "wish"), NO_SEATS),
    "inquiry:sent": TEXT,
    "inquiry:confirm": Faces(NO_LIST, "a button alone", ("inquiry, confirmed",), NO_SEATS),
    "initiatives:propose": Faces(NO_LIST, MISTAKES, ("propose for a town",), NO_SEATS),
    "initiatives:proposal_withdrawn": TEXT,
    "proposal:sent": TEXT,
    "current:answer": Faces(
        ("still current, no page",), MISTAKES, ("still current, thanks",), NO_SEATS
    ),
    "proposal:confirm": Faces(NO_LIST, "a button alone", ("proposal:confirm" + DONE,), NO_SEATS),
    "proposal:manage": Faces(
        ("proposal, declined",), "a button alone", ("proposal, published", "proposal, not confirmed"), NO_SEATS
    ),
    "ideas:list": Faces(NO_LIST, ("ideas, two towns",), ITSELF, NO_SEATS),
    "ideas:detail": Faces(("idea, draft of a model Steckbrief",), NO_FORM, ("idea near a code",), NO_SEATS),
    "towns": Faces(("towns, nothing found", FIRST_DAY + "towns"), NO_FORM, ("towns found",), NO_SEATS),
    "town": Faces(("town without anything",), NO_FORM, ("district",), NO_SEATS),
    "seminars:list": Faces((FIRST_DAY + "seminars:list",), MISTAKES, ("series, watched",), "the list itself"),
    "seminars:detail": Faces(
        ("seminar is over", "seminar is cancelled", "seminar of which the year is known"),
        MISTAKES,
        ("seminar, sent", "seminar elsewhere"),
        ("seminar, all seats taken",),
    ),
    "seminars:watch": Faces(NO_LIST, MISTAKES, ("series, watched",), NO_SEATS),
    "barrier": Faces(NO_LIST, MISTAKES, ITSELF + ": barrier_sent", NO_SEATS),
    "barrier_sent": TEXT,
    "for_towns": Faces((FIRST_DAY + "for_towns",), MISTAKES, "see request_access", NO_SEATS),
    "request_access": Faces(NO_LIST, MISTAKES, ("access for a collected page",), NO_SEATS),
    "access:sent": TEXT,
    "access:confirm": Faces(NO_LIST, "a button alone", ("access, confirmed",), NO_SEATS),
    "imprint": TEXT,
    "handbook": TEXT,
    "handbook_chapter": TEXT,
    "privacy": TEXT,
    "who_sees": TEXT,
    "report_weakness": TEXT,
    "open_data": TEXT,
    "accessibility": TEXT,
    "plain_language": TEXT,
    "watch:sent": TEXT,
    "watch:confirm": Faces(
        NO_LIST, "a button alone", ("watch:confirm" + DONE, "watch, radius of the link", "series, to confirm"), NO_SEATS
    ),
    "watch:manage": Faces(("watch, ended",), ("watch, not confirmed",), ("watch, just confirmed",), NO_SEATS),
    "booking:sent": Faces(NO_LIST, MISTAKES, ("sent, confirmed since",), NO_SEATS),
    "booking:confirm": Faces(
        ("link has expired",), MISTAKES, ("booking:confirm" + DONE, "confirmed already", "seminar, to confirm"), "the queue: see manage"
    ),
    "booking:manage": Faces(
        ("over", "erased", "seminar, over"), MISTAKES, ("just confirmed", "seminar, with a seat"), ("waiting",)
    ),
    "booking:give_back": Faces(
        NO_LIST, "a button alone", ("booking:give_back" + DONE, "waiting, given back", "seminar, give back"), NO_SEATS
    ),
    "booking:who_came": Faces(
        ("who came, link has expired",), MISTAKES, ("booking:who_came" + DONE, "who came at a seminar"), NO_SEATS
    ),
    "booking:claim": Faces(
        ("seat, nothing to claim",), ("not confirmed",), ("a seat is free", "a seat is free" + DONE), "the queue: see manage"
    ),
}  # fmt: skip

# Forms of a page that cannot have mistakes, by address and names of their fields (`checks.forms`).
NO_MISTAKES = {
    "/verwaltung/volunteers/opportunity/…/kopieren/ first_day": "the day is voluntary",
    "/verwaltung/volunteers/shift/…/plaetze/ capacity": "without a number there is no limit",
    "/verwaltung/seminars/session/…/plaetze/ capacity": "without a number there is no limit",
    "/verwaltung/volunteers/shift/…/wer-war-da/ war_0 walk_in": "no answer is one, too",
    "/verwaltung/seminars/session/…/wer-war-da/ war_0 walk_in": "no answer is one, too",
    "/anmeldung/wer-war-da/…/ war_0 walk_in": "no answer is one, too",
    "/konto/…fa/webauthn/add/ name": "its script asks the device first (test_passkeys.py)",
    "/verwaltung/portal/accessrequest/…/change/ answer": "its first button needs no answer",
    "/verwaltung/initiatives/hint/…/change/ answer": "an answer is voluntary",
    "/verwaltung/initiatives/inquiry/…/change/ answer": "its second button needs no answer",
    "/verwaltung/initiatives/proposal/…/change/ answer": "its first button needs no answer",
    "/verwaltung/portal/municipality/…/change/ organisation is_member help_desk": "nothing in it is required",
    "/anmeldung/meine/…/ seats": "a choice among what is possible",
}

LETTER = {"headline": "Bitte Stiefel mitbringen", "text": "Der Weg ist matschig.\n\nBis Samstag!"}
# Pages whose form is sent without a mistake → what is filled in; all else stays as it is.
FILLED_IN = {
    "booking:confirm": {},
    "booking:give_back": {},
    "a seat is free": {},
    "booking:who_came": {"do": "all"},
    "watch:confirm": {},
    "proposal:confirm": {},
    "admin:volunteers_shift_phone": {"name": "Kim Anruf", "phone": "06404 806123", "age": "on"},
    "admin:volunteers_shift_give_back": {},
    "admin:volunteers_shift_move": {"starts": "2030-05-04T09:00", "ends": "2030-05-04T12:00"},
    "admin:volunteers_shift_seats": {"capacity": "1"},
    "admin:volunteers_shift_cancel": {"reason": "Sturmwarnung"},
    "admin:volunteers_shift_write": LETTER,
    "attendance, to note": {},
    "admin:volunteers_opportunity_place": {"meeting_point": "Am Rathaus"},
    "admin:volunteers_opportunity_spot": {"name": "Lea Löscher", "email": "lea@feuerwehr.example"},
    "admin:volunteers_opportunity_change": {"_save": "Speichern"},
    "admin:initiatives_initiative_change": {"_continue": "Speichern und hier bleiben"},
    "admin:initiatives_initiative_delete": {},
    "a version before": {},
    "take_over": {},
    "admin:seminars_session_phone": {
        "name": "Kim Anruf",
        "email": "anruf@example.org",
        "function": "staff",
        "municipality": "Lich",
    },
    "admin:seminars_session_cancel": {"reason": "Die Referentin ist krank."},
    "admin:seminars_session_write": LETTER,
    "spot_write": LETTER,
    "contact, at the door": {"name": "Kim Spontan", "age": "on"},
}


class Visit(NamedTuple):
    """Who opens what; `who` is nobody or a name of `started.sessions`."""

    label: str
    who: str = ""


def visits() -> dict[str, list[Visit]]:
    """Kind of visitor → what is looked at, in the order of the addresses."""
    found: dict[str, list[Visit]] = {GUEST: [], LINK: [], STAFF: []}
    for name in sorted(audience.url_names()):
        page = audience.page_of(name)
        if page is None or name in NO_PAGE or page.audience in (audience.MACHINE, audience.OPEN):
            continue
        if page.audience in (audience.PUBLIC, audience.EMBED):
            found[GUEST].append(Visit(name))
        elif page.audience == audience.TOKEN:
            found[LINK].append(Visit(name))
        elif name in ENTRANCE:
            found[STAFF].append(Visit(name))
        else:
            found[STAFF].append(Visit(name, seen_by(name)))
    found[GUEST] += [Visit(label) for label in (*audience.STATES, *first_days(), *WENT_WRONG, *CANNOT_BE_HAD)]
    found[LINK] += [Visit(label) for label in audience.TOKEN_STATES]
    found[STAFF] += [Visit(label, who) for who, states in audience.STAFF_STATES.items() for label in states]
    for name in FILLED_IN:
        found[LINK if by_link(name) else STAFF].append(Visit(name + DONE, seen_by(name)))
    return found


def by_link(label: str) -> bool:
    """Whether a page is behind the link of a mail."""
    page = audience.PAGES.get(label)
    return label in audience.TOKEN_STATES or bool(page and page.audience == audience.TOKEN)


def seen_by(label: str) -> str:
    """Whose session sees it; nobody's what is behind a link."""
    if by_link(label):
        return ""
    stated = {name: who for who, states in audience.STAFF_STATES.items() for name in states}
    found = (who for who, starts in SEEN_BY.items() if label.startswith(starts))
    return stated.get(label) or next(found, "clerk")


def first_days() -> list[str]:
    return [label for face in FACES.values() for label in named(face) if label.startswith(FIRST_DAY)]


def named(face: Faces) -> list[str]:
    """The labels in it."""
    return [label for answer in face if isinstance(answer, tuple) for label in answer]


def summary() -> dict[str, int]:
    """How many addresses and named states there are today: what the declaration must agree with."""
    found = [visit.label for group in visits().values() for visit in group]
    return {"addresses": len(set(found) & set(audience.url_names())), "states": len(found)}
