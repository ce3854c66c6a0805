"""The faults that are tried: every row of the table „Störungen" is one of these, and so is every row of docs/zusagen.md.

`tests/proofs.py` refuses a row under another name; `test_house.py` holds the document and the tests against it.
"""

CASES = (
    "Redis angehalten",
    "Redis hängt",
    "Redis geleert",
    "Redis voll",
    "worker getötet vor der SMTP-Verbindung",
    "worker getötet nach dem 250",
    "nur Kindprozess getötet",
    "zwei worker, eine Zeile",
    "zwei beat",
    "beat 26 Stunden weg",
    "SMTP 421, 450, 451, dann 250",
    "SMTP 550",
    "SMTP schweigt",
    "SMTP: zu viele Verbindungen",
    "eine vergiftete Zeile unter 1.000",
    "PostgreSQL mitten in der Anfrage beendet",
    "PostgreSQL hängt",
    "Zeile 60 Sekunden gesperrt",
    "Platte voll: Datenbank",
    "Platte voll: Medien und Journal",
    "Platte voll: Protokolle",
    "Doppelklick",
    "Neu laden",
    "zwei Tabs",
    "Verbindung nach dem Speichern getrennt",
    "500 gleichzeitig für 50 Plätze",
    "Absagen gegen Nachrücken, 200 Mal",
    "Termin verlegt, Mails unterwegs",
    "Termin abgesagt, Mails unterwegs",
    "Termin geändert nach der Erinnerung",
    "Uhr vor und zurück",
    "Sommer- und Winterzeit",
)
