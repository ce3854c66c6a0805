"""What public rows have in common in the Redaktion: their town where they have one, their address, their state.

Its address comes from title, town and year; once published it is a promise, and a new one keeps the old (mission.md).
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal import accounts, roles, slugs
from portal.models import Municipality, Organisation
from portal.publishing import publish, refuse_gaps, take_down
from portal.roles import Reach
from portal.scoping import LATER, NONE, ScopedAdmin, atomically

UNFINISHED = ("draft", "in_review")
DRAFTS = 5  # on the start page


class PublishedAdmin(ScopedAdmin):
    """For models with state, slug, municipality, organisation and `missing_for_publication`."""

    view_on_site = True

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        return super().get_view_on_site_url(obj) if obj and obj.is_public else None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A published address never breaks: what was public once is archived, not deleted."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.published_at is None)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """With a page go its parts, such as remarks and checked links, which nobody deletes by themselves."""
        rows, counts, needed, protected = super().get_deleted_objects(objs, request)
        allowed = all(self.has_delete_permission(request, row) for row in objs)
        return rows, counts, set() if allowed else needed, protected

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if "municipality" in form.base_fields:
            towns = self.towns(request, obj)
            form.base_fields["municipality"].queryset = towns
            if obj is None and towns.count() == 1:
                form.base_fields["municipality"].initial = towns.get()
        if "slug" in form.base_fields:
            form.base_fields["slug"].required = False
        return form

    def towns(self, request: HttpRequest, obj: Any) -> QuerySet[Municipality]:
        """Where a new row may lie; for an old one: the towns of who answers for it, so that it stays theirs."""
        mine = Q(pk=obj.municipality_id) if obj else NONE
        for reach, organisation, _only in roles.reaches(
            accounts.person(request), "change" if obj else "add", self.opts.label_lower
        ):
            if reach is Reach.ALL:
                organisation = obj.organisation if obj else None
            elif obj and organisation != obj.organisation:
                continue
            if reach is Reach.TRUST:
                mine |= Q(organisation=None)
            elif organisation is None or organisation.kind == Organisation.Kind.ASSOCIATION:
                return Municipality.objects.current()
            else:
                mine |= Q(organisation=organisation)
        return Municipality.objects.current().filter(mine)

    def wanted_slug(self, obj: Any) -> str:
        """What the address says; without a year unless the model's admin adds one."""
        return slugs.compose(obj.title, obj.municipality.name)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = type(obj).objects.get(pk=obj.pk).slug if change else ""
        wanted = obj.slug or self.wanted_slug(obj)
        reserved = getattr(obj, "RESERVED_SLUGS", ())
        published = change and obj.published_at is not None
        if published:
            obj.slug = before
        elif wanted != before:
            obj.slug = slugs.unique_slug(type(obj), slugs.slugify_german(wanted), reserved=reserved)
        super().save_model(request, obj, form, change)
        if published:
            slugs.rename(obj, wanted)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        refuse_gaps(form.instance)

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        if obj is None or not self.has_change_permission(request, obj):
            return []
        if obj.state == obj.State.PUBLISHED:
            return [
                {"name": "_draft", "label": gettext("Speichern und zurück zum Entwurf")},
                {"name": "_archive", "label": gettext("Speichern und archivieren")},
            ]
        return [{"name": "_publish", "label": gettext("Speichern und veröffentlichen")}]

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """A new draft stays open: the next steps are on its own page."""
        self.message_user(
            request,
            gettext("Der Entwurf ist gespeichert. Veröffentlichen können Sie ihn ganz unten."),
            messages.SUCCESS,
        )
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", obj.pk)

    def verbs(self, request: HttpRequest, obj: Any) -> dict[str, tuple[Callable[[], object], str]]:
        """Name of a button → what it does, and what is said when it is done."""
        return {
            "_publish": (lambda: publish(obj, now=timezone.now()), gettext("Veröffentlicht.")),
            "_draft": (lambda: self.take_down(obj, "draft"), gettext("Die Seite ist jetzt ein Entwurf.")),
            "_archive": (lambda: self.take_down(obj, "archived"), gettext("Die Seite ist archiviert.")),
        }

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        for name, (verb, done) in self.verbs(request, obj).items():
            if name in request.POST:
                refused = atomically(verb)
                self.message_user(request, refused or done, messages.ERROR if refused else messages.SUCCESS)
                if not refused:
                    self.log_change(request, obj, done)
                return redirect(request.path)
        return super().response_change(request, obj)

    def take_down(self, obj: Any, state: str) -> None:
        take_down(obj, state=state)

    def draft_lines(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The last unfinished rows, and what each still needs, for the start page."""
        mine = self.get_queryset(request).filter(state__in=UNFINISHED).order_by("-changed_at")
        return [self._draft_line(row) for row in self.with_missing(mine)[:DRAFTS]]

    def with_missing(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """With all that `missing_for_publication` reads, so that many rows ask no more than one."""
        raise NotImplementedError

    def _draft_line(self, row: Any) -> dict[str, Any]:
        missing = ", ".join(row.missing_for_publication())
        return {
            "url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk]),
            "text": gettext("%(state)s: „%(title)s“")
            % {"state": capfirst(row.get_state_display()), "title": row.title},
            "note": gettext("Es fehlt: %s.") % missing if missing else gettext("Kann veröffentlicht werden."),
            "action": gettext("Fertigstellen"),
            "order": LATER,
        }

    def state_in_words(self, obj: Any) -> str:
        """The state, and while it is not public what is missing for that."""
        if obj.pk is None:
            return gettext("neuer Entwurf")
        missing = [] if obj.state == obj.State.PUBLISHED else obj.missing_for_publication()
        if not missing:
            return self.state_label(obj)
        items = format_html_join("", "<li>{}</li>", ((item,) for item in missing))
        return format_html(
            "{}. {}<ul>{}</ul>", obj.get_state_display(), gettext("Zum Veröffentlichen fehlt:"), items
        )

    def state_label(self, obj: Any) -> str:
        """The state of a row that lacks nothing."""
        return str(obj.get_state_display())

    state_in_words.short_description = _("Stand")  # type: ignore[attr-defined]
