"""What personal data are processed for: one purpose per row of the record of processing (Art. 30 DSGVO).

Which columns belong to a purpose stands at the models (`privacy`); a house test wants every such model
in a purpose. Who is not ours to name (legal bases of staff, processors) is marked as open in the papers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Personal columns of libraries' models, in the form of `privacy`.
OF_LIBRARIES: dict[str, dict[str, str]] = {
    "account.EmailAddress": {"email": "K8"},
    "account.EmailConfirmation": {"key": "K8"},
    "mfa.Authenticator": {"data": "K8"},
    "sessions.Session": {"session_key": "K8", "session_data": "K8"},
}
NAMES = {
    "session_key": _("Kennung"),
    "session_data": _("wer angemeldet ist"),
    "data": _("Geheimnis der App, öffentlicher Schlüssel des Passkeys, Codes"),
}
MODELS = {"mfa.Authenticator": _("Zweiter Faktor")}

CONSENT = _("Einwilligung (Art. 6 Abs. 1 Buchst. a DSGVO)")
OPEN_BASIS = _("offen: legt der Verantwortliche fest")


def personal(model: type[models.Model]) -> Mapping[str, str]:
    """Column → deletion class of everything personal in this model."""
    declared: Mapping[str, str] = getattr(model, "privacy", OF_LIBRARIES.get(model._meta.label, {}))
    return declared


def column_words(model: type[models.Model]) -> list[tuple[str, str]]:
    """(name on screen, deletion class) of the personal columns, each name once."""
    fields = {field.name: field for field in model._meta.concrete_fields}
    found: dict[str, str] = {}
    for name, its_class in personal(model).items():
        found.setdefault(str(NAMES.get(name) or fields[name].verbose_name), its_class)
    return list(found.items())


@dataclass(frozen=True)
class Purpose:
    """One processing, in the words of an officer."""

    name: str | Promise
    controller: str | Promise
    people: str | Promise
    basis: str | Promise
    recipients: str | Promise
    labels: tuple[str, ...]
    # What, and how long: not in the database, and checksums of addresses in it.
    elsewhere: tuple[tuple[str | Promise, str | Promise], ...] = ()
    hashes: tuple[tuple[str | Promise, str | Promise], ...] = ()

    @property
    def models(self) -> Iterator[type[models.Model]]:
        return (apps.get_model(label) for label in self.labels)

    @property
    def data(self) -> list[tuple[str, str]]:
        """Every column of every model: („Anmeldung: Name, E-Mail“, „K3“)."""
        lines = []
        for model in self.models:
            by_class: dict[str, list[str]] = {}
            for name, its_class in column_words(model):
                by_class.setdefault(its_class, []).append(name)
            lines += [
                (f"{MODELS.get(model._meta.label, model._meta.verbose_name)}: {', '.join(names)}", its_class)
                for its_class, names in by_class.items()
            ]
        return lines


PURPOSES = [
    Purpose(
        _("Anmeldung zum Helfen"),
        _("der Herausgeber der Aktion: Stadt, Gemeinde oder Landkreis; ohne eigene Redaktion der Verband"),
        _("Menschen, die helfen wollen"),
        CONSENT,
        _("Redaktion des Herausgebers; Veranstalter, der am Formular steht"),
        ("portal.Booking", "volunteers.ShiftSignup"),
    ),
    Purpose(
        _("Anmeldung zu Seminaren"),
        _("der Verband"),
        _("Menschen aus Kommunen, Vereinen und Agenturen"),
        CONSENT,
        _("wer beim Verband die Seminare betreut; wer sonst am Formular steht"),
        ("portal.Booking", "seminars.SessionSignup"),
    ),
    Purpose(
        _("Benachrichtigung „Sagen Sie mir Bescheid“"),
        _("der Verband"),
        _("Menschen, die auf Neues warten"),
        CONSENT,
        _("niemand außer dem Betrieb"),
        ("volunteers.Watch", "seminars.SeriesWatch"),
    ),
    Purpose(
        _("Mails zu Anmeldungen und Zugängen"),
        _("wie bei dem, was die Mail betrifft"),
        _("alle, denen das Portal schreibt"),
        _("wie bei dem, was die Mail betrifft"),
        _("Betreiber des Mailservers (offen: Name); Postfachanbieter der Empfängerin oder des Empfängers"),
        ("portal.Mail", "portal.Broadcast"),
        hashes=(
            (
                _(
                    "Prüfsumme des Postfachs (mit dem Schlüssel des Portals) im Namen jeder Mail, die um eine "
                    "Bestätigung bittet oder einen Zugang betrifft: zählt bis zur Grenze von drei Mails am Tag"
                ),
                _(
                    "so lange wie die Zeile der Mail: bis die Anmeldung oder Benachrichtigung gelöscht ist, danach "
                    "höchstens, bis die Mail einen Tag alt ist; bei Zugängen wie der Text der Mail (Löschklasse K1)"
                ),
            ),
        ),
    ),
    Purpose(
        _("Meldung von Barrieren"),
        _("der Verband"),
        _("Menschen, die etwas auf dem Portal hindert"),
        OPEN_BASIS,
        _("niemand außer Verband und Betrieb"),
        ("portal.Mail",),
    ),
    Purpose(
        _("Anfragen von Kommunen nach einem Zugang"),
        _("der Verband"),
        _("Mitarbeiterinnen und Mitarbeiter von Kommunen"),
        OPEN_BASIS,
        _("niemand außer Verband und Betrieb"),
        ("portal.AccessRequest",),
    ),
    Purpose(
        _("Hinweise zu Seiten von Initiativen"),
        _("der Herausgeber der Seite; ohne eigene Redaktion der Verband"),
        _("Menschen, die einen Fehler melden oder um Entfernen bitten"),
        OPEN_BASIS,
        _("niemand außer dem Herausgeber und dem Betrieb"),
        ("initiatives.Hint",),
    ),
    Purpose(
        _("Fragen nach Erfahrungen mit einer Initiative"),
        _("der Herausgeber der Seite; ohne eigene Redaktion der Verband"),
        _("Menschen aus anderen Orten, die eine Initiative nachmachen wollen"),
        OPEN_BASIS,
        _("niemand außer dem Herausgeber und dem Betrieb"),
        ("initiatives.Inquiry",),
    ),
    Purpose(
        _("Vorschläge für Initiativen"),
        _("der Herausgeber, dem der Ort gehört; ohne eigene Redaktion der Verband"),
        _("Menschen, die ihrem Ort eine Initiative vorschlagen"),
        OPEN_BASIS,
        _("niemand außer dem Herausgeber und dem Betrieb"),
        ("initiatives.Proposal",),
    ),
    Purpose(
        _("Wunsch an die eigene Kommune („Das wünsche ich mir auch“)"),
        _("die Stadt oder Gemeinde, an die der Wunsch geht; ohne eigene Redaktion der Verband"),
        _("Menschen, die sich etwas für ihren Ort wünschen"),
        CONSENT,
        _("Redaktion dieser Stadt oder Gemeinde; der Verband erfährt nur die Zahl"),
        ("initiatives.Wish",),
    ),
    Purpose(
        _("Ansprechpersonen auf öffentlichen Seiten"),
        _("der Herausgeber der Seite"),
        _("Ansprechpersonen von Initiativen, Aktionen und Seminarreihen"),
        OPEN_BASIS,
        _("die Öffentlichkeit"),
        ("initiatives.Initiative", "initiatives.StillCurrent", "volunteers.Opportunity", "seminars.Series"),
    ),
    Purpose(
        _("Zugänge zur Redaktion und Protokoll"),
        _("der Verband; für ihre Beschäftigten die jeweilige Kommune"),
        _("Mitarbeiterinnen und Mitarbeiter der Kommunen und des Verbands"),
        OPEN_BASIS,
        _("Verband und Betrieb; eigene Einträge im Protokoll auch der eigene Herausgeber"),
        (
            "portal.User",
            "account.EmailAddress",
            "account.EmailConfirmation",
            "mfa.Authenticator",
            "sessions.Session",
        ),
    ),
    Purpose(
        _("Auslieferung der Seiten"),
        _("der Verband"),
        _("alle, die eine Seite aufrufen"),
        OPEN_BASIS,
        _("Rechenzentrum (offen: Name)"),
        (),
        elsewhere=(
            (_("IP-Adresse, um zu antworten"), _("während des Aufrufs, nirgends abgelegt")),
            (
                _(
                    "Zwischenspeicher: Prüfsumme der IP-Adresse, bei der Anmeldung zur Redaktion die IP-Adresse "
                    "selbst, um Missbrauch zu begrenzen"
                ),
                _("höchstens zehn Minuten, nach „Barriere melden“ einen Tag"),
            ),
            (
                _(
                    "Zwischenspeicher: Prüfsumme der E-Mail-Adresse, die jemand bei der Anmeldung zur Redaktion "
                    "oder vor Ort eingibt, um Missbrauch zu begrenzen"
                ),
                _(
                    "nach einem falschen Passwort fünf Minuten, vor Ort und nach „Passwort vergessen“ einen Tag"
                ),
            ),
            (
                _(
                    "Protokolle von nginx, web, worker, beat und PostgreSQL: Zeitpunkt, Seite ohne Suchworte und ohne Schlüssel "
                    "aus Mails, Antwort, Dauer, Nummer der Anfrage, Fehlerberichte ohne Werte; keine IP-Adresse, "
                    "kein Name, keine E-Mail-Adresse"
                ),
                _("überschrieben ab 50 MB je Dienst; offen: eine Frist in Tagen setzt der Betrieb"),
            ),
        ),
    ),
]
