"""/healthz and /readyz: what makes them fail, and what must not."""

import os
import signal
import time
import urllib.error
import urllib.request
from datetime import timedelta

import psycopg
import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from portal import health, outbox
from portal.models import Mail
from tests import servers
from tests.servers import wait_until

READY = "Bereit: Die Datenbank antwortet, alle Migrationen sind angewendet.\n"


def get(portal, path):
    """Status and body, errors included."""
    try:
        with urllib.request.urlopen(portal.url + path, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_healthz_asks_nobody(client):
    response = client.get("/healthz")  # a test without the mark django_db may not use the database
    assert (response.status_code, response.content.decode()) == (200, "Der Prozess antwortet.\n")
    assert (response["Content-Type"], response.cookies.output()) == ("text/plain; charset=utf-8", "")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_200_with_a_backlog_of_mails(client):
    long_ago = timezone.now() - timedelta(days=2)
    letter = {"subject": "Platz sicher: Bachputz", "text": "…", "html": ""}
    for number in range(3):
        outbox.queue(
            key=f"late-{number}", kind="confirmed", to="kim@example.org", letter=letter, now=long_ago
        )
    assert Mail.objects.filter(sent_at=None).count() == 3
    response = client.get("/readyz")
    assert (response.status_code, response.content.decode().startswith(READY)) == (200, True)


@pytest.mark.django_db
@pytest.mark.logs_errors  # Django logs each 503
def test_readyz_is_503_without_the_last_migration(client, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    MigrationRecorder.Migration.objects.filter(app="volunteers").order_by("-id").first().delete()
    response = client.get("/readyz")
    assert (response.status_code, response.content.decode()) == (
        503,
        "Nicht bereit: In der Datenbank fehlen Migrationen.\n",
    )


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.logs_errors
def test_readyz_says_what_is_gone_and_comes_back_by_itself(tmp_path, start_portal):
    with servers.PostgreSQL() as database, servers.Redis() as cache:
        portal = start_portal(DATABASE_URL=database.url(), REDIS_URL=cache.url())
        assert get(portal, "/readyz") == (200, READY + "Redis antwortet.\n")
        cache.stop()
        assert get(portal, "/readyz") == (
            200,
            READY + "Redis antwortet nicht: Mails gehen bis zu einer Minute später hinaus.\n",
        )
        database.stop()
        assert get(portal, "/readyz") == (503, "Nicht bereit: Die Datenbank ist nicht erreichbar.\n")
        assert get(portal, "/healthz") == (200, "Der Prozess antwortet.\n")
        database.start()
        cache.start()
        wait_until(lambda: get(portal, "/readyz") == (200, READY + "Redis antwortet.\n"), what="ready again")


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.logs_errors
def test_readyz_answers_in_time_while_the_database_hangs(start_portal):
    portal = start_portal()
    assert get(portal, "/readyz")[0] == 200
    with psycopg.connect(portal.settings["DATABASE_URL"], autocommit=True) as own:
        name = own.info.dbname
        ours = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        backends = [pid for (pid,) in own.execute(ours, [name])]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        for _probe in range(3):
            start = time.monotonic()
            assert get(portal, "/readyz") == (503, "Nicht bereit: Die Datenbank ist nicht erreichbar.\n")
            assert time.monotonic() - start < 5
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: get(portal, "/readyz")[0] == 200, what="ready again")


@pytest.mark.slow
def test_options_of_the_database_s_address_hold(tmp_path):
    """`?sslmode=require` is not lost among our own options."""
    server = {
        "DATABASE_URL": "postgresql://portal@db/portal?sslmode=require", "REDIS_URL": "redis://redis:6379/0",
        "SECRET_KEY": "x" * 40, "EMAIL_URL": "smtp://mail:25", "MAIL_FROM": "portal@example.org", "DEMO": "0",
    }  # fmt: skip
    code = "from django.conf import settings; print(settings.DATABASES['default']['OPTIONS']['sslmode'])"
    assert servers.Django(tmp_path, server).python(code) == "require\n"
