"""The step of CI that asks for known vulnerabilities: a finding fails, silence is said (tests/audit.py)."""

import json
import sys

import pytest
from packaging.version import Version
from pip_audit._format import JsonFormat
from pip_audit._service.interface import ResolvedDependency, SkippedDependency, VulnerabilityResult

from tests import audit, source

FOUND = VulnerabilityResult(
    id="PYSEC-2026-1", description="x", fix_versions=[Version("2.1")], aliases={"CVE-2026-1"}
)
SOUND, WEAK = ResolvedDependency("sound", Version("1.0")), ResolvedDependency("weak", Version("2.0"))
UNKNOWN = SkippedDependency("unknown", "Dependency not found and could not be audited")
NOT_REACHED = "NOT AUDITED: the data of known vulnerabilities cannot be reached from here."


@pytest.mark.parametrize(
    ("result", "said", "code"),
    [
        ({SOUND: []}, "1 libraries audited, 0 known vulnerabilities", 0),
        (
            {SOUND: [], WEAK: [FOUND]},
            "2 libraries audited, 1 known vulnerabilities\nweak 2.0: PYSEC-2026-1, mended in 2.1",
            1,
        ),
        ({SOUND: [], UNKNOWN: []}, "1 libraries audited, 0 known vulnerabilities\nNOT AUDITED: unknown", 0),
        ({UNKNOWN: []}, NOT_REACHED, 0),
    ],
)
def test_a_finding_fails_and_what_was_not_looked_up_is_said(result, said, code):
    """Written by pip-audit itself: a new form of its report fails here."""
    report = json.loads(JsonFormat(output_desc=False, output_aliases=False).format(result, []))
    assert audit.verdict(report) == (said, code)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["import time; time.sleep(30)", "raise SystemExit('no route to host')"])
def test_without_an_answer_in_time_it_says_so(code):
    assert audit.verdict(audit.ask([sys.executable, "-c", code], seconds=0.5)) == (NOT_REACHED, 0)


def test_ci_asks_about_both_locks():
    assert "python -m tests.audit\n" in source.read(".ci/run")
    assert {word for word in audit.COMMAND if word.endswith(".lock")} == {"requirements.lock", "dev.lock"}
    assert audit.SECONDS <= 60
