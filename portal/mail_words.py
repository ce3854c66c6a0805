"""Mails in the words of a clerk: what kind one is, and what became of it (mail table of domain.md, rule 18).

What a mail server answers is English and full of numbers (RFC 3463, RFC 5321). It stays in `last_error`, for
who can read it; here it becomes a sentence and what to do about it.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    "new-signups": _("Anmeldeübersicht"),
    "message": _("Nachricht an Angemeldete"),
    "message-now": _("Nachricht an Angemeldete (dringend)"),
    "message-copy": _("Kopie einer Nachricht"),
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
