"""The collection with 200,000 initiatives beside 100: statements and time of each page, asked in one process.

Only on PostgreSQL: a laptop holds no such collection. What a shared cache would answer is asked anew each time; what
the process remembers for a while (`facets.py`) it may.
"""

import json
import statistics

from tests.bench.table import Row
from tests.conftest import POSTGRES

FEW, MANY, RUNS = 100, 200_000, 15
PAGES = {
    "Liste": "/initiativen/",
    "Suche mit zwei Wörtern": "/initiativen/?suche=bürgerbus+lich",
    "Suche, die sehr viel findet": "/initiativen/?suche=repair+café",
    "Tippfehler": "/initiativen/?suche=Nachbarschaftshlfe",
    "Filter": "/initiativen/?thema=umwelt&kreis=landkreis-giessen",
    "Umkreis": "/initiativen/?ort=35423&umkreis=15",
    "Ortsseite": "/orte/lich/",
    "Feed eines Landkreises": "/feeds/orte/landkreis-giessen.atom",
    "Feed eines Themas": "/feeds/themen/umwelt.atom",
    "API": "/api/v1/initiatives/?thema=umwelt",
    "Karte": "/initiativen/karte/",
    "Initiative": "/initiativen/dorfladen-eberstadt-lich/",
    "Idee": "/ideen/dorfladen-und-treffpunkt/",
    "Startseite": "/",
}
STEP = 10_000  # as many as are made well within the time that a command of a test has
GENERATE = """
from django.core.management import call_command
from initiatives.generated import MARK
from initiatives.models import Initiative
real = Initiative.objects.exclude(slug__startswith=MARK).count()
call_command("generate_initiatives", {rows} - real, messen=True, daneben=True)
"""
TIDY = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SET statement_timeout = 0")
    cursor.execute("VACUUM ANALYZE")  # as a database does by itself that did not get all its rows a minute ago
"""
ASK = """
import json, time
from django.test import Client
from tests.bench.statements import statements
client, found = Client(headers={{"accept-encoding": "br"}}, SERVER_NAME="localhost"), {{}}
def ask(path):
    began = time.perf_counter()
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return (time.perf_counter() - began) * 1000
for name, path in {pages!r}.items():
    cold = {{"ms": ask(path)}}
    n = len(statements(lambda: ask(path)))
    found[name] = [n, [ask(path) for _ in range({runs})], cold["ms"]]
print(json.dumps(found))
"""


def measure(site, _addresses):
    """Yields a row for each page: how many times longer it takes with many."""
    if not POSTGRES:
        return
    results = []
    for rows in (FEW, MANY):
        for step in [*range(STEP, rows, STEP), rows]:
            site.python(GENERATE.format(rows=step))
        site.python(TIDY)
        results.append(json.loads(site.python(ASK.format(pages=PAGES, runs=RUNS))))
    few, many = results
    for name in PAGES:
        usual = statistics.median(few[name][1])
        now = statistics.median(many[name][1])
        note = f"{few[name][0]} und {many[name][0]} Anweisungen, {usual:.0f} und {now:.0f} ms, beim ersten Mal {many[name][2]:.0f} ms"
        yield Row(f"{name}: {MANY} gegen {FEW}", [ms / usual for ms in many[name][1]], 3, "×", note=note)
