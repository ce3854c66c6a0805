"""The access log as a clerk reads it: „Frau Weber hat die Liste von „Bachputz", Sa., 28. Nov., gelesen." (rule 34)

Entries name rows by label („shift:12"); what that is, is asked for a whole page at once. Of guests a number is said,
never a name: the log outlives them (trust.md, class K8).
"""

from collections.abc import Iterable
from datetime import time, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import dates
from portal.models import AccessLog
from portal.standing import signup_models, slot_model

# Action as it is stored → what the sentence says of it; what is not here stands behind a colon.
SENTENCES = {
    "Liste gelesen": _("%(who)s hat die Liste von %(what)s gelesen."),
    "Druckliste geöffnet": _("%(who)s hat die Liste von %(what)s zum Ausdrucken geöffnet."),
    "Liste exportiert (XLSX)": _("%(who)s hat die Liste von %(what)s als Excel-Datei heruntergeladen."),
    "Liste exportiert (CSV)": _("%(who)s hat die Liste von %(what)s als CSV-Datei heruntergeladen."),
    "Anmeldung gelesen": _("%(who)s hat %(what)s gelesen."),
    "Mail gelesen": _("%(who)s hat %(what)s gelesen."),
    "Mail erneut gesendet": _("%(who)s hat %(what)s noch einmal gesendet."),
    "Am Telefon angemeldet": _("%(who)s hat jemanden am Telefon eingetragen: %(what)s."),
    "Platz freigegeben": _("%(who)s hat einen Platz freigegeben: %(what)s."),
    "Umgebucht": _("%(who)s hat %(what)s auf einen anderen Termin umgebucht."),
    "Von Hand eingeteilt": _("%(who)s hat %(what)s von Hand eingeteilt."),
    "Termin abgesagt": _("%(who)s hat den Termin %(what)s abgesagt."),
    "Zeiten geändert": _("%(who)s hat die Zeiten von %(what)s geändert."),
    "Plätze geändert": _("%(who)s hat die Plätze von %(what)s geändert."),
    "Zugang geändert": _("%(who)s hat den Zugang zum Online-Raum von %(what)s geändert."),
    "Angerufen": _("%(who)s hat angerufen, weil keine Mail ankommt: %(what)s."),
    "Doch nicht angerufen": _("%(who)s hat „angerufen“ zurückgenommen: %(what)s."),
    "Anwesenheit notiert": _("%(who)s hat notiert, wer da war: %(what)s."),
    "Per Mail-Link: Liste gelesen": _(
        "Die Kontaktperson hat über ihren Link die Liste von %(what)s gelesen."
    ),
    "Per Mail-Link: Anwesenheit notiert": _(
        "Die Kontaktperson hat über ihren Link notiert, wer da war: %(what)s."
    ),
    "Vor Ort: Liste gelesen": _("%(who)s hat vor Ort die Liste von %(what)s gelesen."),
    "Vor Ort: Anwesenheit notiert": _("%(who)s hat vor Ort notiert, wer da war: %(what)s."),
    "Vor Ort: eingetragen": _("%(who)s hat vor Ort jemanden eingetragen: %(what)s."),
    "Vor Ort: Nachricht gesendet": _("%(who)s hat vor Ort allen geschrieben: %(what)s."),
    "Kontakt vor Ort benannt": _("%(who)s hat jemanden als %(what)s benannt."),
    "Kontakt vor Ort beendet": _("%(who)s hat den Zugang beendet: %(what)s."),
    "Nachricht gesendet": _("%(who)s hat an Angemeldete geschrieben: %(what)s."),
    "Treffpunkt geändert": _("%(who)s hat den Treffpunkt von %(what)s geändert."),
    "Hinweis gelesen": _("%(who)s hat %(what)s gelesen."),
    "Hinweis erledigt": _("%(who)s hat %(what)s erledigt."),
    "Seite entfernt, Hinweis erledigt": _("%(who)s hat eine Seite entfernt und damit %(what)s erledigt."),
    "Statistik heruntergeladen": _("%(who)s hat die %(what)s als CSV-Datei heruntergeladen."),
    "Nachgemacht": _("%(who)s hat etwas von anderswo nachgemacht: %(what)s."),
    "Wunsch gelesen": _("%(who)s hat %(what)s gelesen."),
    "Frage gelesen": _("%(who)s hat %(what)s gelesen."),
    "Frage beantwortet": _("%(who)s hat %(what)s beantwortet."),
    "Frage ohne Antwort erledigt": _("%(who)s hat %(what)s ohne Antwort erledigt."),
    "Vorschlag gelesen": _("%(who)s hat %(what)s gelesen."),
    "Vorschlag übernommen": _("%(who)s hat %(what)s als Entwurf übernommen."),
    "Vorschlag abgelehnt": _("%(who)s hat %(what)s abgelehnt."),
    "Anfrage gelesen": _("%(who)s hat %(what)s gelesen."),
    "Zugang freigegeben": _("%(who)s hat einen Zugang zur Redaktion freigegeben: %(what)s."),
    "Zugang abgelehnt": _("%(who)s hat einen Zugang zur Redaktion abgelehnt: %(what)s."),
    "Abwesenheit eingetragen": _("%(who)s hat sich abwesend gemeldet und eine Vertretung genannt."),
    "Abwesenheit beendet": _("%(who)s ist wieder da."),
    "Seite übernommen": _("%(who)s hat eine gesammelte Seite übernommen: %(what)s."),
    "Seite entfernt": _("%(who)s hat eine gesammelte Seite entfernt: %(what)s."),
    "Zweiten Faktor zurückgesetzt": _("%(who)s hat den zweiten Faktor zurückgesetzt: %(what)s."),
}
OTHERWISE = _("%(who)s: %(action)s (%(what)s).")
_NUMBERED = {
    "mail": _("Mail %s"),
    "user": _("Zugang %s"),
    "booking": _("Anmeldung %s"),
    "coordination": _("Kontakt vor Ort %s"),
    "hint": _("Hinweis %s"),
    "wish": _("Wunsch %s"),
    "inquiry": _("Frage nach Erfahrungen %s"),
    "proposal": _("Vorschlag %s"),
    "accessrequest": _("Anfrage %s"),
    "initiative": _("Initiative %s"),
}
_TAKEN = (
    Q(action__startswith="Liste exportiert")
    | Q(action="Druckliste geöffnet")
    | Q(action="Statistik heruntergeladen")
)
# What the log can be narrowed to: word of the address → as it is offered, and which entries these are.
KINDS: dict[str, tuple[Any, Q]] = {
    "gelesen": (_("gelesen"), Q(action__endswith="gelesen")),
    "mitgenommen": (_("gedruckt oder heruntergeladen"), _TAKEN),
    "geaendert": (_("geändert oder ausgelöst"), ~Q(action__endswith="gelesen") & ~_TAKEN),
}
TIMES = {"1": _("heute und gestern"), "7": _("die letzten 7 Tage"), "31": _("die letzten 31 Tage")}


def since(days: str) -> Q:
    """Entries of the last so many days, one of TIMES; otherwise all."""
    if days not in TIMES:
        return Q()
    first = timezone.localdate() - timedelta(days=int(days))
    return Q(at__gte=dates.at(first, time.min))


def when(entry: AccessLog) -> str:
    """Day and minute: „Do., 26. Nov. 2026, 9.05 Uhr"."""
    local = timezone.localtime(entry.at)
    return f"{date_format(local, 'D., j. N Y')}, {local.hour}.{local.minute:02} {gettext('Uhr')}"


def sentence(entry: AccessLog, what: dict[str, str]) -> str:
    """Who did what; `what` is `names` of the label."""
    words = {
        "who": str(entry.user) if entry.user else gettext("Ein gelöschter Zugang"),
        "what": what.get(entry.about, entry.about),
        "action": entry.action,
    }
    return str(SENTENCES.get(entry.action, OTHERWISE)) % words


def names(labels: Iterable[str]) -> dict[str, str]:
    """Labels of rows in words; two statements for each kind of date, however many labels there are."""
    keys: dict[str, set[int]] = {}
    for kind, _colon, key in (label.partition(":") for label in labels):
        if key.isdecimal():
            keys.setdefault(kind, set()).add(int(key))
    found = {
        f"{kind}:{key}": str(words) % key for kind, words in _NUMBERED.items() for key in keys.get(kind, ())
    }
    for model in signup_models():
        found |= _of_dates(model, keys)
    return found


def _of_dates(model: Any, keys: dict[str, set[int]]) -> dict[str, str]:
    slots, name = slot_model(model), model._meta.model_name
    wanted = keys.get(name, set())
    signups = dict(model.objects.filter(pk__in=wanted).values_list("pk", "slot")) if wanted else {}
    asked = {*signups.values(), *keys.get(slots.kind, ())}
    rows = slots.objects.filter(pk__in=asked).select_related(*slots.row_relations) if asked else []
    words = {slot.pk: f"„{slot.title}“, {dates.day(slot.starts)}" for slot in rows}
    found = {f"{slots.kind}:{pk}": its for pk, its in words.items()}
    of_signup = gettext("Anmeldung %(n)s (%(date)s)")
    found |= {f"{name}:{pk}": of_signup % {"n": pk, "date": words[slot]} for pk, slot in signups.items()}
    gone = gettext("Anmeldung %s")
    return {f"{name}:{pk}": gone % pk for pk in wanted} | found
