"""The programme: what comes next, what was, and one session as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import slot_cards
from portal.prepared import prepared
from portal.signup_pages import SignupPage
from portal.slot_cards import Card
from portal.slot_lists import all_full, seats_state, seats_text
from seminars import linked_data
from seminars.forms import SignupForm
from seminars.models import Series, Session, SessionQuerySet, SessionSignup

PAGE_SIZE = 20
NEXT = 3  # sessions to offer where no form stands
CARD_FIELDS = (
    "starts", "ends", "deadline", "capacity", "cancelled_at", "name", "slug", "registration", "series__title",
    "series__is_example",
)  # fmt: skip
# What the form, its checks and the letter read of a date; the series is that of the page.
FORM_FIELDS = (
    "starts", "ends", "deadline", "capacity", "max_party", "cancelled_at", "name", "slug", "state", "registration",
    "series",
)  # fmt: skip


@dataclass
class Programme:
    """What the page „Seminare" shows."""

    coming: list[Card]
    past: Page
    series: list[Series]


def card(session: Session, *, now: datetime) -> Card:
    """Expects `with_seats()` and the series selected."""
    elsewhere = (_("Anmeldung anderswo"), "unlimited")
    return slot_cards.card(
        session,
        title=session.name,
        label=session.series.title,
        is_example=session.series.is_example,
        now=now,
        seats=None if session.is_here or session.cancelled_at else elsewhere,
    )


def programme(*, page: str, now: datetime) -> Programme:
    """Next dates first, past ones after; Http404 for a page of past ones that is not there."""
    rows = Session.objects.public().select_related("series")
    coming = [card(session, now=now) for session in rows.coming(now).with_seats().only(*CARD_FIELDS)]
    paginator = Paginator(rows.past(now), PAGE_SIZE)
    try:
        past = paginator.page(page or 1)
    except (EmptyPage, PageNotAnInteger):
        raise Http404 from None
    return Programme(coming=coming, past=past, series=public_series())


def public_series() -> list[Series]:
    """Series of which something is public, those of our own first."""
    rows = Series.objects.filter(sessions__state=Session.State.PUBLISHED).distinct()
    return list(rows.select_related("organisation").order_by("only_points", "title"))


def soon(now: datetime, most: int) -> list[Card]:
    """The next dates, for pages that lead here."""
    return [card(session, now=now) for session in _upcoming(now)[:most]]


def _upcoming(now: datetime) -> SessionQuerySet:
    rows = Session.objects.public().upcoming(now).with_seats()
    return rows.select_related("series").only(*CARD_FIELDS)


# --- one session ----------------------------------------------------------------------------------
def find(slug: str) -> Session | None:
    """The published session with its series and seats; None if there is none."""
    return next(iter(_public(slug=slug)), None)


@prepared
def _public(*, slug: str) -> QuerySet:
    rows = Session.objects.public().with_seats().select_related("series__organisation")
    return rows.filter(slug=slug).order_by()


def signup_page(session: Session, now: datetime) -> SignupPage:
    """The page with one form for this and the other dates of the series that still take people (rule 27)."""
    dates: list[Session] = _of_series(series=session.series_id, now=now) if _has_form(session, now) else []
    for each in dates:
        each.series = session.series
    return SignupPage(
        template="seminars/detail.html",
        button=_("Auf die Warteliste") if all_full(dates) else _("Anmelden"),
        context=partial(_page, session, dates, now),
        form=partial(SignupForm, slots_open=dates, now=now, ticked=[session.pk]),
        said=_said,
    )


@prepared
def _of_series(*, series: int, now: datetime) -> QuerySet:
    rows = Session.objects.public().registers_here(now).with_seats().only(*FORM_FIELDS)
    return rows.filter(series=series)


def _has_form(session: Session, now: datetime) -> bool:
    return session.is_here and session.is_open(now)


def _said(form: SignupForm) -> dict[str, Any]:
    data = form.cleaned_data
    return {
        "slots": data["slots"],
        "name": data["name"],
        "email": data["email"],
        "answers": {name: data[name] for name in SessionSignup.answers},
    }


def _page(session: Session, dates: Sequence[Session], now: datetime) -> dict[str, Any]:
    """What seminars/detail.html reads, the form aside; one statement more where no form stands."""
    is_over = now >= session.ends
    shown: dict[str, Any] = {
        "session": session,
        "linked": linked_data.data(session),
        "series": session.series,
        "has_form": bool(dates),
        "all_full": all_full(dates),
        "is_over": is_over,
        "is_exact": session.precision in (Session.Precision.TIME, Session.Precision.START),
        "seats_text": seats_text(session, now=now) if session.is_here else "",
        "seats_state": seats_state(session, now=now),
        "crumbs": [(_("Seminare"), reverse("seminars:list")), (session.name, "")],
    }
    if not dates:
        shown["next"] = [card(each, now=now) for each in _upcoming(now).exclude(pk=session.pk)[:NEXT]]
    return shown
