"""A rolling restart of web and worker while people read, sign up and confirm: nobody notices.

nginx before two web processes, two workers, one beat, as docker-compose.yml says; 20 requests a second.
Each process is stopped by SIGTERM, as `docker stop` does, and started again, one after the other.
"""

import itertools
import json
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.guest import link_in
from tests.mailserver import MailServer
from tests.servers import wait_until
from tests.stack import Browser, running

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
TICK = 0.2  # seconds; in each: two pages, one sign-up, and the confirmation of an earlier one (two requests)
ACTIONS = """
from datetime import timedelta
from django.utils import timezone
from portal.models import Municipality
from tests import make
lich, organisation, topic = Municipality.objects.get(postal_code="35423"), make.organisation(), make.topic()
for number in range(5):
    action = make.opportunity(municipality=lich, organisation=organisation, topic=topic)
    make.shift(starts=timezone.now() + timedelta(days=9), capacity=500, opportunity=action)
    print(action.slug)
"""
LEFT = "from portal.models import Mail; print(Mail.objects.filter(sent_at=None).count())"
SENT = """
import json
from portal.models import Booking, Mail
from volunteers.models import ShiftSignup
print(json.dumps({
    "mails": list(Mail.objects.filter(to__startswith="gast").values_list("to", "kind", "attempts").order_by("to", "kind")),
    "seats": sorted(ShiftSignup.objects.filter(status="confirmed").values_list("booking__email", flat=True)),
}))
"""


class Load:
    """Asks until it is told to stop, and writes down what came of each request."""

    def __init__(self, stack, slugs):
        self.stack = stack
        self.outcomes, self.slowest, self.signed_up, self.confirmed = Counter(), 0.0, [], []
        paths = [f"/mitmachen/{slug}/" for slug in slugs]
        self._forms = [(path, Browser(stack.url).ask("GET", path)[2]) for path in paths]
        self._numbers, self._ending = itertools.count(1), threading.Event()
        self._threads = [threading.Thread(target=self._tick), threading.Thread(target=self._confirm_all)]
        self._pool = ThreadPoolExecutor(40)
        self.give_up = float("inf")  # when to wait no longer for mails that did not come

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()

    def _tick(self):
        due = time.monotonic()
        while not self._ending.is_set():
            number = next(self._numbers)
            for path in (f"/mitmachen/?seite={number}", f"/initiativen/?seite={number}"):
                self._pool.submit(self._count, "page", 200, Browser(self.stack.url), "GET", path)
            self._pool.submit(self._sign_up, number)
            due += TICK
            time.sleep(max(0, due - time.monotonic()))

    def _sign_up(self, number):
        email, guest = f"gast{number}@example.org", self._somebody(number)
        typed = {"name": "Gast", "email": email, "age": "on"}
        form = self._forms[number % len(self._forms)]
        if self._count("sign-up", 303, guest, "press", *form, "Ich helfe mit", **typed):
            self.signed_up.append(email)

    def _confirm_all(self):
        """Everybody whose mail has come opens its link and presses the button."""
        seen = 0
        while not self._ending.is_set() or len(self.confirmed) < len(self.signed_up):
            for mail in self.stack.mail.messages[seen:]:
                seen += 1
                if mail["Subject"].startswith("Noch ein Klick"):
                    self._pool.submit(self._confirm, mail)
            time.sleep(0.05)
            if self._ending.is_set() and time.monotonic() > self.give_up:
                return

    def _confirm(self, mail):
        link = urlsplit(link_in(mail.get_body(("plain",)).get_content(), "bestaetigen")).path
        guest = self._somebody(len(self.confirmed))
        page = self._count("confirm page", 200, guest, "GET", link)
        if page and self._count("confirm", 303, guest, "press", link, page[2], "Platz sichern"):
            self.confirmed.append(mail["To"])

    def _somebody(self, number):
        return Browser(self.stack.url, f"127.1.{number // 250}.{number % 250 + 1}")

    def _count(self, what, expected, guest, method, *arguments, **typed):
        began = time.monotonic()
        try:
            send = guest.press if method == "press" else lambda path: guest.ask(method, path)
            answer = send(*arguments, **typed)
            outcome = "ok" if answer[0] == expected else (answer[0], answer[1]["Retry-After"])
        except Exception as error:  # whatever it is, it is no answer
            outcome = repr(error)[:200]
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.outcomes[what, outcome] += 1
        return answer if outcome == "ok" else None


def test_rolling_restart_fails_no_request_and_loses_and_doubles_no_mail(prepared, capsys):
    with MailServer() as mail, running(prepared, mail) as stack:
        load, steps = Load(stack, stack.python(ACTIONS).split()), []
        time.sleep(2.5)  # the forms are older than the time trap
        began = time.monotonic()
        with load:
            time.sleep(2)
            for server in (stack.webs[0], stack.workers[0], stack.webs[1], stack.workers[1]):
                stopping = time.monotonic()
                assert server.stop(seconds=30) == 0
                stopped = time.monotonic()
                server.start()
                steps.append(f"{server.name} {stopped - stopping:.1f} + {time.monotonic() - stopped:.1f} s")
                time.sleep(1)
            time.sleep(max(0, began + 20 - time.monotonic()))
            seconds = time.monotonic() - began
            load.give_up = (
                time.monotonic() + 90
            )  # a nudge that was lost is made good by the sweep of a minute
        requests = load.outcomes.total()
        wait_until(lambda: stack.python(LEFT).strip() == "0", seconds=90, what="every mail has left")
        found = json.loads(stack.python(SENT))
        errors = stack.errors()

    with capsys.disabled():
        sys.stdout.write(
            f"\nrolling restart: {requests} requests in {seconds:.0f} s, the slowest {load.slowest:.1f} s; "
            f"{len(load.confirmed)} sign-ups confirmed, {len(mail.messages)} mails; "
            f"stopped and started: {', '.join(steps)}\n"
        )
    assert {outcome for _what, outcome in load.outcomes} == {"ok"}, load.outcomes
    assert requests / seconds > 15
    guests = sorted(load.signed_up)
    assert (set(found["seats"]) ^ set(guests), set(load.confirmed) ^ set(guests)) == (set(), set())
    assert sorted(load.confirmed) == found["seats"] == guests
    assert len(guests) > 80
    taken = Counter((message["To"], message["Subject"].split(":")[0]) for message in mail.messages)
    for sent in [
        sent for sent in taken if sent[1].endswith("neue Anmeldungen")
    ]:  # at 17 o'clock, to contacts
        del taken[sent]
    assert taken == {(guest, kind): 1 for guest in guests for kind in ("Noch ein Klick", "Platz sicher")}
    assert {attempts for _to, _kind, attempts in found["mails"]} == {1}
    assert errors == []
