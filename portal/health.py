"""Two answers for machines: is the process alive, and may it be sent visitors.

Ready means that the database answers and has all migrations. Redis being down is said in words but
fails nothing: correctness never depends on it. A backlog of mails is no reason to send visitors away.
"""

from concurrent.futures import Future, ThreadPoolExecutor

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import deadlines

PATIENCE = 3.0  # seconds; who probes gives up after five
_asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readyz")
_question: Future[bool] | None = None
_migrated = False  # never becomes untrue again while this code runs


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; asks nobody else."""
    return _plain(_("Der Prozess antwortet."))


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when visitors can be served, 503 with the reason when not."""
    try:
        missing = _answers(seconds=PATIENCE) and unapplied_migrations()
    except (DatabaseError, TimeoutError):
        return _plain(_("Nicht bereit: Die Datenbank ist nicht erreichbar."), status=503)
    if missing:
        return _plain(_("Nicht bereit: In der Datenbank fehlen Migrationen."), status=503)
    return _plain(_("Bereit: Die Datenbank antwortet, alle Migrationen sind angewendet."), redis_state()[0])


def _answers(*, seconds: float) -> bool:
    """True when the database answered; raises TimeoutError when it has not in time, DatabaseError when it refused.

    One question at a time: a database that hangs must not hold a thread and a connection for each probe.
    """
    global _question
    if _question is None or _question.done():
        _question = _asker.submit(_ask)
    return _question.result(seconds)


def _ask() -> bool:
    try:
        with deadlines.within(deadlines.ANSWER), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
    return True


def unapplied_migrations() -> bool:
    """Whether the database lacks a migration of this code. Raises DatabaseError when it does not answer."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return not _migrated


def redis_state() -> tuple[str, bool]:
    """One sentence about Redis, and whether it is as it should be; after a second at most."""
    if not settings.REDIS_URL:
        return _("Ohne Redis: Aufgaben laufen in diesem Prozess."), True
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except redis.RedisError:
        return _("Redis antwortet nicht: Mails gehen bis zu einer Minute später hinaus."), False
    return _("Redis antwortet."), True


def _plain(*sentences: str, status: int = 200) -> HttpResponse:
    return HttpResponse("\n".join(sentences) + "\n", content_type="text/plain; charset=utf-8", status=status)
