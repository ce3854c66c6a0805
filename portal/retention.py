"""How long what is kept: said once, for the nightly deletion, the pages and the papers (trust.md, classes K0–K9).

`privacy.py` enforces it; `{% period %}` says it on pages, `data_papers.py` in the papers.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

K0_UNCONFIRMED = timedelta(hours=72)
K1_MAILS = timedelta(days=30)
K3_PHONE = timedelta(days=7)
K3_PERSON = timedelta(days=30)
K4_LAST = timedelta(days=365)
K4_NOTICE = timedelta(days=335)
K5_PROOF = timedelta(days=365)
K7_CONTACT = timedelta(days=183)
UNSETTLED = timedelta(days=183)
K8_ACCOUNT = timedelta(days=365)
WHO_CAME_LINK = timedelta(days=14)  # in which the contact of a date answers who came
MONTH = timedelta(days=365) / 12

SPANS = {
    "unconfirmed": K0_UNCONFIRMED,
    "mail": K1_MAILS,
    "phone": K3_PHONE,
    "person": K3_PERSON,
    "watch": K4_LAST,
    "watch_notice": K4_NOTICE,
    "proof": K5_PROOF,
    "contact": K7_CONTACT,
    "account": K8_ACCOUNT,
    "who_came": WHO_CAME_LINK,
}


def words(span: timedelta) -> str:
    """„3 Tage“, „30 Tage“; from two months on in months: „12 Monate“."""
    if span < 2 * MONTH:
        return ngettext("%(n)s Tag", "%(n)s Tage", span.days) % {"n": span.days}
    return gettext("%(n)s Monate") % {"n": round(span / MONTH)}


@dataclass(frozen=True)
class Rule:
    """One line of the concept of deletion; without a span it says why there is none."""

    deletion_class: str
    what: str | Promise
    since: str | Promise
    span: timedelta | None = None
    rest: str | Promise = ""
    for_citizens: bool = True

    @property
    def after(self) -> str:
        """„30 Tage nach dem Ende des Termins“; without a span what holds instead."""
        return f"{words(self.span)} {self.since}" if self.span else str(self.since)

    @property
    def sentence(self) -> str:
        """The whole rule, for people."""
        line = f"{self.what}: {self.after}."
        return f"{line} {self.rest}" if self.rest else line


RULES = [
    Rule(
        "K0",
        _(
            "Nicht bestätigte Anmeldungen, Benachrichtigungen, Fragen, Vorschläge und Anfragen nach einem Zugang"
        ),
        _("nach dem Eintrag"),
        K0_UNCONFIRMED,
    ),
    Rule(
        "K1",
        _("Texte und Adressen verschickter Mails"),
        _("nach dem Versand"),
        K1_MAILS,
        _("Dass es die Mail gab, bleibt als Zeile ohne Adresse bis zum Ende der Anmeldung."),
    ),
    Rule(
        "K1",
        _(
            "Hinweise zu Seiten, Fragen nach Erfahrungen, Vorschläge für Initiativen und Anfragen von Kommunen nach einem Zugang"
        ),
        _("nach der Antwort"),
        K1_MAILS,
        _("Was unbeantwortet blieb, löschen wir ein halbes Jahr nach dem Eingang."),
    ),
    Rule(
        "K2",
        _("Liste für die Versicherung"),
        _("gibt es in diesem Portal nicht"),
        for_citizens=False,
    ),
    Rule("K3", _("Telefonnummer"), _("nach dem Ende des Termins"), K3_PHONE),
    Rule(
        "K3",
        _("Name, E-Mail-Adresse und Ihre Antworten"),
        _("nach dem Ende des Termins"),
        K3_PERSON,
        _("Danach bleibt nur die Zahl der Anmeldungen."),
    ),
    Rule(
        "K3",
        _("Name auf einer Teilnahmebescheinigung (12 Monate, wenn es sie einmal gibt)"),
        _("gibt es in diesem Portal nicht"),
        for_citizens=False,
    ),
    Rule(
        "K4",
        _(
            "Adresse, Ort und Reihe unter „Sagen Sie mir Bescheid“, Adresse und Wunsch unter „Das wünsche ich mir auch“"
        ),
        _("nach Ihrem letzten Klick"),
        K4_LAST,
        _("Einen Monat vorher schreiben wir Ihnen."),
    ),
    Rule(
        "K5",
        _("Nachweis einer Löschung auf Wunsch (eine Prüfsumme, aus der sich die Adresse nicht lesen lässt)"),
        _("nach der Löschung"),
        K5_PROOF,
        _("Alles andere löschen wir sofort."),
    ),
    Rule(
        "K7",
        _("Ansprechpersonen von Initiativen, Aktionen und Seminarreihen"),
        _("nach dem Zurückziehen der Seite"),
        K7_CONTACT,
        for_citizens=False,
    ),
    Rule(
        "K8",
        _("Zugang einer Mitarbeiterin oder eines Mitarbeiters"),
        _("nach dem Ausscheiden"),
        K8_ACCOUNT,
        _(
            "Inaktiv ist er sofort. Danach steht im Protokoll nur noch eine Nummer; abgelaufene Sitzungen "
            "löscht die nächste Nacht."
        ),
        for_citizens=False,
    ),
    Rule(
        "K9",
        _("Statistik"),
        _("das Portal veröffentlicht keine Zahlen über Menschen"),
        for_citizens=False,
    ),
]
