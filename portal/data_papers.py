"""The papers that a town's officers ask for, in German, with the facts of the code filled in (trust.md).

`write` puts them into docs/datenschutz/, `outdated` says which no longer say what the code does. What each
version of a consent said is kept beside them for ever: a text that changes needs a new version.
Top layer: names the forms of all apps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.utils.html import strip_tags

from initiatives import wishes
from portal import at_the_door, registering, who_sees
from portal.measures import MEASURES
from portal.models import Organisation
from portal.purposes import PURPOSES
from portal.refused import Refused
from portal.retention import RULES
from seminars import watches as seminar_watches
from seminars.models import Session
from volunteers import coordination
from volunteers import watches as volunteer_watches
from volunteers.models import Shift

FOLDER = Path(settings.BASE_DIR) / "docs" / "datenschutz"
VERSIONS = FOLDER / "fassungen"
PAPERS = [
    "README",
    "verzeichnis",
    "loeschkonzept",
    "wer-sieht-was",
    "empfaenger",
    "massnahmen",
    "schwellwertanalyse",
    "gemeinsame-verantwortung",
    "auftragsverarbeitung",
]
ASSOCIATION = "[Verband]"


@dataclass(frozen=True)
class Consent:
    """The text beside a form, under the version that is stored with each consent."""

    form: str
    version: str
    template: str
    facts: dict[str, Any]


def consents() -> list[Consent]:
    """Every text that somebody agrees to."""
    town = Organisation(
        name="[Herausgeber]",
        address="[Anschrift]",
        contact_email="[E-Mail]",
        contact_phone="[Telefon]",
        privacy_text="[Hinweise zum Datenschutz]",
    )
    association = Organisation(name=ASSOCIATION, address="[Anschrift]", contact_email="[E-Mail]")
    return _at_public_forms(town, association) + _said_to_staff(town)


def _at_public_forms(town: Organisation, association: Organisation) -> list[Consent]:
    return [
        Consent(
            "Anmeldung zum Helfen",
            Shift.wording,
            "volunteers/_consent.html",
            {"controller": town, "organiser": "[Veranstalter]"},
        ),
        Consent(
            "Anmeldung zu einem Seminar",
            Session.wording,
            "seminars/_consent.html",
            {"controller": association, "passes_to": "[wer die Namen außerdem bekommt]"},
        ),
        Consent(
            "Bescheid bei neuen Aktionen",
            volunteer_watches.WORDING,
            "volunteers/_watch_consent.html",
            {"controller": association},
        ),
        Consent(
            "Bescheid bei neuen Terminen einer Reihe",
            seminar_watches.WORDING,
            "seminars/_watch_consent.html",
            {"controller": association},
        ),
        Consent(
            "Wunsch an die eigene Kommune",
            wishes.WORDING,
            "wish/_consent.html",
            {"controller": association},
        ),
    ]


def _said_to_staff(town: Organisation) -> list[Consent]:
    return [
        Consent(
            "Anmeldung am Telefon",
            registering.PHONE_WORDING,
            "admin/desk/_consent.html",
            {"controller": town, "contact": "[Kontakt des Termins]"},
        ),
        Consent("Eintrag vor Ort", at_the_door.DOOR_WORDING, "spot/_consent.html", {"controller": town}),
        Consent(
            "Zusage der Vertraulichkeit (Kontakt vor Ort)",
            coordination.PLEDGE,
            "spot/_pledge.html",
            {"title": "[Aktion]"},
        ),
    ]


def said(consent: Consent) -> str:
    """The text as people read it, a line for each paragraph."""
    facts = {"association": ASSOCIATION} | consent.facts
    html = get_template(consent.template).render(facts)
    for end in ("</p>", "</dt>", "</div>", "</summary>"):
        html = html.replace(end, f"{': ' if end == '</dt>' else chr(10)}{end}")
    lines = (" ".join(line.split()) for line in unescape(strip_tags(html)).splitlines())
    return "\n".join(filter(None, [consent.form, "", *(line for line in lines if line)])) + "\n"


def papers() -> Iterator[tuple[Path, str]]:
    """Each paper as it should be."""
    facts = {
        "purposes": PURPOSES,
        "rules": RULES,
        "roles": who_sees.overview(),
        "measures": MEASURES,
        "consents": consents(),
        "earlier": sorted(
            {path.stem for path in VERSIONS.glob("*.txt")} - {each.version for each in consents()}
        ),
    }
    for name in PAPERS:
        # get_template is typed for any engine; `template` is Django's own, which knows `autoescape`.
        template: Any = get_template(f"papers/{name}.md")
        text = template.template.render(Context(dict(facts), autoescape=False))
        yield FOLDER / f"{name}.md", text.strip() + "\n"


def outdated() -> list[str]:
    """Papers and texts of consents that do not say what the code does."""
    wanted = [*papers(), *((VERSIONS / f"{each.version}.txt", said(each)) for each in consents())]
    return [path.name for path, text in wanted if not path.exists() or path.read_text() != text]


def write() -> list[str]:
    """They say it now; returns what was written. Raises Refused for a text that changed without its version."""
    changed = [
        each.version
        for each in consents()
        if (VERSIONS / f"{each.version}.txt").exists()
        and (VERSIONS / f"{each.version}.txt").read_text() != said(each)
    ]
    if changed:
        raise Refused(
            "Der Text einer Einwilligung ist ein anderer geworden. Bitte eine neue Fassung nennen für: "
            + ", ".join(changed)
        )
    written = outdated()
    VERSIONS.mkdir(parents=True, exist_ok=True)
    for each in consents():
        (VERSIONS / f"{each.version}.txt").write_text(said(each))
    for path, text in papers():
        path.write_text(text)
    return written
