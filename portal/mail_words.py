"""Mails in the words of a clerk: what kind one is, and what became of it (mail table of domain.md, rule 18).

What a mail server answers is English and full of numbers (RFC 3463, RFC 5321). It stays in `last_error`, for
who can read it; `undelivered.py` makes a reason of it, and what to do.
"""

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import dates, retention, undelivered
from portal.models import Mail

KINDS: dict[str, Promise] = {
    "confirm-address": _("Adresse bestätigen"),
    "confirmed": _("Platzbestätigung"),
    "waiting": _("Warteliste"),
    "promoted": _("Nachgerückt"),
    "seat-free": _("Freier Platz"),
    "passed-over": _("Gruppe passt nicht"),
    "reminder": _("Erinnerung"),
    "reminder-soon": _("Erinnerung kurz vorher"),
    "changed": _("Änderung"),
    "new-access": _("Neuer Zugang"),
    "cancelled-by-us": _("Termin fällt aus"),
    "cancelled-by-you": _("Absage der Person"),
    "gave-back-late": _("Absage am letzten Tag"),
    "thanks": _("Dank"),
    "who-came": _("Wer war da?"),
    "spot-invitation": _("Kontakt vor Ort: Einladung"),
    "spot-code": _("Kontakt vor Ort: Code"),
    "spot-unknown": _("Kontakt vor Ort: Adresse unbekannt"),
    "new-signups": _("Anmeldeübersicht"),
    "message": _("Nachricht an Angemeldete"),
    "message-now": _("Nachricht an Angemeldete (dringend)"),
    "message-copy": _("Kopie einer Nachricht"),
    "rebooked": _("Umgebucht"),
    "access-confirm": _("Zugang: Adresse bestätigen"),
    "access-asked": _("Zugang angefordert"),
    "access-info": _("Zugang angefordert (zur Kenntnis)"),
    "access-declined": _("Zugang abgelehnt"),
    "access-welcome": _("Willkommen"),
    "invitation": _("Einladung"),
    "hint": _("Hinweis zu einer Seite"),
    "hint-answered": _("Antwort auf einen Hinweis"),
    "inquiry-confirm": _("Frage nach Erfahrungen: Adresse bestätigen"),
    "inquiry": _("Frage nach Erfahrungen"),
    "inquiry-answered": _("Antwort auf eine Frage nach Erfahrungen"),
    "proposal-confirm": _("Vorschlag: Adresse bestätigen"),
    "proposal-received": _("Neuer Vorschlag"),
    "proposal-decided": _("Antwort auf einen Vorschlag"),
    "overdue": _("Antwort steht aus"),
    "still-open": _("Noch keine Antwort"),
    "review-asked": _("Seite zur Prüfung"),
    "review-back": _("Seite zurück zum Entwurf"),
    "review-remark": _("Bemerkung zu einer Seite"),
    "still-current": _("Noch aktuell?"),
    "page-taken": _("Seite übernommen"),
    "page-removed": _("Seite entfernt"),
    "watch-confirm": _("Benachrichtigung bestätigen"),
    "watch-news": _("Benachrichtigung"),
    "watch-ending": _("Benachrichtigung endet"),
    "barrier": _("Barriere gemeldet"),
    "factor-reset": _("Zweiter Faktor zurückgesetzt"),
    "account": _("Zugang"),
}


def kind(name: str) -> str:
    """„Platzbestätigung" for „confirmed"; a kind of a later version as it is."""
    return str(KINDS.get(name, name))


def result(mail: Mail, *, now: datetime) -> str:
    """What became of it: „zugestellt an den Mailserver", „nicht angekommen: Postfach voll"."""
    if mail.sent_at:
        return gettext("zugestellt an den Mailserver")
    if mail.withdrawn_at:
        return gettext("zurückgezogen, stimmte nicht mehr")
    if mail.failed_at:
        return gettext("nicht angekommen: %s") % undelivered.reason(mail.last_error)
    if mail.useful_until and mail.useful_until <= now:
        return gettext("nicht mehr gesendet, hatte sich erledigt")
    if mail.last_error:
        return gettext("wird noch versucht: %s") % undelivered.reason(mail.last_error)
    return gettext("wartet, geht gleich hinaus") if mail.next_try_at <= now else gettext("wartet")


def todo(mail: Mail) -> str:
    """What a clerk can do about one that did not arrive; empty for all others."""
    return undelivered.advice(mail.last_error) if mail.failed_at and not mail.withdrawn_at else ""


def text(mail: Mail, *, now: datetime) -> str:
    """What stands where the text was, or would be."""
    if mail.text:
        return mail.text
    if mail.withdrawn_at and mail.withdrawn_at > now - retention.K1_MAILS:
        return gettext("Den Text gibt es nicht mehr: Die Mail wurde zurückgezogen, bevor sie hinausging.")
    span = retention.words(retention.K1_MAILS)
    return gettext("Text und Adresse löscht das Portal nach dieser Zeit: %s.") % span


def minute(moment: datetime | None) -> str:
    """„Sa., 28. Nov., 9.30 Uhr": the day and the minute; empty for never."""
    return dates.short(moment) if moment else ""
