"""What state the portal is in, for staff of the association and the operator: the page „Zustand".

Each part says how it is and, when something has to be done, what. Reads only; it takes a second at most
when Redis does not answer. Machines ask `/readyz` instead (`health.py`).
"""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta

import django
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db import connection
from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import health
from portal.delivery import UNREACHED
from portal.models import Heartbeat, Mail
from portal.restoring import HELD

LATE = timedelta(minutes=5)  # for what happens every minute
DELETION_LATE = timedelta(hours=13)  # two of its runs
BACKUP_LATE = timedelta(hours=26)  # daily, and two hours for a long one
DAY = timedelta(days=1)
FEW = 5  # failed mails a day: addresses mistyped


@dataclass(frozen=True)
class Finding:
    """One part of the machinery."""

    name: str
    says: str
    advice: str = ""  # what to do; empty when all is well
    url: str = ""  # where to see more
    link: str = ""


def findings(now: datetime) -> list[Finding]:
    """Every part, in the order in which one looks for a fault."""
    beats = dict(Heartbeat.objects.values_list("name", "at"))
    return [
        _database(),
        _redis(),
        _clock(beats, now),
        _waiting(now),
        _failed(now),
        _beat(
            _("Erinnerungen"), beats.get(Heartbeat.Name.REMINDERS), now, LATE,
            _("Die Suche nach fälligen Erinnerungen bricht ab: im Protokoll des worker nach „queue_due“ sehen."),
        ),
        _beat(
            _("Löschfristen"), beats.get(Heartbeat.Name.DELETION), now, DELETION_LATE,
            _("Personenbezogene Daten bleiben zu lange: ./run manage enforce_deletion ausführen und den Fehler lesen."),
        ),
        _beat(
            _("Journal"), beats.get(Heartbeat.Name.JOURNAL), now, LATE,
            _("Das Journal wird nicht geschrieben: Platz und Rechte von JOURNAL_DIR prüfen."),
        ),
        _backup(beats.get(Heartbeat.Name.BACKUP), now),
        Finding(
            _("Software"),
            _("Portal %(portal)s, Django %(django)s, Python %(python)s")
            % {"portal": settings.VERSION, "django": django.__version__, "python": platform.python_version()},
        ),
    ]  # fmt: skip


def _database() -> Finding:
    version = ".".join(map(str, connection.get_database_version()))
    says = _("%(name)s %(version)s antwortet.") % {"name": connection.display_name, "version": version}
    if health.unapplied_migrations():
        return Finding(_("Datenbank"), says, _("Migrationen fehlen: ./run manage migrate ausführen."))
    return Finding(_("Datenbank"), says + " " + _("Alle Migrationen sind angewendet."))


def _redis() -> Finding:
    says, answers = health.redis_state()
    advice = _("Redis starten. Bis dahin gehen Mails bis zu einer Minute später hinaus, Anmelden geht nicht.")
    return Finding(_("Redis"), says, "" if answers else advice)


def _clock(beats: dict[str, datetime], now: datetime) -> Finding:
    advice = _("Seit der letzten Aufgabe der Uhr ist zu viel Zeit vergangen: Laufen beat und worker?")
    return _beat(_("Uhr (beat) und Aufgaben (worker)"), beats.get(Heartbeat.Name.CLOCK), now, LATE, advice)


def _beat(name: str, at: datetime | None, now: datetime, late: timedelta, advice: str) -> Finding:
    says = _("Zuletzt: %s.") % naturaltime(at) if at else _("Noch nie.")
    return Finding(name, says, advice if not at or at < now - late else "")


def _waiting(now: datetime) -> Finding:
    """Mails of which nobody takes care, or whose server is gone; a single full mailbox is no fault."""
    found = Mail.objects.open().still_useful(now).aggregate(n=Count("pk"), oldest=Min("queued_at"))
    if not found["n"]:
        return Finding(_("Wartende Mails"), _("Keine."))
    says = ngettext("%(n)s Mail wartet", "%(n)s Mails warten", found["n"]) % {"n": found["n"]}
    says = _("%(these)s; die älteste: %(when)s.") % {"these": says, "when": naturaltime(found["oldest"])}
    advice = ""
    if Mail.objects.due(now).filter(next_try_at__lt=now - LATE).exists():
        advice = _("Niemand verschickt sie: Läuft ein worker?")
    elif Mail.objects.open().filter(last_error__startswith=str(_(UNREACHED)).partition("%")[0]).exists():
        advice = _("Der Mailserver ist nicht erreichbar: EMAIL_URL, Passwort und den Server selbst prüfen.")
    return Finding(_("Wartende Mails"), says, advice)


def _failed(now: datetime) -> Finding:
    failed = Mail.objects.filter(failed_at__gt=now - DAY, withdrawn_at=None)
    n, held = failed.count(), failed.filter(last_error=HELD).count()
    if not n:
        return Finding(_("Gescheiterte Mails in 24 Stunden"), _("Keine."))
    sent = Mail.objects.filter(sent_at__gt=now - DAY).count()
    says = _("%(n)s, verschickt wurden %(sent)s.") % {"n": n, "sent": sent}
    advice = ""
    if held:
        advice = (
            _("Nach einer Wiederherstellung angehalten: %s. Bitte ansehen und erneut senden, was noch gilt.")
            % held
        )
    elif n >= FEW and n * 10 > sent:
        advice = _("Das sind viele: Nimmt der Mailserver der Empfänger unsere Mails an (SPF, DKIM, DMARC)?")
    url = reverse("admin:portal_mail_changelist") + "?stand=gescheitert"
    return Finding(_("Gescheiterte Mails in 24 Stunden"), says, advice, url, _("Gescheiterte Mails ansehen"))


def _backup(at: datetime | None, now: datetime) -> Finding:
    if settings.DEMO:
        return Finding(_("Sicherung"), _("Die Vorführung braucht keine."))
    advice = _(
        "Bitte heute sichern: ./run manage backup ORDNER, und nachsehen, warum es nicht von selbst geschah."
    )
    return _beat(_("Sicherung"), at, now, BACKUP_LATE, advice)
