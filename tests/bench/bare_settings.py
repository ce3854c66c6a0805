"""Settings of the bare view: the portal's database and rows, no middleware, no context processor."""

from pathlib import Path

from portal.settings import *  # noqa: F403

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "portal", "initiatives"]
MIDDLEWARE = []
ROOT_URLCONF = "tests.bench.bare"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
    }
]
