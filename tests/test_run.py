"""The contract of `./run`, that others script against: how it starts, what it says, how it ends.

A clone of these tests has a `.venv` that only forwards to the Python running the tests, or one that
pretends to install; that the real lock installs is shown by `.ci/run` and by whoever types `./run`.
"""

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests import servers, source
from tests.servers import ROOT, free_port, wait_until

READY = (
    "Bereit: Die Datenbank antwortet, alle Migrationen sind angewendet.\n"
    "Ohne Redis: Aufgaben laufen in diesem Prozess.\n"
)
INSTALLING = "Bibliotheken werden installiert (einmalig, etwa eine Minute) …\n"
NOT_INSTALLED = (
    "Die Bibliotheken ließen sich nicht installieren (Grund oben). "
    "Ist das Netz erreichbar? Danach ./run noch einmal starten.\n"
)
NOT_WRITABLE = (
    "Der Ordner /proc/portal ist nicht beschreibbar. Einen anderen nennen: VAR_DIR=/pfad/zum/ordner ./run"
)
TOO_OLD = (
    "Gebraucht wird Python 3.11 oder neuer, gefunden wurde nur ein älteres. Bitte eingeben: "
    "sudo apt install python3 python3-venv (oder ein anderes nennen: PYTHON=/pfad/zu/python3 ./run)"
)
NO_VENV = "Python fehlt das Modul venv. Bitte eingeben: sudo apt install python3-venv"
NO_PYTHON = "Python 3.11 oder neuer fehlt. Bitte eingeben: sudo apt install python3 python3-venv"
pytestmark = [pytest.mark.sqlite, pytest.mark.slow]


def script(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


@pytest.fixture
def clone(tmp_path):
    """A copy of the repository in a path with a space; nothing is installed."""
    folder = tmp_path / "mein portal"
    for path in source.files():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    shutil.copytree(ROOT / "static/vendor", folder / "static/vendor", dirs_exist_ok=True)
    return folder


@pytest.fixture
def installed(clone):
    """The same after `./run` has installed the libraries."""
    script(clone / ".venv/bin/python", f'exec "{sys.executable}" "$@"')
    shutil.copy2(clone / "requirements.lock", clone / ".venv/installed-requirements.lock")
    return clone


@pytest.fixture
def var(prepared, tmp_path):
    """A folder with the first data, in a path with a space."""
    return shutil.copytree(prepared["VAR_DIR"], tmp_path / "var mit leer")


@pytest.fixture
def start(tmp_path):
    """A function that starts `./run` without a terminal; afterwards nothing of it is left."""
    started = []

    def begin(clone, *arguments, command=("./run",), **variables):
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with (tmp_path / f"log {len(started)}").open("wb") as log:
            process = subprocess.Popen(
                [*command, *arguments],
                cwd=clone,
                env=environment | {name: str(value) for name, value in variables.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # In the background of a script SIGINT is ignored, which no shell started there can undo.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        process.log = Path(log.name)
        started.append(process)
        return process

    yield begin
    for process in started:
        if still_there(process):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def run(clone, *arguments, start, **variables):
    """Exit code and everything it said."""
    process = start(clone, *arguments, **variables)
    return process.wait(60), process.log.read_text()


def still_there(process):
    """Whether anything that `process` started still runs (zombies of ours aside)."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, group = status.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(group) == process.pid and state != "Z":
            return True
    return False


def ready_line(process, port):
    line = f"Portal bereit: http://localhost:{port}"

    def said():
        assert process.poll() is None, process.log.read_text()
        return line in process.log.read_text().splitlines()

    wait_until(said, seconds=60, what=line)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_says_when_it_answers_and_ends_with_code_0(installed, var, start, end):
    port = free_port()
    portal = start(installed, PORT=port, VAR_DIR=var)
    ready_line(portal, port)
    with urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=5) as answer:
        assert (answer.status, answer.read().decode()) == (
            200,
            READY,
        )
    portal.send_signal(end)
    assert portal.wait(15) == 0
    assert portal.log.read_text() == f"Portal bereit: http://localhost:{port}\n"
    assert not still_there(portal)


def test_nothing_is_left_when_it_is_killed(installed, var, start):
    port = free_port()
    portal = start(installed, PORT=port, VAR_DIR=var)
    ready_line(portal, port)
    portal.kill()
    portal.wait(10)
    wait_until(lambda: not still_there(portal), seconds=10, what="the worker is gone, too")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_stopped_before_it_is_ready_ends_with_code_0(installed, var, start, end):
    portal = start(installed, PORT=free_port(), VAR_DIR=var)
    wait_until(lambda: "-mportal" in _command(portal.pid), what="the shell has become Python")
    wait_until(lambda: _handles(portal.pid, signal.SIGTERM), what="our first handlers stand")
    portal.send_signal(end)
    assert (portal.wait(15), portal.log.read_text()) == (0, "")
    assert not still_there(portal)


def _command(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", "")


def _handles(pid, signum):
    line = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:")
    )
    return int(line.split()[1], 16) >> (signum - 1) & 1


def test_serves_from_a_folder_that_may_not_be_written(installed, var, start):
    # Root without its capabilities is stopped by permissions like everybody else.
    mortal = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.getuid() == 0 else []
    everything = [installed, *sorted(installed.rglob("*"))]
    for path in everything:
        path.chmod(path.stat().st_mode & ~0o222)
    assert subprocess.run([*mortal, "touch", "new"], cwd=installed, stderr=subprocess.DEVNULL).returncode == 1
    port = free_port()
    portal = start(installed, command=[*mortal, "./run"], PORT=port, VAR_DIR=var, HOME="/nonexistent")
    ready_line(portal, port)
    portal.terminate()
    assert portal.wait(15) == 0
    assert [installed, *sorted(installed.rglob("*"))] == everything
    for path in everything:
        path.chmod(path.stat().st_mode | 0o200)


def test_two_first_starts_at_once_share_a_folder(installed, start, tmp_path):
    ports = [free_port(), free_port()]
    both = [start(installed, PORT=port, VAR_DIR=tmp_path / "neu") for port in ports]
    for portal, port in zip(both, ports, strict=True):
        ready_line(portal, port)
    for portal in both:
        portal.terminate()
    assert [portal.wait(15) for portal in both] == [0, 0]
    spoken = "".join(portal.log.read_text() for portal in both)
    assert spoken.count("Datenbank wird eingerichtet") == 1
    assert spoken.count("Zugänge der Vorführung") == 1


def test_used_port_is_one_sentence(installed, var, start):
    with servers.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run(installed, start=start, PORT=port, VAR_DIR=var) == (
            1,
            f"Port {port} ist schon belegt. Mit einem anderen starten: PORT={port + 1} ./run\n",
        )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"PORT": "achttausend"}, "PORT ist eine Zahl zwischen 1 und 65535, nicht „achttausend“."),
        ({"PORT": "65536"}, "PORT ist eine Zahl zwischen 1 und 65535, nicht „65536“."),
        ({"SECRET_KEY": "kurz"}, "Einstellung: SECRET_KEY ist zu kurz (mindestens 40 Zeichen)."),
        (
            {"DATABASE_URL": "mysql://db/x"},
            "Einstellung: DATABASE_URL beginnt mit keinem von: postgres://, postgresql://.",
        ),
        (
            {"DATABASE_URL": "sqlite:///x.db"},
            "Einstellung: DATABASE_URL beginnt mit keinem von: postgres://, postgresql://.",
        ),
        (
            {"LOG_LEVEL": "loud"},
            "Einstellung: LOG_LEVEL ist DEBUG, INFO, WARNING oder ERROR, nicht „loud“.",
        ),
        ({"WEB_THREADS": "viele"}, "Einstellung: WEB_THREADS braucht eine ganze Zahl, nicht „viele“."),
        (
            {"WEB_CONCURRENCY": "viele"},
            "Einstellung: WEB_CONCURRENCY braucht eine ganze Zahl, nicht „viele“.",
        ),
        ({"WEB_CONCURRENCY": "0"}, "Einstellung: WEB_CONCURRENCY braucht eine ganze Zahl ab 1, nicht „0“."),
        (
            {"DATABASE_POOL_SIZE": "0"},
            "Einstellung: DATABASE_POOL_SIZE braucht eine ganze Zahl ab 1, nicht „0“.",
        ),
        ({"TRUSTED_PROXIES": "-1"}, "Einstellung: TRUSTED_PROXIES braucht eine ganze Zahl ab 0, nicht „-1“."),
        ({"DEBUG": "bitte"}, "Einstellung: DEBUG braucht 1 oder 0 (ja oder nein), nicht „bitte“."),
        (
            {"SITE_URL": "http://localhost:99999"},
            "Einstellung: SITE_URL hat keinen gültigen Host oder Port (1 bis 65535).",
        ),
        (
            {"SECURITY_CONTACT": "quatsch"},
            "Einstellung: SECURITY_CONTACT ist eine E-Mail-Adresse oder https://…, nicht „quatsch“.",
        ),
        ({"MAIL_FROM": "quatsch"}, "Einstellung: MAIL_FROM braucht eine E-Mail-Adresse, nicht „quatsch“."),
        (
            {"EMAIL_URL": "smtp://"},
            "Einstellung: EMAIL_URL nennt keinen Host: smtp+tls://name:passwort@mail.example.de:587.",
        ),
        ({"VAR_DIR": "/proc/portal"}, NOT_WRITABLE),
    ],
)
def test_wrong_setting_is_one_sentence(installed, tmp_path, start, variables, sentence):
    given = {"PORT": free_port(), "VAR_DIR": tmp_path / "neu"} | variables
    assert run(installed, start=start, **given) == (1, sentence + "\n")


@pytest.mark.parametrize(
    "command",
    [["./run", "manage", "migrate"], [sys.executable, "-m", "celery", "-A", "portal.celery", "worker"]],
    ids=["manage", "celery"],
)
def test_wrong_setting_is_one_sentence_for_commands_too(installed, tmp_path, start, command):
    given = {"VAR_DIR": tmp_path / "neu", "SECRET_KEY": "kurz"}
    assert run(installed, start=start, command=command, **given) == (
        1,
        "Einstellung: SECRET_KEY ist zu kurz (mindestens 40 Zeichen).\n",
    )


def test_unknown_command_shows_the_commands(installed, start):
    code, said = run(installed, "lauf", start=start)
    assert (code, said.splitlines()[0]) == (2, "„lauf“ kennt ./run nicht.")
    assert [line.split()[:2] for line in said.splitlines()[1:]][:2] == [
        ["./run", "startet"],
        ["./run", "test"],
    ]


# --- installing, with a Python that only pretends ---------------------------------------------------


@pytest.fixture
def pretender(tmp_path):
    """A Python that makes an environment whose pip writes down that it was called, or does `pip.sh`."""
    real = sys.executable
    calls = tmp_path / "calls"
    inner = tmp_path / "inner"
    script(
        inner,
        'case "$*" in',
        '    *"-m pip --version") exit 0 ;;',
        f'    *"-m pip install"*) echo pip >>"{calls}"; if [ -f "{tmp_path}/pip.sh" ]; '
        f'then exec sh "{tmp_path}/pip.sh"; fi ;;',
        '    *"-m portal") echo serves ;;',
        f'    *) exec "{real}" "$@" ;;',
        "esac",
    )
    python = script(
        tmp_path / "python",
        'case "$*" in',
        f'    "-m venv"*) echo venv >>"{calls}"; mkdir -p .venv/bin; cp "{inner}" .venv/bin/python ;;',
        f'    *) exec "{real}" "$@" ;;',
        "esac",
    )
    return {"PYTHON": python, "VAR_DIR": tmp_path / "neu"}


@pytest.fixture
def calls(tmp_path):
    """A function that says what the pretender was asked for, in order."""
    path = tmp_path / "calls"
    return lambda: path.read_text().split() if path.exists() else []


def test_installs_once_and_again_when_the_lock_changed(clone, pretender, calls, start):
    assert run(clone, start=start, **pretender) == (0, INSTALLING + "serves\n")
    assert run(clone, start=start, **pretender) == (0, "serves\n")
    assert calls() == ["venv", "pip"]
    (clone / "requirements.lock").write_text("# changed\n")
    assert run(clone, start=start, **pretender) == (0, INSTALLING + "serves\n")
    assert calls() == ["venv", "pip", "pip"]


def test_failed_installation_is_said_and_repeated(clone, pretender, calls, start, tmp_path):
    (tmp_path / "pip.sh").write_text("echo 'no network' >&2; exit 1")
    assert run(clone, start=start, **pretender) == (
        1,
        INSTALLING + "no network\n" + NOT_INSTALLED,
    )
    (tmp_path / "pip.sh").unlink()
    assert run(clone, start=start, **pretender) == (0, INSTALLING + "serves\n")
    assert calls() == ["venv", "pip", "pip"]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_stopped_installation_leaves_nothing_running_and_is_repeated(
    clone, pretender, calls, start, tmp_path, end
):
    (tmp_path / "pip.sh").write_text("sleep 60 & sleep 60")
    process = start(clone, **pretender)
    wait_until(lambda: "pip" in calls(), what="pip runs")
    process.send_signal(end)
    assert process.wait(10) == 0
    assert not any("sleep 60" in line for line in _processes_in(clone))
    (tmp_path / "pip.sh").unlink()
    assert run(clone, start=start, **pretender) == (0, INSTALLING + "serves\n")


def _processes_in(folder):
    """The command lines of all processes whose working directory is `folder`."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if place.resolve() == folder.resolve():
                found.append(place.with_name("cmdline").read_bytes().decode().replace("\0", " "))
        except OSError:
            continue
    return found


def test_two_installations_at_once_are_one(clone, pretender, calls, start, tmp_path):
    (tmp_path / "pip.sh").write_text("sleep 1")
    both = [start(clone, **pretender), start(clone, **pretender)]
    assert [process.wait(30) for process in both] == [0, 0]
    assert calls() == ["venv", "pip"]


@pytest.mark.parametrize(
    ("refuses", "sentence"),
    [("version_info", TOO_OLD), ("ensurepip", NO_VENV), (None, NO_PYTHON)],
)
def test_unsuitable_python_is_one_sentence(clone, tmp_path, start, refuses, sentence):
    python = tmp_path / "mein python"
    if refuses:
        script(python, f'case "$*" in *{refuses}*) exit 1 ;; esac', f'exec "{sys.executable}" "$@"')
    assert run(clone, start=start, PYTHON=python, VAR_DIR=tmp_path / "neu") == (1, sentence + "\n")
    assert not (clone / ".venv").exists()
