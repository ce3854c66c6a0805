"""Takes the pictures of the handbook from a demonstration that it starts: `python -m tests.handbook`.

They show what a clerk sees today; after a page changed, run it again. The demonstration lies in a folder of its
own and goes with it.
"""

import base64
import json
import os
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import django
from playwright.sync_api import sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from portal.handbook import HEIGHT, WIDTH  # noqa: E402  # needs Django
from tests import servers, source  # noqa: E402
from tests.browser.conftest import FLAGS  # noqa: E402

CHROMIUM = "/usr/bin/chromium"  # with its window and its German (chromium-l10n), as a clerk has it
PICTURES = source.ROOT / "static" / "handbuch"
QUALITY = 72
# What a town of the demonstration has anyway, and two things that happen in every office: a mail that came back
# and a date that is over. Prints the keys of the rows that the pictures are of, and a session of the clerk.
ROWS = """
import json
from datetime import time, timedelta
from django.utils import timezone
from initiatives.models import Initiative
from portal import dates
from portal.models import Mail, User
from tests.staffroom import proven
from volunteers.models import Shift
clerk = User.objects.get(email="redaktion@beispiel.example")
town = clerk.roles[0].organisation
now = timezone.now()
nine = dates.at(timezone.localdate() - timedelta(days=1), time(9))
shifts = list(Shift.objects.filter(opportunity__organisation=town, starts__gt=now).order_by("starts"))
over = shifts.pop(1)
length = over.ends - over.starts
Shift.objects.filter(pk=over.pk).update(starts=nine, ends=nine + length)
for number, (to, subject, error) in enumerate([
    ("m.beispiel@post.example", "Platz sicher: Bachputz", ""),
    ("k.muster@post.example", "Platz sicher: Bachputz", "552 5.2.2 Mailbox full"),
]):
    sent = {"failed_at": now, "last_error": error} if error else {"sent_at": now}
    Mail.objects.create(key=f"handbook-{number}", kind="confirmed", organisation=town, to=to, subject=subject,
                        text="Guten Tag", queued_at=now, next_try_at=now, booking=shifts[0].signups.first().booking, **sent)
plan = Initiative.objects.filter(organisation=town).first()
action = shifts[0].opportunity
action._history_user = clerk
action.summary += " Kinder sind willkommen."
action.save()
collected = Initiative.objects.public().filter(origin="collected", municipality__organisation=town).first()
print(json.dumps({"shift": shifts[0].pk, "over": over.pk, "action": action.pk, "plan": plan.pk,
                  "collected": collected.get_absolute_url(), "session": proven(clerk, fresh_for=3600).session.session_key}))
"""


def preview_of_a_move(page):
    """The form of „Zeit verschieben“ filled in, one step further; nothing is moved."""
    for name in ("starts", "ends"):
        field = page.locator(f"[name={name}]")
        later = datetime.fromisoformat(field.input_value()) + timedelta(hours=1)
        field.fill(later.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Ansehen, was passiert").click()
    page.wait_for_load_state()


def show(selector):
    """Scrolls until this stands at the top."""

    def scroll(page):
        page.locator(selector).first.evaluate(
            "element => element.scrollIntoView({block: 'start', behavior: 'instant'})"
        )

    return scroll


def pictures(rows):
    """Name → address and what happens there before the picture is taken."""
    desk = f"/verwaltung/volunteers/shift/{rows['shift']}"
    over = f"/verwaltung/volunteers/shift/{rows['over']}"
    action = f"/verwaltung/volunteers/opportunity/{rows['action']}"
    return {
        "start": ("/verwaltung/", None),
        "hilfe-suchen": (
            "/verwaltung/volunteers/opportunity/hilfe-suchen/",
            show("#content h1"),
        ),
        "leute": (f"{desk}/change/", show("#content h1")),
        "jemand-ruft-an": (f"{desk}/anrufen/", show("#content h1")),
        "allen-schreiben": (f"{desk}/schreiben/", show("#content h1")),
        "verschieben": (f"{desk}/verschieben/", preview_of_a_move),
        "wer-war-da": (f"{over}/wer-war-da/", show("#content h1")),
        "initiative": (f"/verwaltung/initiatives/initiative/{rows['plan']}/change/", show("#content h1")),
        "fassungen": (f"{action}/fassungen/", show("#content h1")),
        "seite-uebernehmen": (rows["collected"], show(".source")),
        "mails": ("/verwaltung/portal/mail/", show("#content h1")),
        "mitteilungsblatt": (f"{action}/mitteilungsblatt/", show("#content h1")),
    }


def take(page, name):
    """The visible part of the page as a WebP picture in the size that all have."""
    shot = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot",
        {
            "format": "webp",
            "quality": QUALITY,
            "clip": {"x": 0, "y": page.evaluate("scrollY"), "width": WIDTH, "height": HEIGHT, "scale": 1},
        },
    )
    (PICTURES / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))


def walk(portal, rows):
    """All pictures, one after the other; the login first, before anybody is logged in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=FLAGS, env=os.environ | {"LANGUAGE": "de"}
        )
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, locale="de-DE", timezone_id="Europe/Berlin"
        )
        page = context.new_page()
        page.goto(f"{portal.url}/konto/login/")
        take(page, "anmelden")
        context.add_cookies([{"name": "sessionid", "value": rows["session"], "url": portal.url}])
        for name, (address, act) in pictures(rows).items():
            answer = page.goto(portal.url + address)
            assert answer.status == 200, f"{address}: {answer.status}"
            if act:
                act(page)
            take(page, name)
            sys.stdout.write(f"{name}.webp\n")
        browser.close()


def main():
    """A demonstration in a folder of its own, the pictures, and nothing left behind."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        portal = servers.Portal(Path(folder), {"DEMO": "1"})
        portal.start()
        try:
            walk(portal, json.loads(portal.python(ROWS).splitlines()[-1]))
        finally:
            portal.clean()


if __name__ == "__main__":
    main()
