"""Writes what the browser tests measured into the declaration of accessibility (portal/accessibility.py).

    PROOFS_DIR=var/proofs ./run test -m browser tests/browser/test_access.py
    .venv/bin/python -m tests.browser.declare var/proofs

Nothing else writes `portal/data/accessibility.json`; `test_declaration.py` fails when the portal has other
addresses or states than those that were looked at.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from portal import accessibility  # noqa: E402  # needs Django
from tests.browser import looking, visits  # noqa: E402
from tests.browser.conftest import CHROMIUM, SCRIPTS  # noqa: E402
from tests.browser.test_access import GROUPS  # noqa: E402


def tools() -> dict[str, str]:
    """Name → version of what looked."""
    axe = re.search(r"axe v([\d.]+)", SCRIPTS[0].read_text()[:100])[1]
    vnu = json.loads((looking.VNU / "package.json").read_text())["dependencies"]["vnu-jar"]
    name = "Chromium (headless shell)" if CHROMIUM.endswith("-shell") else "Chromium"
    said = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=True).stdout
    return {"axe-core": axe, "Nu HTML Checker": vnu, name: re.search(r"\d+", said)[0]}


def declare(folder: Path, today: date) -> dict:
    """The declaration's numbers from the files of one run, which must be complete."""
    runs = [json.loads((folder / "access" / f"{group}.json").read_text()) for group in GROUPS]
    looked, wrong = Counter(), Counter()
    for run in runs:
        for name, (tried, found) in run["checks"].items():
            looked[name] += tried
            wrong[name] += found
    return {
        "day": today.isoformat(),
        **visits.summary(),
        "views": sum(run["views"] for run in runs),
        "tools": tools(),
        "checks": [
            {"name": name, "expected": expected, "looked": looked[name], "wrong": wrong[name]}
            for name, expected in looking.CHECKS.items()
        ],
    }


if __name__ == "__main__":
    numbers = declare(Path(sys.argv[1]), date.today())  # noqa: DTZ011  # the day where the test ran
    accessibility.path().write_text(json.dumps(numbers, ensure_ascii=False, indent=1) + "\n")
