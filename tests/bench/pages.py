"""Server CPU of lists and details beside the bare view, asked in turn in the same minute."""

import http.client
import json
from urllib.parse import urlsplit

from tests.bench import processes
from tests.bench.sites import Bare
from tests.bench.table import Row

RUNS, REQUESTS = 5, 80
BROWSER = {"Accept-Encoding": "gzip, deflate, br", "Accept": "text/html"}

# Help wanted in 30 towns, and one seminar: the first data has neither.
ENTER = """
import json
from datetime import timedelta
from django.utils import timezone
from initiatives.models import Initiative
from portal.models import Municipality
from tests import make
now = timezone.now()
for number, town in enumerate(Municipality.objects.filter(level=Municipality.Level.TOWN).order_by("pk")[:30]):
    action = make.opportunity(municipality=town, title=f"Bachputz {number}")
    make.shift(starts=now + timedelta(days=4 + number), capacity=200 + number, opportunity=action)
session = make.session(starts=now + timedelta(days=20), capacity=None)
print(json.dumps({"action": action.get_absolute_url(), "session": session.get_absolute_url(),
    "initiative": Initiative.objects.public().ranked().first().get_absolute_url()}))
"""


def enter(site):
    """Rows for all pages; the addresses of one page of each kind."""
    return json.loads(site.python(ENTER))


def answer(url, path, times=1):
    """The last body and its encoding, as a browser gets them over a connection that it keeps."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    for _ in range(times):
        connection.request("GET", path, headers=BROWSER)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, f"{url}{path}: {response.status}"
    connection.close()
    return body, response.headers["Content-Encoding"]


def cpu_ms(pids, url, path):
    """Milliseconds of CPU per request that these processes took."""
    before = processes.cpu(pids)
    answer(url, path, REQUESTS)
    return (processes.cpu(pids) - before) / REQUESTS * 1000


def measure(site, addresses):
    """Yields rows: the bare view in milliseconds, pages as multiples of it."""
    pages = {
        "Liste /initiativen/": ("/initiativen/", 2),
        "Liste /mitmachen/": ("/mitmachen/", 2),
        "Liste /seminare/": ("/seminare/", 2),
        "Startseite /": ("/", 2),
        "Detail /initiativen/…/": (addresses["initiative"], 1.5),
        "Detail /mitmachen/…/ mit Formular": (addresses["action"], 1.5),
        "Detail /seminare/…/ mit Formular": (addresses["session"], 1.5),
    }
    with Bare(site.web.folder / "bare", site.web.settings) as bare:
        ours, theirs = processes.family(site.web.process.pid), processes.family(bare.process.pid)
        bare_runs, runs, cached = [], {name: [] for name in pages}, []
        for path, _budget in pages.values():
            answer(site.web_url, path, 20)
        answer(bare.url, "/", 20)
        for _ in range(RUNS):
            bare_runs.append(cpu_ms(theirs, bare.url, "/"))
            for name, (path, _budget) in pages.items():
                runs[name].append(cpu_ms(ours, site.web_url, path) / bare_runs[-1])
            if site.nginx:
                cached.append(_from_cache(site, "/initiativen/") / bare_runs[-1])
    yield Row("Nackte View: 1 Abfrage, 24 Karten, keine Middleware", bare_runs, None, "ms CPU", digits=2)
    for name, (_path, budget) in pages.items():
        yield Row(f"{name}: CPU gegen die nackte View", runs[name], budget, "×", digits=2)
    if cached:
        yield Row("Liste aus dem gemeinsamen Cache (nginx): CPU", cached, 0.1, "×", digits=3)


def _from_cache(site, path):
    """CPU of nginx and of the portal for a page that is stored, per request in milliseconds."""
    answer(site.url, path)
    nginx = processes.family(site.nginx.process.pid)
    before = processes.cpu(nginx) + site.cpu()
    times = 20 * REQUESTS
    answer(site.url, path, times)
    return (processes.cpu(nginx) + site.cpu() - before) / times * 1000
