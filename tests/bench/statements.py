"""How many SQL statements a page or a registration takes. BEGIN, COMMIT and savepoints are no questions."""

import re
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal import delivery, links, traps
from portal.models import Booking
from portal.standing import signups_of

NO_QUESTION = re.compile(r"BEGIN|COMMIT|SAVEPOINT|RELEASE")


def statements(action):
    """The SQL of what this does."""
    with CaptureQueriesContext(connection) as captured:
        action()
    return [query["sql"] for query in captured if not NO_QUESTION.match(query["sql"])]


def registration(path, email, client=None):
    """Statements of each step from the page of an action to the second mail: four requests, two deliveries."""
    host = "testserver" if client else "localhost"
    client = client or Client(SERVER_NAME=host, REMOTE_ADDR="127.0.9.9")
    origin = {"origin": f"http://{host}"}
    page = {}

    def look():
        page["html"] = client.get(path).content.decode()

    def send():
        (slot,) = re.findall(r'name="slots" value="(\d+)"', page["html"])
        issued = traps.issue(timezone.now() - timedelta(minutes=1))
        form = {"issued": issued, "betreff": "", "slots": [slot], "name": "Kim Muster", "email": email}
        form |= {"seats": "1", "phone": "", "age": "on"}
        page["sent"] = client.post(path, form, headers=origin)

    counts = [len(statements(step)) for step in (look, send, delivery.deliver)]
    booking = Booking.objects.get(email=email)
    link = f"/anmeldung/bestaetigen/{links.make(links.CONFIRM, booking)}/"
    tick = {"signups": signups_of(booking)[0].label}

    def click():
        page["confirmed"] = client.post(link, tick, headers=origin)

    counts += [len(statements(step)) for step in (lambda: client.get(link), click, delivery.deliver)]
    assert (page["sent"].status_code, page["confirmed"].status_code) == (303, 303)
    return counts
