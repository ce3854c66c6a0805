"""Review in the Redaktion: buttons that hand a page in or send it back, remarks, what waits for whom, the preview."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives import reviewing
from initiatives.models import Initiative, Remark
from portal import accounts, dates, welcome
from portal.published_admin import PublishedAdmin
from portal.publishing import refuse_gaps
from portal.scoping import SOON
from portal.versions_admin import VersionedAdmin

MOST = 2000  # characters of a remark
SHOWN = 20  # remarks on the page
State = Initiative.State


class ReviewForm(forms.ModelForm):
    """The page with a remark that goes to the other editors."""

    remark = forms.CharField(
        label=_("Ihre Bemerkung (freiwillig)"),
        required=False,
        max_length=MOST,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )


class ReviewedAdmin(VersionedAdmin, PublishedAdmin):
    """For initiatives on their way from draft to public (rule 19)."""

    form = ReviewForm

    def tools(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        preview = {"url": reverse("preview_initiative", args=[obj.pk]), "label": gettext("Vorschau")}
        found = super().tools(request, obj)
        return found if obj.is_public else [preview, *found]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without a place for remarks on what is not there yet, or for who only reads."""
        hidden = set() if obj and self.has_change_permission(request, obj) else {"remark"}
        if obj is None or not obj.remarks.exists():
            hidden.add("remarks_in_words")
        kept = [
            (title, options | {"fields": tuple(name for name in options["fields"] if name not in hidden)})
            for title, options in super().get_fieldsets(request, obj)
        ]
        return [(title, options) for title, options in kept if options["fields"]]

    @admin.display(description=_("Bemerkungen"))
    def remarks_in_words(self, obj: Initiative) -> str:
        """The newest first: who, when, what it did, and the words."""
        rows = obj.remarks.select_related("by")[:SHOWN]  # type: ignore[attr-defined]
        lines = (
            (row.who, dates.short(row.said_at), _step(row), format_html("<p>{}</p>", row.text))
            for row in rows
        )
        return format_html(
            '<ul class="remarks">{}</ul>',
            format_html_join("", "<li><strong>{}</strong>, {}{}{}</li>", lines),
        )

    def state_label(self, obj: Initiative) -> str:
        state = super().state_label(obj)
        if not (obj.state == State.PUBLISHED and obj.waits_until):
            return state
        words = {"state": state, "day": date_format(obj.waits_until, "j. F Y")}
        return gettext("%(state)s, öffentlich ab %(day)s") % words

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        found = super().buttons(request, obj)
        steps = {
            State.DRAFT: ("_hand_in", gettext("Speichern und zur Prüfung geben")),
            State.IN_REVIEW: ("_send_back", gettext("Speichern und zurück zum Entwurf")),
            State.ARCHIVED: ("_draft", gettext("Speichern und zurück zum Entwurf")),
        }
        if not found or obj.state not in steps:
            return found
        name, label = steps[obj.state]
        return [*found, {"name": name, "label": label}]

    def verbs(self, request: HttpRequest, obj: Any) -> dict[str, tuple[Callable[[], object], str]]:
        said = {"text": _typed(request), "by": accounts.person(request), "now": timezone.now()}
        return super().verbs(request, obj) | {
            "_hand_in": (
                lambda: reviewing.hand_in(obj, **said),
                gettext("Zur Prüfung gegeben. Die anderen in Ihrer Redaktion bekommen eine Mail."),
            ),
            "_send_back": (lambda: reviewing.send_back(obj, **said), gettext("Zurück zum Entwurf.")),
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What a page that was published needs is asked for in words, before the database does in its own."""
        if change:
            refuse_gaps(obj)
        super().save_model(request, obj, form, change)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        """A remark that belongs to no step is a note."""
        text = _typed(request)
        if text and not {"_hand_in", "_send_back"} & request.POST.keys():
            reviewing.remark(obj, text=text, by=accounts.person(request), now=timezone.now())
        return super().response_change(request, obj)

    def _draft_line(self, row: Initiative) -> dict[str, Any]:
        """What waits for a look, or came back with a remark, is more pressing than what somebody began."""
        line, said = super()._draft_line(row), next(iter(row.remarks.all()), None)  # type: ignore[attr-defined]
        if row.state == State.IN_REVIEW:
            since = welcome.waiting_words(said.said_at if said else row.changed_at, now=timezone.now())
            words = gettext("„%(title)s“ wartet %(since)s auf Prüfung") % {"title": row.title, "since": since}
            line |= {"text": words, "action": gettext("Prüfen"), "order": SOON}
        elif said and said.step == Remark.Step.SENT_BACK:
            line |= {"note": f"{said.who}: {said.text}", "order": SOON}
        return line


def _typed(request: HttpRequest) -> str:
    return request.POST.get("remark", "").strip()


def _step(row: Remark) -> str:
    return "" if row.step == Remark.Step.NOTE else f", {row.get_step_display()}"
