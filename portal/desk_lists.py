"""A date's people to take along: a list to print in large type, and files for Excel (rule 34: each is logged).

Both hold who comes and who waits. Of a date that is long over nobody is named any more (class K3).
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from portal import accounts, desk, people, sheets
from portal.search import fold
from portal.slots import Slot
from portal.standing import signup_model

SPARE = 3  # empty lines for whoever comes unannounced


def printed(request: HttpRequest, slot: Slot, context: dict[str, Any]) -> HttpResponse:
    """The list on paper: who comes by name, to be ticked, and who waits in order."""
    desk.log(accounts.person(request), gettext("Druckliste geöffnet"), slot)
    coming, waiting = _coming_and_waiting(slot)
    more = {
        "title": gettext("Wer kommt?"),
        "coming": sorted(coming, key=lambda line: fold(line["name"])),
        "waiting": waiting,
        "expected": sum(line["seats"] for line in coming),
        "is_old": people.is_old(slot),
        "spare": range(SPARE),
    }
    return desk.page(request, "print", slot, context | more)


def export(request: HttpRequest, slot: Slot) -> HttpResponse:
    """The list as a file; a POST, so that no link in a mail and no look back in the browser fetches names."""
    kind = request.POST.get("format", "")
    if kind not in sheets.TYPES:
        raise Http404
    if people.is_old(slot):
        messages.error(
            request,
            gettext("Dieser Termin ist lange vorbei, die Namen sind gelöscht. Es gibt keine Liste mehr."),
        )
        return redirect(slot.staff_path)
    desk.log(accounts.person(request), gettext("Liste exportiert (%s)") % kind.upper(), slot)
    head, rows = table(slot)
    return sheets.download(kind, name=slot.title, day=slot.starts, head=head, rows=rows)


def table(slot: Slot) -> tuple[list[str], list[list[str | int]]]:
    """Headings, and a row for each party that comes or waits."""
    model = signup_model(slot)
    questions = [str(model._meta.get_field(name).verbose_name) for name in model.answers]  # type: ignore[union-attr]
    head = [gettext("Name"), gettext("Personen"), gettext("Stand"), gettext("E-Mail"), gettext("Telefon")]
    coming, waiting = _coming_and_waiting(slot)
    rows = [
        [line["name"], line["seats"], line["status"], line["email"], line["phone"]]
        + [answer for _question, answer in line["answered"]]
        + ["; ".join(line["remarks"])]
        for line in [*coming, *waiting]
    ]
    return [*head, *questions, gettext("Hinweise")], rows


def _coming_and_waiting(slot: Slot) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    found = {state: people.groups(slot, state=state) for state in ("kommt", "wartet")}
    coming, waiting = ([line for group in groups for line in group["lines"]] for groups in found.values())
    return coming, waiting
