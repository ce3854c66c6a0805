"""What people type, and what the texts of the collection call it: filler words, and words for the same thing.

A citizen types „Hilfe für alte Leute", the text says „Senioren". The lists are everyday German, written by hand and
short on purpose: a word stands in a group only where nobody would mind to find the others.
"""

from dataclasses import dataclass
from functools import lru_cache

from portal import search

# They say nothing about what is meant; a query of nothing else is taken at its word.
_FILLERS = """
    aber alle als am an auch auf aus bei beim brauche das dem den der des die durch ein eine einem einen einer es etwas
    fuer gegen gesucht gibt haben hat ich ihr im in initiative initiativen ist kann koennen leute machen man mehr mein
    mensch menschen mit moechte nach oder ohne person personen projekt projekte schon sich sie sind so suche suchen
    ueber um und unser unsere vom von vor was wer wie will wir wo zu zum zur
"""
# Said together they mean one thing that the texts call otherwise.
_PHRASES = {
    "tante emma laden": "dorfladen",
    "oeffentlicher nahverkehr": "buergerbus",
    "junge leute": "jugendliche",
    "junge menschen": "jugendliche",
    "alte leute": "senioren",
    "alte menschen": "senioren",
    "aeltere menschen": "senioren",
    "aeltere leute": "senioren",
    "laendlichen raum": "dorf",
}
_SAME = (
    "Senioren alt Ältere Rentner Oma Opa Großeltern",
    "Jugend Teenager Jugendclub",
    "Kind Kita Kindergarten",
    "Familie Eltern",
    "Flüchtlinge Geflüchtete Asyl Schutzsuchende Zuwanderung Migration Ausländer",
    "Deutsch Deutschkurs Deutschunterricht Sprachkurs",
    "Hilfe helfen Unterstützung Begleitung Beratung Pflege",
    "Nachbarn Nachbarschaft Nachbarschaftshilfe",
    "Ehrenamt Freiwillige Engagement",
    "Fördern Förderung Anerkennung",
    "Verein Vereinsarbeit",
    "Vorstand Vorsitz",
    "Mitglieder Nachwuchs Mitmacher",
    "Genossenschaft eG",
    "Gründen Gründung",
    "Beteiligung Partizipation Mitbestimmung Mitsprache Forum",
    "Bus Bürgerbus Fahrdienst Mobilität Mitfahren",
    "Fahrrad Rad",
    "Reparieren Reparatur Repair",
    "Laden Geschäft Einkaufen",
    "Lebensmittel Tafel Essen",
    "Arm Armut bedürftig",
    "Kneipe Gaststätte Gasthaus Wirtshaus Restaurant Lokal",
    "Café Begegnungscafé Frühstück",
    "Treffpunkt Treff Begegnung Dorfmitte",
    "Dorf Ortschaft ländlich",
    "Dorfgemeinschaftshaus Bürgerhaus",
    "Schwimmbad Freibad Hallenbad Dorfbad schwimmen",
    "Retten Erhalt erhalten bewahren übernehmen",
    "Musik Orchester Chor Kapelle musizieren",
    "Theater Bühne Schauspiel",
    "Geschichte Heimatgeschichte Erinnerung",
    "Juden jüdisch Shoah",
    "Handy Smartphone Tablet Computer Internet digital Technik",
    "Kurs Schulung Unterricht lernen",
    "Hospiz Sterbebegleitung Sterbende Lebensende Trauer",
    "Demenz Alzheimer",
    "Krank Patienten Klinik",
    "Wind Windkraft Windrad",
    "Energie Strom Solar",
    "Natur Naturschutz Artenvielfalt",
    "Garten Schulgarten gärtnern",
    "Obst Obstbaum Streuobst Apfel",
    "Müll Abfall",
    "Spielplatz Bolzplatz Bewegungspark",
    "Corona Pandemie Lockdown",
    "Brief Post Karten",
)


@dataclass(frozen=True)
class Term:
    """One word that somebody typed: its stem, and stems of words for the same thing."""

    stem: str
    same: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _groups() -> dict[str, tuple[str, ...]]:
    """Stem → the stems of its group."""
    groups: dict[str, tuple[str, ...]] = {}
    for line in _SAME:
        stems = tuple(dict.fromkeys(search.words(line)))
        groups |= {stem: tuple(other for other in stems if other != stem) for stem in stems}
    return groups


@lru_cache(maxsize=1)
def everyday() -> tuple[str, ...]:
    """The words of the groups, folded: they are spelled right, whatever the collection holds."""
    return tuple(search.tokens(" ".join(_SAME)))


@lru_cache(maxsize=1)
def _fillers() -> frozenset[str]:
    return frozenset(_FILLERS.split())


@lru_cache(maxsize=1024)
def terms(text: str) -> tuple[Term, ...]:
    """What a query asks for, at most MAX_WORDS terms; „Hilfe für alte Leute" → hilf…, senior…."""
    said = " ".join(search.tokens(text[: search.MAX_QUERY]))
    for phrase, meant in _PHRASES.items():
        said = f" {said} ".replace(f" {phrase} ", f" {meant} ").strip()
    telling = [word for word in said.split() if word not in _fillers()] or said.split()
    stems = dict.fromkeys(search.words(" ".join(telling)))
    return tuple(Term(stem, _groups().get(stem, ())) for stem in stems)[: search.MAX_WORDS]
