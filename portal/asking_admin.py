"""What people from outside ask, in the Redaktion: read and settled, never written (`asking.py`).

Who read the list or a row, stands in the log (rule 34).
"""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accesslog, accounts, welcome
from portal.models import Organisation
from portal.scoping import ScopedAdmin, atomically

LINES = 5  # on the start page
_SINCE = Coalesce("confirmed_at", "entered_at")


class StateFilter(admin.SimpleListFilter):
    title = _("Stand")
    parameter_name = "stand"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("offen", _("offen")), ("beantwortet", _("beantwortet"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        wanted = {"offen": True, "beantwortet": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(settled_at__isnull=wanted)


class LoggedAdmin(ScopedAdmin):
    """Rows about people outside that are read here; verbs write them, and the log says who read."""

    has_history = False
    list_read: ClassVar[Any]  # of the log: „Hinweise"
    row_read: ClassVar[Any]  # of the log, as in `records.SENTENCES`: „Hinweis gelesen"

    def organisation_of(self, obj: Any) -> Organisation:
        """Who answers for the row."""
        raise NotImplementedError

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        user, now = accounts.person(request), timezone.now()
        accesslog.list_read(user, model=self.opts.label_lower, about=str(self.list_read), now=now)
        return super().changelist_view(request, extra_context)  # type: ignore[no-any-return]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> Any:
        """Nothing is saved here, only settled."""
        no_save = {
            "show_save": False,
            "show_save_and_continue": False,
        }
        return super().changeform_view(request, object_id, form_url, no_save | (extra_context or {}))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = context["original"]
        accesslog.record(
            accounts.person(request),
            action=str(self.row_read),
            about=row.label,
            organisation=self.organisation_of(row),
            now=timezone.now(),
        )
        response = super().render_change_form(request, context, *args, **kwargs)
        response.context_data |= {"title": self.heading(row), "subtitle": None}
        return response

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The verb writes."""


class AskingAdmin(LoggedAdmin):
    """Rows of an `Asking`, which belong to whoever answers."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(self.readonly_fields)
        return (*fields, "answer") if obj and obj.settled_at else fields

    @admin.display(description=_("Stand"))
    def state_in_words(self, obj: Any) -> str:
        return obj.state_in_words  # type: ignore[no-any-return]

    def settle(self, request: HttpRequest, verb: Callable[[], object], done: str) -> None:
        """Run a verb of a button and say what became of it."""
        refused = atomically(verb)
        self.message_user(request, refused or done, messages.ERROR if refused else messages.SUCCESS)

    def todo_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The longest waiting first."""
        rows = self.waiting(self.get_queryset(request).filter(settled_at=None))
        return [self._todo_line(row) for row in rows.order_by(_SINCE, "pk")[:LINES]]

    def waiting(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """With what `todo` says of a row."""
        return rows

    def todo(self, obj: Any, since: str) -> tuple[str, str]:
        """Of one that waits: the line („Hinweis zu „Bachpaten“ wartet seit gestern") and its note."""
        raise NotImplementedError

    def _todo_line(self, row: Any) -> dict[str, str]:
        since = row.confirmed_at or row.entered_at
        text, note = self.todo(row, welcome.waiting_words(since, now=timezone.now()))
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        return {"url": url, "text": text, "note": note, "action": gettext("Ansehen")}
