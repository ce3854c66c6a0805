"""A number for each request, headers on every answer, and a clear 400 for input that no person types."""

import errno
import logging
import re
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from csp.utils import build_policy
from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import BadRequest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import translation
from redis.exceptions import RedisError

from portal import deadlines, errors, logs, uploads

log = logging.getLogger("portal.requests")
Answer = Callable[[HttpRequest], HttpResponse]
PRIVATE = ("/anmeldung/", "/konto/", "/verwaltung/")
WITH_SESSION = ("/konto/", "/verwaltung/")
AWAY = (OperationalError, InterfaceError, RedisError)
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
AWAY_FOR = 30  # seconds, as Retry-After
MAX_QUERY_STRING = 4096  # bytes
METHODS = ("GET", "HEAD", "POST", "OPTIONS")  # some views of allauth answer to any
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")
)

_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")  # NUL and lone surrogates: no database takes them
_NUMBER = re.compile(r"[A-Za-z0-9-]{16,64}")
PROBES = ("/healthz", "/readyz")  # asked every few seconds: a line each would hide the others


class Numbered:
    """Each request has a deadline, and a number, which its log lines, its answer and the tasks that it nudges carry.

    And a language, the only one: else Django looks for one 300 times per registration, and builds the text of an
    AttributeError each time (profiled).

    A proxy in front may give it; a visitor may not. Copies that everybody gets carry no number: it would be
    that of whoever asked first. On a server one line says how the request ended; who asked is not in it.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXIES else ""
        number = given if _NUMBER.fullmatch(given) else secrets.token_hex(16)
        start = time.monotonic()
        before = logs.request_id.set(number)
        translation.activate(settings.LANGUAGE_CODE)
        try:
            with deadlines.within(deadlines.ANSWER):
                response = self.get_response(request)
            if "public" not in response.headers.get("Cache-Control", ""):
                response.headers["X-Request-ID"] = number
            if settings.LOG_REQUESTS:
                _log(request, response, milliseconds=round((time.monotonic() - start) * 1000))
        finally:
            logs.request_id.reset(before)
        return response


def _log(request: HttpRequest, response: HttpResponse, *, milliseconds: int) -> None:
    path, status = logs.anonymous(logs.mask_path(request.path))[:200], response.status_code
    if path not in PROBES or status >= 400:
        facts = {"method": request.method, "path": path, "status": status, "ms": milliseconds}
        log.info("%s %s %s %s ms", *facts.values(), extra={"facts": facts})


class Headers:
    """Adds what Django and django-csp do not (trust.md „Headers"), and keeps private pages out of caches."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if request.path.startswith(PRIVATE):
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Robots-Tag"] = "noindex"
            # not `no-referrer`: with it Chromium posts `Origin: null` (architecture.md, measured)
            response.headers["Referrer-Policy"] = "same-origin"
        elif settings.DEMO:
            response.headers["X-Robots-Tag"] = "noindex"
        return response


class ContentSecurity:
    """One policy on every page, unless a view set its own; django-csp builds it once, its middleware did for each answer."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        return response


class PlainInput:
    """NUL, lone surrogates, query strings of 100 kB and bodies of megabytes are nobody's input: 400, never a 500 (trust.md)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *args: object) -> HttpResponse | None:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        if len(request.META.get("QUERY_STRING", "")) > MAX_QUERY_STRING:
            raise BadRequest("query string too long")
        try:
            _check_size(request)
        except AWAY as error:  # `Outages` sees what views raise only
            if (answer := _outage(request, error)) is None:
                raise
            return answer
        _check_address(request.GET.getlist("next"))
        sources = [request.path, *(v for _, values in request.GET.lists() for v in values)]
        sources += request.COOKIES.values()
        if request.method == "POST":
            _check_address(request.POST.getlist("next"))
            sources += [v for _, values in request.POST.lists() for v in values]
        for value in sources:
            if _NO_TEXT.search(value):
                raise BadRequest("NUL or lone surrogate")
        return None


def _check_size(request: HttpRequest) -> None:
    """Raise BadRequest for a big body, but where somebody who is logged in hands in files. Django takes files of any size."""
    size, least = int(request.META.get("CONTENT_LENGTH") or 0), settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if size <= least:
        return
    if size > uploads.limit(request.path, default=least):
        raise BadRequest("body too large")
    if not request.user.is_authenticated:
        raise uploads.LoggedOut


def _check_address(values: list[str]) -> None:
    """Raise BadRequest for what is no address at all („https://[::1]@…"): allauth takes it apart unasked."""
    for value in values:
        try:
            urlsplit(value)
        except ValueError:
            raise BadRequest("no address") from None


class Outages:
    """A German 503 while the database is away, stayed locked in a request that nobody repeats, or a disk is full.

    Without Redis nobody counts attempts, so logins wait as well (architecture.md). What a guest typed is kept:
    pressing again does no harm, whatever became of it. Forms with a session may hold a password and are not.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _outage(request, exception)


class Sessions(SessionMiddleware):
    """A session is saved after the view, where `Outages` sees no exception any more: the same 503.

    Django takes whatever goes wrong there for a session that somebody ended meanwhile, and answers 400.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except (SessionInterrupted, *AWAY) as error:
            cause: BaseException | None = error
            while cause and not isinstance(cause, AWAY):
                cause = cause.__context__
            answer = _outage(request, cause) if cause else None
            if answer is None:
                raise
            return answer


def _outage(request: HttpRequest, exception: BaseException) -> HttpResponse | None:
    """The page, unless the exception is a bug of ours."""
    full = isinstance(exception, OSError) and exception.errno in FULL
    away = isinstance(exception, AWAY) and not str(exception).startswith("no such")  # SQLite: a bug of ours
    if not (full or away):
        return None
    log.error("%s", type(exception).__name__, exc_info=exception)
    keeps_form = request.method == "POST" and not request.path.startswith(WITH_SESSION)
    return errors.unavailable(request, retry_after=AWAY_FOR, keeps_form=keeps_form)
