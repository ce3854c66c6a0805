"""docker-compose.yml and Dockerfile, read as far as the tests need them, so that no test repeats them."""

import re
import shlex

import yaml

from tests import source

VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<rest>[^}]*))?\}")
# What an operator writes into .env; the rest of deploy/example.env has defaults.
GIVEN = {
    "SECRET_KEY": "k" * 60,
    "POSTGRES_PASSWORD": "geheim",
    "SITE_URL": "https://portal.example.org",
    "EMAIL_URL": "smtp://mail:1025",
    "MAIL_FROM": "portal@example.org",
}


class Missing(Exception):
    """What Compose says when a needed variable is not set."""


def _interpolated(value, given):
    if isinstance(value, dict):
        return {key: _interpolated(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [_interpolated(each, given) for each in value]
    if not isinstance(value, str):
        return value

    def replace(found):
        if found[0] == "$$":
            return "$"
        if given.get(found["name"]) or found["how"] is None:
            return given[found["name"]]
        if found["how"] == "?":
            raise Missing(f"{found['name']} {found['rest']}")
        return found["rest"]

    text = VARIABLE.sub(replace, value)
    return int(text) if value.startswith("${") and text.isdigit() else text


def read(given=GIVEN):
    """The compose file after its variables were filled in, as Compose does it."""
    return _interpolated(yaml.safe_load(source.read("docker-compose.yml")), given)


def services(given=GIVEN):
    return read(given)["services"]


def dockerfile():
    """(instruction, its text) in order, continued lines joined."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", source.read("Dockerfile"), flags=re.MULTILINE))
    return [tuple(line.split(maxsplit=1)) for line in lines.splitlines() if line.strip()]


def image(instruction):
    """The texts of this instruction in the stage that becomes the image."""
    steps = dockerfile()
    last = max(at for at, (word, _text) in enumerate(steps) if word == "FROM")
    return [text for word, text in steps[last:] if word == instruction]


def image_environment():
    """What ENV sets, the PATH of the image aside."""
    pairs = [pair.partition("=") for text in image("ENV") for pair in shlex.split(text)]
    return {name: value for name, _is, value in pairs if name != "PATH"}


def command(name):
    """What runs in this service: its own command, or that of the image."""
    return services()[name].get("command") or yaml.safe_load(image("CMD")[-1])


def healthcheck(name):
    """The command that says whether this service is healthy: its own, or that of the image."""
    own = services()[name].get("healthcheck", {}).get("test")
    if own is None:
        own = ["CMD", *yaml.safe_load(image("HEALTHCHECK")[-1].partition("CMD ")[2])]
    return ["sh", "-c", own[1]] if own[0] == "CMD-SHELL" else own[1:]
