"""For whom every address is, and how to build an example of it: the table behind the generated tests.

A URL name without a row here fails `test_house.py`. `make_rows` makes one row of everything an address
can be about (in the test's database, or in a started portal's by `portal.python`), `addresses` turns the
table into example addresses, and `STATES` adds the public pages' other faces.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from initiatives import inquiries, proposals, still_current
from initiatives.models import (
    Highlight,
    Hint,
    Idea,
    Initiative,
    Inquiry,
    PageLink,
    Picture,
    Proposal,
    StillCurrent,
    Topic,
    Wish,
)
from portal import access_requests, handbook, links, watches
from portal.models import AccessRequest, Booking, Mail, Municipality, Organisation, User
from portal.slots import Signup
from seminars.models import Series, SeriesWatch, Session, SessionSignup, Speaker
from tests import make, passkeys
from tests.staffroom import staff
from volunteers.models import Opportunity, Shift, ShiftSignup, Watch

PUBLIC = "public"  # anybody: no cookie, one copy for all
TOKEN = "token"  # whoever has the link of a mail
ACCOUNT = "account"  # on the way in: login, second factor, password
STAFF = "staff"  # the Redaktion
MACHINE = "machine"  # monitoring
OPEN = "open"  # programs: data for everybody, read from any site
EMBED = "embed"  # anybody, in a frame of another site
SHORT = "short"  # anybody: leads on to a public page


@dataclass
class Rows:
    """What example addresses are about; everything belongs to the town unless its name says otherwise."""

    organisation: Organisation
    town: Municipality
    quiet_town: Municipality
    district: Municipality
    topic: Topic
    idea: Idea  # the initiative shows it
    draft_idea: Idea  # not released yet
    initiative: Initiative
    collected: Initiative
    picture: Picture  # of `initiative`
    opportunity: Opportunity  # two dates: one has seats left, one is full with a waiting list
    past: Opportunity
    cancelled: Opportunity
    crowded: Opportunity  # its only date is full, and somebody waits
    shift: Shift
    over: Shift  # of `past`, with `old` on it
    full: Shift
    unconfirmed: Booking
    confirmed: Booking
    waiting: Booking
    seat: ShiftSignup  # of `confirmed`
    queued: ShiftSignup  # of `waiting`
    old: Booking  # its date is over
    erased: Booking  # at the person's wish
    expired: Booking  # never confirmed, its date is still open
    offered: ShiftSignup  # waiting, and a seat is free in the open phase
    asked: Watch  # to be confirmed
    watch: Watch
    ended: Watch
    mail: Mail  # has left
    clerk: User  # of the town
    passkey: Authenticator  # of the clerk
    series: Series  # of the association, like all below
    session: Session  # with seats, a second one with a waiting list and a third elsewhere in the same series
    speaker: Speaker
    elsewhere: Session
    called_off: Session
    packed: Session  # is full, and somebody waits
    held: Session  # is over
    undated: Session  # is over, and only its year is known
    registered: Booking  # unconfirmed
    attending: Booking  # confirmed on `session`
    attended: Booking  # confirmed on `held`
    participant: SessionSignup  # of `attending`
    series_asked: SeriesWatch  # to be confirmed
    series_watch: SeriesWatch
    highlight: Highlight
    hint: Hint
    inquiry: Inquiry  # to be answered
    inquiry_asked: Inquiry  # to be confirmed
    link: PageLink  # broken
    current: StillCurrent  # a contact is asked
    current_gone: StillCurrent  # whose pages are gone
    proposal: Proposal  # to be decided
    proposed: Proposal  # to be confirmed
    declined: Proposal
    accepted: Proposal
    wish: Wish
    wish_asked: Wish  # to be confirmed
    access_waiting: AccessRequest  # to be decided
    access_asked: AccessRequest  # to be confirmed


def make_rows(now: datetime | None = None, name: str = "Lich") -> Rows:
    """Rows in the database: the town that is there already or a new one, and its people."""
    now = (now or timezone.now()).replace(minute=0, second=0, microsecond=0)
    organisation = make.organisation(f"Stadt {name}")
    town = _town(name, organisation=organisation)
    common = {"organisation": organisation, "municipality": town, "topic": make.topic()}
    idea = make.idea(f"Bachpaten bei {name}")
    make.idea_file(idea)
    initiative = make.initiative(
        organisation=organisation,
        municipality=town,
        title=f"Bachpaten {name}",
        idea=idea,
        life_state=Initiative.LifeState.RUNNING,
        contact="Umweltbüro",
        contact_email="umwelt@lich.example",
        text="Wir treffen uns **jeden** Monat.\n\n- Müll sammeln\n- Kindern den Bach zeigen",
    )
    collected = make.initiative(
        organisation=organisation,
        municipality=town,
        origin=Initiative.Origin.COLLECTED,
        source_name="Zeitung",
        source_url="https://zeitung.example/bericht",
        year=2015,
    )
    opportunity = make.opportunity(initiative=initiative, **common)
    shift = make.shift(opportunity=opportunity, starts=now + timedelta(days=10))
    full = make.shift(opportunity=opportunity, starts=now + timedelta(days=11), capacity=1)
    make.signup(full, email="platz@example.org")
    past = make.opportunity(title="Bäume pflanzen", **common)
    over = make.shift(opportunity=past, starts=now - timedelta(days=5))
    cancelled = make.opportunity(title="Hecken schneiden", **common)
    make.shift(
        opportunity=cancelled, starts=now + timedelta(days=8), cancelled_at=now, cancel_reason="Sturmwarnung"
    )
    crowded = make.opportunity(title="Suppe verteilen", **common)
    last_seat = make.shift(opportunity=crowded, starts=now + timedelta(days=12), capacity=1)
    make.signup(last_seat)
    make.signup(last_seat, status=Signup.Status.WAITING)
    bookings = {
        key: make.booking(
            f"{key}.{name.lower()}@example.org",
            organisation=organisation,
            entered_at=now,
            confirmed_at=None if key in ("unconfirmed", "expired") else now,
        )
        for key in ("unconfirmed", "confirmed", "waiting", "old", "expired")
    }
    make.signup(shift, booking=bookings["unconfirmed"], status=Signup.Status.UNCONFIRMED)
    make.signup(over, booking=bookings["old"])
    make.signup(
        shift,
        booking=bookings["expired"],
        status=Signup.Status.ENDED,
        ended_reason=Signup.Reason.EXPIRED,
        ended_at=now,
    )
    clerk = staff(organisation, email=f"clerk.{name.lower()}@lich.example", enrolled=False)
    soon = make.shift(
        starts=now + timedelta(hours=20), opportunity=make.opportunity(title="Kisten tragen", **common)
    )
    return Rows(
        **_seminars(now, name),
        asked=make.watch(f"asked.{name.lower()}@example.org", confirmed_at=None, organisation=organisation),
        watch=make.watch(f"watch.{name.lower()}@example.org", organisation=organisation),
        ended=make.watch("", place="", ended_at=now, organisation=organisation),
        highlight=make.highlight(collected),
        hint=make.hint(make.initiative(organisation=organisation, municipality=town), entered_at=now),
        inquiry=make.inquiry(initiative, entered_at=now, confirmed_at=now),
        inquiry_asked=make.inquiry(initiative, entered_at=now, confirmed_at=None),
        link=make.broken_link(initiative),
        current=make.still_current(initiative),
        current_gone=make.still_current(initiative, email="niemand@example.org"),
        proposed=make.proposal(town, organisation=organisation, entered_at=now, confirmed_at=None),
        proposal=make.proposal(town, organisation=organisation, entered_at=now, confirmed_at=now),
        declined=make.proposal(
            town, organisation=organisation, settled_at=now, decision="declined", answer="Das gibt es schon."
        ),
        accepted=make.proposal(
            town, organisation=organisation, settled_at=now, decision="accepted", initiative=initiative
        ),
        wish=make.wish(municipality=town, organisation=organisation, initiative=initiative),
        wish_asked=make.wish(
            "noch.nicht@example.org",
            municipality=town,
            organisation=organisation,
            initiative=initiative,
            confirmed_at=None,
        ),
        access_asked=make.access_request(town, entered_at=now, confirmed_at=None),
        access_waiting=make.access_request(town, entered_at=now, confirmed_at=now),
        mail=Mail.objects.create(
            key=f"example:{organisation.pk}",
            kind="confirmed",
            organisation=organisation,
            to="kim@example.org",
            subject="Platz sicher: Bachputz",
            text="Guten Tag,\n\nIhr Platz ist sicher.",
            queued_at=now,
            next_try_at=now,
            sent_at=now,
        ),
        clerk=clerk,
        passkey=passkeys.enrol(clerk).row,
        organisation=organisation,
        town=town,
        quiet_town=_town("Stillbach", ags="06999001"),
        district=_district(),
        topic=common["topic"],
        idea=idea,
        draft_idea=make.idea(f"Tauschregal bei {name}", released_on=None),
        initiative=initiative,
        collected=collected,
        picture=make.picture(initiative, credit="Lea Licht"),
        opportunity=opportunity,
        past=past,
        cancelled=cancelled,
        crowded=crowded,
        erased=make.booking("", "", organisation=organisation, erased_at=now),
        shift=shift,
        over=over,
        full=full,
        seat=make.signup(shift, booking=bookings["confirmed"], seats=2, seated_at=now),
        offered=make.signup(soon, status=Signup.Status.WAITING),
        queued=make.signup(full, booking=bookings["waiting"], status=Signup.Status.WAITING),
        **bookings,
    )


def _seminars(now: datetime, name: str) -> dict[str, object]:
    """A series with sessions in every state, and people on them."""
    series = make.series(title=f"Reihe {name}")
    at = {"series": series}
    session = make.session(starts=now + timedelta(days=9), **at)
    packed = make.session(starts=now + timedelta(days=16), name="Wenn viele helfen", capacity=1, **at)
    make.participant(packed)
    make.participant(packed, status=Signup.Status.WAITING)
    held = make.session(
        starts=now - timedelta(days=4),
        name="Vorige Woche",
        materials_url="https://unterlagen.example/1",
        **at,
    )
    far = {"registration": Session.Registration.ELSEWHERE, "link": "https://anderswo.example/anmeldung"}
    bookings = {
        key: make.booking(
            f"{key}.{name.lower()}@example.org",
            organisation=series.organisation,
            slot_kind="session",
            entered_at=now,
            confirmed_at=None if key == "registered" else now,
            age_confirmed=False,
        )
        for key in ("registered", "attending", "attended")
    }
    make.participant(session, booking=bookings["registered"], status=Signup.Status.UNCONFIRMED)
    make.participant(held, booking=bookings["attended"])
    return bookings | {
        "series": series,
        "session": session,
        "speaker": make.speaker(session, function="Leiterin einer Freiwilligenagentur"),
        "elsewhere": make.session(starts=now + timedelta(days=12), name="Sprechstunde", **at, **far),
        "called_off": make.session(
            starts=now + timedelta(days=13),
            name="Fällt aus",
            cancelled_at=now,
            cancel_reason="Die Referentin ist krank.",
            **at,
        ),
        "packed": packed,
        "held": held,
        "undated": make.session(
            starts=datetime(2023, 1, 1, tzinfo=make.BERLIN),
            ends=datetime(2024, 1, 1, tzinfo=make.BERLIN),
            precision=Session.Precision.YEAR,
            name="Vor Jahren",
            **at,
            **far,
        ),
        "participant": make.participant(session, booking=bookings["attending"]),
        "series_asked": make.series_watch(
            f"reihe.{name.lower()}@example.org", series=series, confirmed_at=None
        ),
        "series_watch": make.series_watch(f"reihe2.{name.lower()}@example.org", series=series),
    }


def _town(name: str, **fields) -> Municipality:
    known = Municipality.objects.filter(name=name, level=Municipality.Level.TOWN).first()
    return known or make.municipality(name, slug=name.lower(), **fields)


def _district() -> Municipality:
    level = Municipality.Level.DISTRICT
    known = Municipality.objects.filter(level=level).first()
    return known or make.municipality("Landkreis Musterland", slug="landkreis-musterland", level=level)


Arguments = Callable[[Rows], list[object]]


def _nothing(rows: Rows) -> list[object]:
    return []


def _token(purpose: str, whose: str) -> Arguments:
    return lambda rows: [links.make(purpose, getattr(rows, whose))]


@dataclass(frozen=True)
class Page:
    audience: str
    arguments: Arguments = _nothing


PAGES: dict[str, Page] = {
    "start": Page(PUBLIC),
    "volunteers:list": Page(PUBLIC),
    "volunteers:detail": Page(PUBLIC, lambda rows: [rows.opportunity.slug]),
    "initiatives:list": Page(PUBLIC),
    "initiatives:map": Page(PUBLIC),
    "initiatives:detail": Page(PUBLIC, lambda rows: [rows.initiative.slug]),
    "picture": Page(OPEN, lambda rows: [rows.picture.name, 480]),
    "handbook": Page(PUBLIC),
    "handbook_chapter": Page(PUBLIC, lambda rows: [handbook.chapters()[0].slug]),
    "short_action": Page(SHORT, lambda rows: [rows.opportunity.pk]),
    "short_initiative": Page(SHORT, lambda rows: [rows.initiative.pk]),
    "initiatives:hint": Page(PUBLIC, lambda rows: [rows.initiative.slug]),
    "initiatives:hint_sent": Page(PUBLIC, lambda rows: [rows.collected.slug]),
    "initiatives:removal": Page(PUBLIC, lambda rows: [rows.collected.slug]),
    "initiatives:inquiry": Page(PUBLIC, lambda rows: [rows.initiative.slug]),
    "initiatives:wish": Page(PUBLIC, lambda rows: [rows.initiative.slug]),
    "inquiry:sent": Page(TOKEN, _token(inquiries.SENT, "inquiry_asked")),
    "inquiry:confirm": Page(TOKEN, _token(inquiries.CONFIRM, "inquiry_asked")),
    "initiatives:propose": Page(PUBLIC),
    "initiatives:proposal_withdrawn": Page(PUBLIC),
    "proposal:sent": Page(TOKEN, _token(proposals.SENT, "proposed")),
    "proposal:confirm": Page(TOKEN, _token(proposals.CONFIRM, "proposed")),
    "proposal:manage": Page(TOKEN, _token(proposals.MANAGE, "proposal")),
    "ideas:list": Page(PUBLIC),
    "ideas:detail": Page(PUBLIC, lambda rows: [rows.idea.slug]),
    "ideas:wish": Page(PUBLIC, lambda rows: [rows.idea.slug]),
    "ideas:sheet": Page(MACHINE, lambda rows: [rows.idea.slug]),
    "ideas:file": Page(MACHINE, lambda rows: [rows.idea.slug, rows.idea.files.get().pk]),
    "copy_idea": Page(ACCOUNT, lambda rows: [rows.idea.slug]),
    "copy_initiative": Page(ACCOUNT, lambda rows: [rows.initiative.slug]),
    "bookmark": Page(ACCOUNT, lambda rows: [rows.collected.slug]),
    "current:answer": Page(TOKEN, _token(still_current.ANSWER, "current")),
    "take_over": Page(ACCOUNT, lambda rows: [rows.collected.slug]),
    "towns": Page(PUBLIC),
    "town": Page(PUBLIC, lambda rows: [rows.town.slug]),
    "for_towns": Page(PUBLIC),
    "request_access": Page(PUBLIC),
    "imprint": Page(PUBLIC),
    "privacy": Page(PUBLIC),
    "who_sees": Page(PUBLIC),
    "accessibility": Page(PUBLIC),
    "barrier": Page(PUBLIC),
    "barrier_sent": Page(PUBLIC),
    "plain_language": Page(PUBLIC),
    "report_weakness": Page(PUBLIC),
    "volunteers:watch": Page(PUBLIC),
    "seminars:list": Page(PUBLIC),
    "seminars:detail": Page(PUBLIC, lambda rows: [rows.session.slug]),
    "seminars:watch": Page(PUBLIC),
    "watch:sent": Page(TOKEN, _token(watches.SENT, "asked")),
    "watch:confirm": Page(TOKEN, _token(watches.CONFIRM, "asked")),
    "watch:manage": Page(TOKEN, _token(watches.MANAGE, "watch")),
    "watch:export": Page(TOKEN, _token(watches.MANAGE, "watch")),
    "access:sent": Page(TOKEN, _token(access_requests.SENT, "access_asked")),
    "access:confirm": Page(TOKEN, _token(access_requests.CONFIRM, "access_asked")),
    "booking:sent": Page(TOKEN, _token(links.SENT, "unconfirmed")),
    "booking:confirm": Page(TOKEN, _token(links.CONFIRM, "unconfirmed")),
    "booking:manage": Page(TOKEN, _token(links.MANAGE, "confirmed")),
    "booking:give_back": Page(TOKEN, _token(links.GIVE_BACK, "seat")),
    "booking:claim": Page(TOKEN, _token(links.CLAIM, "queued")),
    "booking:who_came": Page(TOKEN, _token(links.WHO_CAME, "over")),
    "booking:export": Page(TOKEN, _token(links.MANAGE, "confirmed")),
    "booking:calendar": Page(TOKEN, _token(links.MANAGE, "confirmed")),
    "member_signup": Page(ACCOUNT, lambda rows: [rows.opportunity.slug]),
    "member_seminar": Page(ACCOUNT, lambda rows: [rows.session.slug]),
    "spot": Page(ACCOUNT),
    "spot_code": Page(ACCOUNT),
    "spot_page": Page(ACCOUNT, lambda rows: [rows.opportunity.pk]),
    "spot_write": Page(ACCOUNT, lambda rows: [rows.opportunity.pk]),
    "spot_door": Page(ACCOUNT, lambda rows: [rows.opportunity.pk]),
    "account_login": Page(ACCOUNT),
    "account_logout": Page(ACCOUNT),
    "account_inactive": Page(ACCOUNT),
    "account_signup": Page(ACCOUNT),
    "account_reauthenticate": Page(ACCOUNT),
    "account_email": Page(ACCOUNT),
    "account_email_verification_sent": Page(ACCOUNT),
    "account_change_password": Page(ACCOUNT),
    "account_set_password": Page(ACCOUNT),
    "account_reset_password": Page(ACCOUNT),
    "account_confirm_login_code": Page(ACCOUNT),
    "account_confirm_email": Page(ACCOUNT, lambda rows: ["MQ:1abcde:unknown"]),
    "account_reset_password_from_key_done": Page(ACCOUNT),
    "account_reset_password_from_key": Page(
        ACCOUNT, lambda rows: [user_pk_to_url_str(rows.clerk), "unknown-key"]
    ),
    "account_reset_password_done": Page(ACCOUNT),
    "factor_choose": Page(ACCOUNT),
    "factor_done": Page(ACCOUNT),
    "factor_forget": Page(ACCOUNT),
    "mfa_index": Page(ACCOUNT),
    "mfa_list_webauthn": Page(ACCOUNT),
    "mfa_add_webauthn": Page(ACCOUNT),
    "mfa_reauthenticate_webauthn": Page(ACCOUNT),
    "mfa_edit_webauthn": Page(ACCOUNT, lambda rows: [rows.passkey.pk]),
    "mfa_remove_webauthn": Page(ACCOUNT, lambda rows: [rows.passkey.pk]),
    "mfa_authenticate": Page(ACCOUNT),
    "mfa_reauthenticate": Page(ACCOUNT),
    "mfa_trust": Page(ACCOUNT),
    "mfa_activate_totp": Page(ACCOUNT),
    "mfa_deactivate_totp": Page(ACCOUNT),
    "mfa_view_recovery_codes": Page(ACCOUNT),
    "mfa_generate_recovery_codes": Page(ACCOUNT),
    "mfa_download_recovery_codes": Page(ACCOUNT),
    "admin:view_on_site": Page(
        STAFF,
        lambda rows: [ContentType.objects.get_for_model(Opportunity).pk, rows.opportunity.pk],
    ),
    "preview_initiative": Page(STAFF, lambda rows: [rows.initiative.pk]),
    "admin:index": Page(STAFF),
    "admin:login": Page(STAFF),
    "admin:logout": Page(STAFF),
    "admin:password_change": Page(STAFF),
    "admin:password_change_done": Page(STAFF),
    "admin:autocomplete": Page(STAFF),
    "admin:jsi18n": Page(STAFF),
    "admin:status": Page(STAFF),
    "admin:absence": Page(STAFF),
    "admin:bulletins": Page(STAFF),
    "admin:statistics": Page(STAFF),
    "admin:year": Page(STAFF),
    "admin:app_list": Page(STAFF, lambda rows: ["volunteers"]),
    "admin:unknown": Page(STAFF, lambda rows: ["gibt-es-nicht/"]),
    "open_data": Page(PUBLIC),
    "api:index": Page(OPEN),
    "api:openapi": Page(OPEN),
    "api:initiatives": Page(OPEN),
    "api:initiative": Page(OPEN, lambda rows: [rows.initiative.pk]),
    "api:ideas": Page(OPEN),
    "api:idea": Page(OPEN, lambda rows: [rows.idea.pk]),
    "api:shifts": Page(OPEN),
    "api:sessions": Page(OPEN),
    "api:municipalities": Page(OPEN),
    "api:topics": Page(OPEN),
    "api:unknown": Page(OPEN, lambda rows: ["v0/"]),
    "initiatives_csv": Page(OPEN),
    "feeds:all": Page(OPEN),
    "feeds:town": Page(OPEN, lambda rows: [rows.town.slug]),
    "feeds:topic": Page(OPEN, lambda rows: [rows.topic.slug]),
    "robots": Page(MACHINE),
    "embed": Page(EMBED, lambda rows: [rows.town.slug]),
    "sitemap": Page(MACHINE),
    "sitemap_pages": Page(MACHINE),
    "sitemap_part": Page(MACHINE, lambda rows: ["initiativen", 1]),
    "security": Page(MACHINE),
    "healthz": Page(MACHINE),
    "readyz": Page(MACHINE),
}

# The other faces of public pages: addresses, from rows, that a visitor can come to.
STATES: dict[str, Callable[[Rows], str]] = {
    "help wanted near a code": lambda rows: reverse("volunteers:list") + "?ort=35423&umkreis=15",
    "help wanted near a town": lambda rows: reverse("volunteers:list") + f"?ort={rows.town.name}",
    "help wanted about a topic": lambda rows: reverse("volunteers:list") + f"?thema={rows.topic.slug}",
    "help wanted, nothing there": lambda rows: reverse("volunteers:list") + "?ort=64625",
    "help wanted, unknown place": lambda rows: reverse("volunteers:list") + "?ort=Xyzzingen",
    "help wanted, two towns": lambda rows: reverse("volunteers:list") + "?ort=Homberg",
    "watch for a code": lambda rows: reverse("volunteers:watch") + "?ort=35423&umkreis=30",
    "help wanted is over": lambda rows: rows.past.get_absolute_url(),
    "help wanted, all seats taken": lambda rows: rows.crowded.get_absolute_url(),
    "help wanted is cancelled": lambda rows: rows.cancelled.get_absolute_url(),
    "access for a collected page": lambda rows: reverse("request_access") + f"?seite={rows.collected.slug}",
    "propose for a town": lambda rows: reverse("initiatives:propose") + f"?ort={rows.town.name}",
    "initiatives found": lambda rows: reverse("initiatives:list") + "?suche=Bach",
    "initiatives, nothing found": lambda rows: reverse("initiatives:list") + "?suche=xyzzy",
    "map of a Landkreis": lambda rows: reverse("initiatives:map") + f"?kreis={rows.district.slug}",
    "map, nothing found": lambda rows: reverse("initiatives:map") + "?suche=xyzzy",
    "map around a code": lambda rows: reverse("initiatives:map") + "?ort=35423",
    "initiative of the collection": lambda rows: rows.collected.get_absolute_url(),
    "idea near a code": lambda rows: rows.idea.get_absolute_url() + "?ort=35423",
    "idea, draft of a model Steckbrief": lambda rows: rows.draft_idea.get_absolute_url(),
    "ideas, two towns": lambda rows: reverse("ideas:list") + "?ort=Homberg",
    "towns found": lambda rows: reverse("towns") + "?ort=Lich",
    "towns, nothing found": lambda rows: reverse("towns") + "?ort=xyzzy",
    "town without anything": lambda rows: rows.quiet_town.get_absolute_url(),
    "district": lambda rows: rows.district.get_absolute_url(),
    "seminar elsewhere": lambda rows: rows.elsewhere.get_absolute_url(),
    "seminar, all seats taken": lambda rows: rows.packed.get_absolute_url(),
    "seminar is cancelled": lambda rows: rows.called_off.get_absolute_url(),
    "seminar is over": lambda rows: rows.held.get_absolute_url(),
    "seminar of which the year is known": lambda rows: rows.undated.get_absolute_url(),
}
# Pages behind mail links in their other states.
TOKEN_STATES: dict[str, Callable[[Rows], str]] = {
    "confirmed already": lambda rows: _link("booking:confirm", links.CONFIRM, rows.confirmed),
    "sent, confirmed since": lambda rows: _link("booking:sent", links.SENT, rows.confirmed),
    "just confirmed": lambda rows: _link("booking:manage", links.MANAGE, rows.confirmed) + "?ok=bestaetigt",
    "erased": lambda rows: _link("booking:manage", links.MANAGE, rows.erased),
    "waiting": lambda rows: _link("booking:manage", links.MANAGE, rows.waiting),
    "not confirmed": lambda rows: _link("booking:manage", links.MANAGE, rows.unconfirmed),
    "over": lambda rows: _link("booking:manage", links.MANAGE, rows.old),
    "link has expired": lambda rows: _link("booking:confirm", links.CONFIRM, rows.expired),
    "a seat is free": lambda rows: _link("booking:claim", links.CLAIM, rows.offered),
    "seat, nothing to claim": lambda rows: _link("booking:claim", links.CLAIM, rows.seat),
    "still current, thanks": lambda rows: (
        _link("current:answer", still_current.ANSWER, rows.current) + "?ok=danke"
    ),
    "still current, no page": lambda rows: _link("current:answer", still_current.ANSWER, rows.current_gone),
    "proposal, not confirmed": lambda rows: _link("proposal:manage", proposals.MANAGE, rows.proposed),
    "proposal, declined": lambda rows: _link("proposal:manage", proposals.MANAGE, rows.declined),
    "proposal, published": lambda rows: _link("proposal:manage", proposals.MANAGE, rows.accepted),
    "access, confirmed": lambda rows: _link("access:confirm", access_requests.CONFIRM, rows.access_waiting),
    "wish, sent": lambda rows: _link("watch:sent", watches.SENT, rows.wish_asked),
    "wish, to confirm": lambda rows: _link("watch:confirm", watches.CONFIRM, rows.wish_asked),
    "wish": lambda rows: _link("watch:manage", watches.MANAGE, rows.wish),
    "inquiry, confirmed": lambda rows: _link("inquiry:confirm", inquiries.CONFIRM, rows.inquiry),
    "watch, radius of the link": lambda rows: (
        _link("watch:confirm", watches.CONFIRM, rows.watch) + "?umkreis=50"
    ),
    "watch, not confirmed": lambda rows: _link("watch:manage", watches.MANAGE, rows.asked),
    "watch, just confirmed": lambda rows: (
        _link("watch:manage", watches.MANAGE, rows.watch) + "?ok=bestaetigt"
    ),
    "watch, ended": lambda rows: _link("watch:manage", watches.MANAGE, rows.ended),
    "who came, link has expired": lambda rows: _link("booking:who_came", links.WHO_CAME, rows.shift),
    "who came at a seminar": lambda rows: _link("booking:who_came", links.WHO_CAME, rows.held),
    "seminar, sent": lambda rows: _link("booking:sent", links.SENT, rows.registered),
    "seminar, to confirm": lambda rows: _link("booking:confirm", links.CONFIRM, rows.registered),
    "seminar, with a seat": lambda rows: _link("booking:manage", links.MANAGE, rows.attending),
    "seminar, over": lambda rows: _link("booking:manage", links.MANAGE, rows.attended),
    "seminar, give back": lambda rows: _link("booking:give_back", links.GIVE_BACK, rows.participant),
    "series, to confirm": lambda rows: _link("watch:confirm", watches.CONFIRM, rows.series_asked),
    "series, watched": lambda rows: _link("watch:manage", watches.MANAGE, rows.series_watch),
    "waiting, given back": lambda rows: _link("booking:give_back", links.GIVE_BACK, rows.queued),
}


def _admin(name: str, row: object, query: str = "") -> str:
    return reverse(f"admin:{name}", args=[row.pk]) + query


def _admin_list(name: str, query: str = "") -> str:
    return reverse(f"admin:{name}_changelist") + query


# Pages of staff in their other states: who (a session of tests/browser/stage.py) → label → address.
STAFF_STATES: dict[str, dict[str, Callable[[Rows], str]]] = {
    "clerk": {
        "people, some wait": lambda rows: _admin("volunteers_shift_change", rows.full),
        "people, nobody found": lambda rows: _admin("volunteers_shift_change", rows.shift, "?q=xyzzy"),
        "people, over": lambda rows: _admin("volunteers_shift_change", rows.over),
        "attendance, to note": lambda rows: _admin("volunteers_shift_attendance", rows.over),
        "a version before": lambda rows: reverse(
            "admin:initiatives_initiative_restore",
            args=[rows.initiative.pk, rows.initiative.versions.earliest().pk],
        ),
        "dates to repeat": lambda rows: _admin(
            "volunteers_opportunity_repeat",
            rows.opportunity,
            f"?termin={rows.shift.pk}&bis={rows.shift.starts + timedelta(days=30):%Y-%m-%d}",
        ),
        "mail that was refused": lambda rows: _admin(
            "portal_mail_change", Mail.objects.exclude(failed_at=None).latest("pk")
        ),
    },
    "network": {
        "start of the association": lambda rows: reverse("admin:index"),
        "call for help, which town": lambda rows: reverse("admin:volunteers_opportunity_call"),
        "take over, of another town": lambda rows: reverse("take_over", args=[rows.collected.slug]),
    },
    "seminars": {
        "start of the seminars": lambda rows: reverse("admin:index"),
        "attendance of a seminar, to note": lambda rows: _admin("seminars_session_attendance", rows.held),
        "people of a seminar, some wait": lambda rows: _admin("seminars_session_people", rows.packed),
    },
    "reader": {
        "start of a reader": lambda rows: reverse("admin:index"),
        "action, to read": lambda rows: _admin("volunteers_opportunity_change", rows.opportunity),
    },
    "beginner": {
        "start with three steps": lambda rows: reverse("admin:index"),
        "no date to choose": lambda rows: reverse("admin:volunteers_shift_choose"),
        "no bulletin": lambda rows: reverse("admin:bulletins"),
        "no dates": lambda rows: _admin_list("volunteers_shift"),
        "no mails": lambda rows: _admin_list("portal_mail"),
        "no wishes": lambda rows: _admin_list("initiatives_wish"),
        "no questions": lambda rows: _admin_list("initiatives_inquiry"),
        "no broken links": lambda rows: _admin_list("initiatives_pagelink"),
        "no proposals": lambda rows: _admin_list("initiatives_proposal"),
        "no hints": lambda rows: _admin_list("initiatives_hint"),
        "no entries of the log": lambda rows: _admin_list("portal_accesslog"),
    },
    "newcomer": {
        "second factor, none yet": lambda rows: reverse("factor_choose"),
        "passkey, the first": lambda rows: reverse("mfa_add_webauthn"),
    },
    "contact": {
        "contact, chooses an action": lambda rows: reverse("spot"),
        "contact, ticks who is there": lambda rows: reverse("spot_page", args=[rows.past.pk]),
        "contact, at the door": lambda rows: reverse("spot_door", args=[rows.past.pk]),
        "contact, promises": lambda rows: reverse("spot_page", args=[rows.crowded.pk]),
    },
}


def _link(name: str, purpose: str, row: object) -> str:
    return reverse(name, args=[links.make(purpose, row)])


def url_names() -> dict[str, URLPattern]:
    """Every address of the portal: name with name space → pattern."""
    found: dict[str, URLPattern] = {}

    def walk(resolver: URLResolver, space: str) -> None:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                walk(pattern, space + (f"{pattern.namespace}:" if pattern.namespace else ""))
            else:
                name = f"{space}{pattern.name or 'unknown'}"
                if name == "admin:unknown" and name in found:
                    continue  # the admin's shortcut from …/<pk>/ to …/<pk>/change/
                found[name] = pattern

    walk(get_resolver(), "")
    return found


def page_of(name: str) -> Page | None:
    """The row for a URL name; pages of a model's admin need none, they are for staff."""
    if name in PAGES:
        return PAGES[name]
    model = _admin_model(name)
    if model is None:
        return None
    wanted = url_names()[name].pattern.converters  # names of what stands in the address
    return Page(STAFF, lambda rows: [_admin_key(key, model, rows) for key in wanted])


def _admin_key(key: str, model, rows: Rows):
    """What stands in addresses of the admin: the row's key, or that of a sign-up of the row."""
    if key == "signup_id":
        return {Shift: rows.seat, Session: rows.participant}[model].pk
    if key in ("name", "width"):
        return {"name": rows.picture.name, "width": 480}[key]
    row = _row_of(model, rows)
    return row.versions.latest().pk if key == "version_id" else row.pk


def _admin_model(name: str):
    if not name.startswith("admin:"):
        return None
    for model in apps.get_models():
        prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(prefix):
            return model
    return None


def _row_of(model, rows: Rows):
    for row in vars(rows).values():
        if type(row) is model:
            return row
    return model._default_manager.order_by("pk").first() or model(pk=1)


def addresses(rows: Rows, *audiences: str) -> dict[str, str]:
    """URL name → example address, of these audiences (all by default)."""
    found = {}
    for name in sorted(url_names()):
        page = page_of(name)
        if page is None or (audiences and page.audience not in audiences):
            continue
        if name == "admin:unknown":
            found[name] = reverse("admin:index") + "gibt-es-nicht/"
        else:
            found[name] = reverse(name, args=page.arguments(rows))
    return found


def public_addresses(rows: Rows) -> dict[str, str]:
    """Every public page with its other faces: label → address."""
    return addresses(rows, PUBLIC) | {label: state(rows) for label, state in STATES.items()}


def token_addresses(rows: Rows) -> dict[str, str]:
    """Every page behind a mail link with its other states: label → address."""
    return addresses(rows, TOKEN) | {label: state(rows) for label, state in TOKEN_STATES.items()}


def staff_addresses(rows: Rows) -> dict[str, str]:
    """The other states of pages of staff: label → address."""
    return {label: state(rows) for states in STAFF_STATES.values() for label, state in states.items()}


def every_address(rows: Rows) -> dict[str, str]:
    """Label → address."""
    return addresses(rows) | public_addresses(rows) | token_addresses(rows) | staff_addresses(rows)
