"""What is known of weaknesses in our libraries (trust.md „part of CI where its data can be reached“).

`python -m tests.audit` asks pip-audit about both locks. A finding ends with 1; data that cannot be reached
are said in capitals and end with 0: a network is no defect of the portal.
"""

import json
import subprocess
import sys

LOCKS = ("requirements.lock", "dev.lock")
SECONDS = 60
COMMAND = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
COMMAND += ["--progress-spinner", "off", "--timeout", "10"]
COMMAND += [word for lock in LOCKS for word in ("--requirement", lock)]


def ask(command=COMMAND, *, seconds=SECONDS):
    """The report, or None when there is none within the time."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None


def verdict(report):
    """(what to print, exit code). Libraries that could not be looked up are counted, never passed over."""
    libraries = report["dependencies"] if report else []
    asked = [library for library in libraries if "skip_reason" not in library]
    if not asked:
        return "NOT AUDITED: the data of known vulnerabilities cannot be reached from here.", 0
    found = [
        f"{library['name']} {library['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'none'}"
        for library in asked
        for known in library["vulns"]
    ]
    said = [f"{len(asked)} libraries audited, {len(found)} known vulnerabilities", *found]
    if missed := sorted(library["name"] for library in libraries if "skip_reason" in library):
        said.append(f"NOT AUDITED: {', '.join(missed)}")
    return "\n".join(said), 1 if found else 0


if __name__ == "__main__":
    words, code = verdict(ask())
    sys.stdout.write(f"{words}\n")
    sys.exit(code)
