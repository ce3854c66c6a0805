"""docker-compose.yml, Dockerfile and their neighbours: what can be said without a Docker engine.

Shown elsewhere: every command, health check and the nginx configuration at work (test_server.py, test_nginx.py).
Not shown anywhere: that the image builds, that the tags of other images exist, and what only an engine
does (networks, volumes, limits, restarts). The schema is the official one (tests/vendor).
"""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings
from jsonschema import Draft201909Validator

from tests import compose, source
from tests.test_house import _variables_read

PORTAL = ("migrate", "web", "worker", "beat")  # services of our own image


def example():
    """deploy/example.env: variable → (value, whether it has to be set)."""
    found = re.findall(r"^(#?)([A-Z_]+)=(.*)$", source.read("deploy/example.env"), re.MULTILINE)
    return {name: (value, not hidden) for hidden, name, value in found}


def test_compose_file_follows_the_schema():
    schema = json.loads(source.read("tests/vendor/compose-spec.json"))
    errors = Draft201909Validator(schema).iter_errors(compose.read())
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_services_are_those_of_the_architecture():
    services = compose.services()
    assert set(services) == {*PORTAL, "postgres", "redis", "nginx", "mail"}
    assert {name: services[name]["deploy"].get("replicas", 1) for name in PORTAL} == {
        "migrate": 1, "web": 2, "worker": 2, "beat": 1,
    }  # fmt: skip
    assert [name for name in services if services[name].get("profiles")] == ["mail"]
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["nginx"]["depends_on"] == {"web": {"condition": "service_healthy"}}


def test_who_installs_without_docker_is_told_what_postgresql_must_not_log():
    given = [part.replace("=", " = ") for part in compose.command("postgres") if part.startswith("log_")]
    assert len(given) == 2
    assert [part for part in given if f"ALTER SYSTEM SET {part}" not in source.read("docs/betrieb.md")] == []


def test_only_nginx_can_be_reached_and_the_database_reaches_nobody():
    read = compose.read()
    ports = {name: each["ports"] for name, each in read["services"].items() if "ports" in each}
    assert ports == {"nginx": ["80:80", "443:443"], "mail": ["127.0.0.1:8025:8025"]}
    assert read["networks"]["inside"] == {"internal": True}
    assert [read["services"][name]["networks"] for name in ("postgres", "redis")] == [["inside"]] * 2


def test_every_service_ends_restarts_and_logs_as_it_should():
    for name, service in compose.services().items():
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
        # „50 MB je Dienst“ (portal/purposes.py, docs/betrieb.md)
        assert service["logging"] == {"driver": "local", "options": {"max-size": "10m", "max-file": "5"}}, (
            name
        )
        assert service["deploy"]["resources"]["limits"]["memory"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.search(r":v?\d|^engagementportal:", service["image"]), f"{name}: {service['image']}"
    for name in PORTAL:
        service = compose.services()[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name


@pytest.mark.parametrize("name", compose.GIVEN)
def test_missing_secret_is_said_in_german(name):
    with pytest.raises(compose.Missing, match=rf"^{name} fehlt in \.env \("):
        compose.read({**compose.GIVEN, name: ""})


def test_example_lists_every_variable_of_the_compose_file():
    used = {found["name"] for found in compose.VARIABLE.finditer(source.read("docker-compose.yml"))} - {None}
    assert set(example()) == used
    assert {name for name, (_value, needed) in example().items() if needed} == set(compose.GIVEN)
    defaults = compose.VARIABLE.finditer(source.read("docker-compose.yml"))
    wrong = [f["name"] for f in defaults if f["how"] == "-" and example()[f["name"]][0] != f["rest"]]
    assert wrong == [], "deploy/example.env shows another default"


@pytest.mark.slow
def test_containers_get_only_settings_that_exist_and_never_a_demonstration():
    for name in PORTAL:
        environment = compose.image_environment() | compose.services()[name]["environment"]
        ours = {word for word in environment if not word.startswith("PYTHON")}
        assert ours <= _variables_read(), name
        assert (environment["DEMO"], environment["PREPARE"]) == ("0", "0"), name


def test_server_file_of_nginx_that_is_chosen_exists():
    for chosen in ("https", "http", "behind-proxy"):
        mounts = compose.services({**compose.GIVEN, "NGINX_SERVER": chosen})["nginx"]["volumes"]
        (file,) = [mount.split(":")[0] for mount in mounts if mount.split(":")[1] == "/etc/nginx/server.conf"]
        assert (source.ROOT / file).is_file()


# --- the image ------------------------------------------------------------------------------------


def test_base_image_is_pinned_and_of_the_release_of_the_database():
    bases = {text.split()[0] for word, text in compose.dockerfile() if word == "FROM"}
    assert bases == {"python:3.11-slim-bookworm"}
    # pg_dump of the image must not be older than the server
    assert compose.services()["postgres"]["image"] == "postgres:15-bookworm"


def test_image_does_not_run_as_root_and_says_how_it_is():
    assert compose.image("USER") == ["portal"]
    assert compose.image("CMD") == ['["python", "-m", "portal"]']
    assert compose.image("ENTRYPOINT") == []
    (healthcheck,) = compose.image("HEALTHCHECK")
    assert "127.0.0.1:8000/healthz" in healthcheck
    (pip,) = [text for word, text in compose.dockerfile() if word == "RUN" and "pip install" in text]
    assert "--require-hashes --requirement /build/requirements.lock" in pip


def test_all_that_is_copied_exists():
    for word, text in compose.dockerfile():
        *sources, _target = text.split()
        if word == "COPY" and not text.startswith("--from=build"):
            assert [name for name in sources if not (source.ROOT / name).exists()] == []


def test_image_holds_every_app_and_nothing_that_does_not_run():
    lines = [line for line in source.read(".dockerignore").splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    own = {
        app.split(".")[0]
        for app in settings.INSTALLED_APPS
        if Path(find_spec(app.split(".")[0]).origin).is_relative_to(source.ROOT / app.split(".")[0])
    }
    needed = {
        "requirements.lock",
        "pyproject.toml",
        "LICENSE",
        "manage.py",
        "templates",
        "static",
        "docs/handbuch",
    }
    assert let_in == own | needed, "An app is missing in .dockerignore, or something too many is in it."
    assert all((source.ROOT / name).exists() for name in let_in)


@pytest.mark.slow
def test_volumes_belong_to_who_runs_in_the_image():
    """A named volume takes over the owner of the folder that the image has in its place."""
    (made,) = [text for text in compose.image("RUN") if "install --directory" in text]
    folders = re.search(r"--owner portal --group portal\s+(.*)$", made)[1].split()
    mounted = {mount.split(":")[1] for name in PORTAL for mount in compose.services()[name]["volumes"]}
    assert mounted <= set(folders)
    assert {mount.split(":")[0] for name in PORTAL for mount in compose.services()[name]["volumes"]} <= set(
        compose.read()["volumes"]
    )
