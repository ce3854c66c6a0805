"""The logs hold no token, no address, nobody's name; each line says which request or task it is part of."""

import http.client
import json
import logging
import re
from collections import Counter
from urllib.parse import quote

import pytest
from django.db import IntegrityError, transaction

from portal import links
from portal.logs import Anonymous, Json, anonymous, mask, request_id
from portal.models import Booking
from tests import make
from tests.servers import wait_until


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("GET /anmeldung/meine/12-0.Zm9v_bar-1/ 200", "GET /anmeldung/meine/…/ 200"),
        ("/anmeldung/kalender/12-0.abc/termine.ics", "/anmeldung/kalender/…/termine.ics"),
        ("/konto/password/reset/key/3-abc123/", "/konto/password/reset/key/…/"),
        (
            "/anmeldung/meine/ kommt mein Vorleser nicht zum Knopf, mit NVDA 2026/2 und Firefox",
            "/anmeldung/meine/ kommt mein Vorleser nicht zum Knopf, mit NVDA 2026/2 und Firefox",
        ),
        ("Auf /anmeldung/meine/12-0.abc/ geht es/nicht", "Auf /anmeldung/meine/…/ geht es/nicht"),
        ("GET /anmeldung/meine/12-0.Zm9v_bar-1 404", "GET /anmeldung/meine/… 404"),
        ("token 12-0.abcdefghijklmnopqrstuvwxyz0123456789 unknown", "token … unknown"),
        ("MQ:1abCde:k8F_hJ2lqQ7vT0s3mP5xYzAbCdEfGhIjKlMnOpQrStU", "…"),
        (
            "GET /mitmachen/bachputz-lich-2026/?ort=35423 200",
            "GET /mitmachen/bachputz-lich-2026/?ort=35423 200",
        ),
        ("2026-11-22 10:00:00 portal.delivery 3 mails", "2026-11-22 10:00:00 portal.delivery 3 mails"),
    ],
)
def test_only_the_secret_part_is_masked(written, masked):
    assert mask(written) == masked


@pytest.mark.django_db
def test_a_real_token_is_masked_in_message_and_traceback(capsys, proof):
    token = links.make(links.MANAGE, make.booking())
    handler = logging.StreamHandler()
    handler.addFilter(Anonymous())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError(f"no such page: /anmeldung/meine/{token}/")
    except ValueError:
        logger.warning("refused %s", f"/anmeldung/bestaetigen/{token}/", exc_info=True)
    said = capsys.readouterr().err
    proof(
        "attacks", "Links im Protokoll", tried="Link in Meldung und Fehlerbericht", expected="maskiert",
        seen="maskiert" if token not in said else "lesbar",
    )  # fmt: skip
    assert token not in said
    assert said.splitlines()[0] == "refused /anmeldung/bestaetigen/…/"
    assert said.splitlines()[-1] == "ValueError: no such page: /anmeldung/meine/…/"


# --- people -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("550 <kim.muster+x@example.org> unknown", "550 <…> unknown"),
        ("to=kim@xn--mller-kva.de, later", "to=…, later"),
        ("GET /x/kim%40example.org/ 404", "GET /x/…/ 404"),
        ("redis://portal:geheim@redis:6379/0 refused", "redis://portal:…:6379/0 refused"),
        ("DETAIL:  Key (slot_id, email_key)=(5, kim) exists.\nnext", "DETAIL:  …\nnext"),
        ("DETAIL:  Failing row contains (5, Kim\nMuster (x), null).\nnext", "DETAIL:  …\nnext"),
        ("@transaction.atomic", "@transaction.atomic"),
    ],
)
def test_addresses_and_values_of_rows_are_masked(written, left):
    assert anonymous(written) == left


@pytest.fixture
def written():
    """A logger that writes as the server does, and a function that returns its lines, parsed."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(handler.format(record))
    handler.addFilter(Anonymous())
    handler.setFormatter(Json())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, lambda: [json.loads(line) for line in lines]


@pytest.mark.django_db
def test_what_the_database_says_of_a_refused_row_names_nobody(written):
    logger, lines = written
    booking = make.booking("kanarienvogel@example.org", name="Karoline Kanarienvogel", phone="0171 555123")
    try:
        with transaction.atomic():
            Booking.objects.filter(pk=booking.pk).update(erased_at=make.NOW)
    except IntegrityError:
        logger.exception("refused")
    (line,) = lines()
    assert "erased_booking_holds_no_person" in line["exception"]
    assert [word for word in ("anarienvogel", "0171") if word in json.dumps(line)] == []


def test_a_line_is_one_object_with_the_number_of_its_request(written):
    logger, lines = written
    number = request_id.set("0123456789abcdef")
    logger.warning("mail to %s\nlater", "kim@example.org", extra={"facts": {"ms": 5}})
    request_id.reset(number)
    logger.info("outside")
    first, second = lines()
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first.pop("time"))
    assert first == {
        "level": "WARNING",
        "logger": "test",
        "message": "mail to …\nlater",
        "request_id": "0123456789abcdef",
        "ms": 5,
    }
    assert set(second) == {"time", "level", "logger", "message"}


# --- requests -----------------------------------------------------------------------------------------
GIVEN = "0123456789-abcdefABCDEF"


@pytest.mark.parametrize(
    ("proxies", "header", "taken"),
    [
        (1, GIVEN, True),
        (0, GIVEN, False),
        (1, "kurz", False),
        (1, "x" * 65, False),
        (1, "0123456789abcdef\tx", False),
    ],
)
def test_only_a_proxy_gives_a_request_its_number(client, settings, proxies, header, taken):
    settings.TRUSTED_PROXIES = proxies
    answer = client.get("/healthz", headers={"X-Request-ID": header})
    assert (answer["X-Request-ID"] == header) is taken
    assert taken or re.fullmatch("[0-9a-f]{32}", answer["X-Request-ID"])
    assert request_id.get() == ""


@pytest.mark.django_db
def test_copies_for_everybody_carry_no_number_and_stay_the_same(client):
    first, second = client.get("/orte/"), client.get("/orte/")
    assert "public" in first["Cache-Control"]
    assert [answer.has_header("X-Request-ID") for answer in (first, second)] == [False, False]
    assert (first["ETag"], first.content) == (second["ETag"], second.content)
    again = client.get("/orte/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.has_header("X-Request-ID")) == (304, False)


@pytest.mark.logs_errors
def test_page_of_a_bug_shows_the_number_that_the_log_has(client, settings, caplog):
    """Without the mark django_db each query is a bug."""
    client.raise_request_exception = False
    numbers = []
    caplog.handler.addFilter(lambda record: numbers.append(request_id.get()) or True)
    answer = client.get("/orte/")
    assert (answer.status_code, set(numbers)) == (500, {answer["X-Request-ID"]})
    assert f"Nummer dieses Fehlers: {answer['X-Request-ID']}</p>" in answer.content.decode()


@pytest.mark.django_db
def test_a_request_is_one_line_without_query_token_and_who_asked(client, settings, caplog):
    settings.LOG_REQUESTS = True
    caplog.set_level(logging.INFO)
    token = links.make(links.MANAGE, make.booking())
    client.get(f"/anmeldung/meine/{token}/?ort=35423", headers={"User-Agent": "Firefox", "Referer": "/x"})
    client.get("/healthz")
    found = [record for record in caplog.records if record.name == "portal.requests"]
    assert [re.sub(r"\d+ ms", "n ms", record.getMessage()) for record in found] == [
        "GET /anmeldung/meine/…/ 200 n ms"
    ]
    assert {name: found[0].facts[name] for name in ("method", "path", "status")} == {
        "method": "GET",
        "path": "/anmeldung/meine/…/",
        "status": 200,
    }


@pytest.mark.django_db
def test_words_in_place_of_a_key_stand_in_no_line(client, settings, written):
    settings.LOG_REQUESTS = True
    logger, lines = written
    watched = [logging.getLogger(name) for name in ("portal.requests", "django.request")]
    before = [each.level for each in watched]
    for each in watched:
        each.addHandler(logger.handlers[0])
        each.setLevel(logging.INFO)
    for words in ("Kim Muster", "Kim\nMuster", "Käthe Öl", 'Kim "Muster', "<Kim>"):
        client.get(f"/anmeldung/meine/{quote(words)}/x")
    for each, level in zip(watched, before, strict=True):
        each.removeHandler(logger.handlers[0])
        each.setLevel(level)
    assert Counter(re.sub(r"\d+ ms", "n ms", line["message"]) for line in lines()) == {
        "Not Found: /anmeldung/meine/…/x": 5,
        "GET /anmeldung/meine/…/x 404 n ms": 5,
    }


def test_a_laptop_writes_no_line_per_request(client, settings, caplog):
    settings.LOG_REQUESTS = False
    caplog.set_level(logging.INFO)
    client.get("/robots.txt")
    assert [record for record in caplog.records if record.name == "portal.requests"] == []


@pytest.mark.postgres
@pytest.mark.slow
def test_server_worker_and_clock_write_json_and_nobody_s_address(start_portal):
    portal = start_portal(EMAIL_URL="smtp://127.0.0.1:9", TRUSTED_PROXIES="1")
    path, body = portal.python(FORM).split()
    connection = http.client.HTTPConnection("localhost", int(portal.settings["PORT"]), timeout=20)
    headers = {
        "Origin": portal.url,
        "X-Request-ID": GIVEN,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    assert answer.status == 303, answer.read().decode()
    refused = wait_until(lambda: [x for x in lines(portal.worker) if x["logger"] == "portal.delivery"])[0]
    assert (refused["message"], refused["request_id"], refused["task"]) == (
        "mail server not reached (ConnectionRefusedError)",
        GIVEN,
        "portal.tasks.deliver_due",
    )
    (request,) = [line for line in lines(portal) if line.get("method") == "POST"]
    assert (request["path"], request["status"], request["request_id"]) == (path, 303, GIVEN)
    for server in (portal, portal.worker, portal.beat):
        assert [word for word in ("anarienvogel", "Karoline") if word in server.log()] == []


FORM = """
from datetime import timedelta
from urllib.parse import urlencode
from django.utils import timezone
from portal import traps
from tests import make
slot = make.shift(starts=timezone.now() + timedelta(days=9))
form = {"issued": traps.issue(timezone.now() - timedelta(minutes=1)), "betreff": "", "slots": slot.pk, "seats": 1,
        "name": "Karoline", "email": "kanarienvogel@example.org", "phone": "", "age": "on"}
print(slot.opportunity.get_absolute_url(), urlencode(form))
"""


def lines(server):
    """The lines of a log that are no greeting of the program itself."""
    return [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
