"""Technical and organisational measures (Art. 32 DSGVO), each with the tests that prove it.

A measure without a test is a promise; a house test wants every test named here to exist.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Measure:
    """What protects people's data, in an officer's words; `proofs` are names of tests."""

    goal: str | Promise
    what: str | Promise
    proofs: tuple[str, ...]


ACCESS = _("Vertraulichkeit: Zugang")
SEPARATION = _("Vertraulichkeit: Trennung der Kommunen")
TRANSFER = _("Vertraulichkeit: Übertragung und Protokolle")
INTEGRITY = _("Integrität")
AVAILABILITY = _("Verfügbarkeit und Wiederherstellung")
MINIMAL = _("Datensparsamkeit und Löschung")
RIGHTS = _("Rechte der Menschen")

MEASURES = [
    Measure(
        ACCESS,
        _(
            "Jeder Zugang zur Redaktion braucht einen zweiten Faktor: Passkey, Code einer App oder gedruckter Code."
        ),
        (
            "test_the_passkey_is_the_second_step_of_the_login",
            "test_password_alone_asks_for_the_code_and_the_code_lets_in",
            "test_superuser_needs_the_second_factor_too",
        ),
    ),
    Measure(
        ACCESS,
        _("Wer ausscheidet oder eine Rolle verliert, ist mit dem nächsten Aufruf draußen."),
        ("test_deactivated_people_are_out_at_once", "test_rights_taken_away_count_on_the_next_request"),
    ),
    Measure(
        ACCESS,
        _("Falsche Passwörter sind begrenzt; niemand erfährt, ob es einen Zugang gibt."),
        ("test_wrong_passwords_are_limited", "test_reset_answers_unknown_addresses_like_known_ones"),
    ),
    Measure(
        SEPARATION,
        _("Jede Adresse der Redaktion ist für fremde Zeilen gesperrt, lesend und schreibend."),
        ("test_every_address_has_an_example", "test_nothing_is_created_in_another_town"),
    ),
    Measure(
        SEPARATION,
        _("Wer Seminare betreut, sieht keine Helfenden, und umgekehrt."),
        ("test_mails_of_seminars_are_read_by_who_looks_after_seminars_and_by_nobody_else",),
    ),
    Measure(
        TRANSFER,
        _("Persönliche Links sind signiert, gelten für einen Zweck und stehen in keinem Protokoll."),
        (
            "test_token_of_one_purpose_or_row_is_404_at_every_other",
            "test_a_real_token_is_masked_in_message_and_traceback",
        ),
    ),
    Measure(
        TRANSFER,
        _("Protokolle enthalten keine Adressen von Menschen, keine IP-Adressen und keine Suchworte."),
        ("test_server_worker_and_clock_write_json_and_nobody_s_address",),
    ),
    Measure(
        INTEGRITY,
        _("Ein Aufruf, auch der eines Links in einer Mail, ändert nichts; erst der Knopf tut es."),
        ("test_get_and_head_change_no_row",),
    ),
    Measure(
        INTEGRITY,
        _("Wer Listen liest, ändert oder Zugänge zurücksetzt, steht im Protokoll."),
        (
            "test_list_shows_status_function_and_municipality_and_is_logged",
            "test_a_reset_after_a_call_is_logged_and_told_to_the_owner_and_the_colleagues",
        ),
    ),
    Measure(
        AVAILABILITY,
        _("Eine verlorene Maschine ist mit einem Befehl wieder da; Löschungen werden dabei wiederholt."),
        ("test_erasures_are_repeated_and_seats_go_on_as_they_did", "test_deletion_classes_are_enforced"),
    ),
    Measure(
        AVAILABILITY,
        _("Sicherungen haben Prüfsummen und gehören nur ihrem Besitzer."),
        ("test_archive_is_whole_private_and_says_what_is_in_it",),
    ),
    Measure(
        MINIMAL,
        _("Kein Geburtsdatum und keine IP-Adresse in der Datenbank; jede Spalte ist eingestuft."),
        (
            "test_no_birth_date_and_no_address_of_the_net_is_kept",
            "test_every_column_of_every_table_is_personal_or_says_why_not",
        ),
    ),
    Measure(
        MINIMAL,
        _("Jede Löschfrist wird eingehalten, auch nach Ausfällen, und vorher lässt sich zählen, was geht."),
        ("test_every_class_goes_on_its_day_over_fourteen_months",),
    ),
    Measure(
        MINIMAL,
        _("Öffentliche Seiten setzen keine Cookies."),
        ("test_public_pages_set_no_cookie_and_fit_every_shared_cache",),
    ),
    Measure(
        RIGHTS,
        _("Wer löscht, steht danach in keiner Spalte, keiner Datei, keinem Protokoll und keiner Mail mehr."),
        ("test_erased_canary_is_nowhere",),
    ),
    Measure(
        RIGHTS,
        _("Die Auskunft enthält jede persönliche Spalte und nichts von anderen."),
        ("test_export_is_complete_and_nobody_else_s",),
    ),
    Measure(
        RIGHTS,
        _("Zu jeder Einwilligung sind Fassung und Zeiten nachweisbar, ohne IP-Adresse."),
        ("test_proof_of_consent_is_shown_to_staff", "test_papers_and_texts_of_consents_are_up_to_date"),
    ),
]
