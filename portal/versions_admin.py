"""„Frühere Fassungen“ in the Redaktion: the versions of a row, two of them compared, one brought back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from portal import versions
from portal.publishing import refuse_gaps
from portal.scoping import ScopedAdmin, atomically

SHOWN = 100  # versions on the page


class VersionedAdmin(ScopedAdmin):
    """For models with `versions`. Who sees a row sees its versions, who changes it brings one back."""

    has_history = False  # the versions say more

    def get_urls(self) -> list[Any]:
        """The pages of a row's versions, before Django's own."""
        routes: dict[str, tuple[Any, str]] = {
            "fassungen/": (self.versions_view, "versions"),
            "fassungen/vergleich/": (self.compare_view, "compare"),
            "fassungen/<int:version_id>/": (self.restore_view, "restore"),
        }
        own = [
            path(f"<int:object_id>/{route}", self.admin_site.admin_view(view), name=self._route(name))
            for route, (view, name) in routes.items()
        ]
        return [*own, *super().get_urls()]

    def _route(self, name: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{name}"

    def _way(self, name: str, *keys: Any) -> str:
        return reverse(f"admin:{self._route(name)}", args=keys)

    def tools(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        found = super().tools(request, obj)
        return [*found, {"url": self._way("versions", obj.pk), "label": gettext("Frühere Fassungen")}]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What stood there before this form was typed is kept, too."""
        if change:
            versions.keep_today(obj)
        super().save_model(request, obj, form, change)

    def _show(self, request: HttpRequest, name: str, obj: Any, context: dict[str, Any]) -> HttpResponse:
        facts = {
            "opts": self.opts,
            "original": obj,
            "edit_url": self._way("change", obj.pk),
            "versions_url": self._way("versions", obj.pk),
        }
        page = self.admin_site.each_context(request) | facts | context
        return TemplateResponse(request, f"admin/versions/{name}.html", page)

    def versions_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Who changed what and when, the newest first."""
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        rows = list(obj.versions.select_related("history_user")[: SHOWN + 1])
        before = [*rows[1:], None]
        lines = [self._version_line(obj, row, old, rows[0]) for row, old in zip(rows, before, strict=True)][
            :SHOWN
        ]
        page = {
            "title": gettext("Frühere Fassungen"),
            "lines": lines,
            "compare_url": self._way("compare", obj.pk),
            "may_change": self.has_change_permission(request, obj),
        }
        return self._show(request, "list", obj, page)

    def _version_line(self, obj: Any, row: Any, before: Any, newest: Any) -> dict[str, Any]:
        return {
            "pk": row.pk,
            "when": when(row),
            "who": who(row),
            "what": row.history_change_reason or versions.in_words(before, row),
            "url": "" if row == newest else self._way("restore", obj.pk, row.pk),
        }

    def compare_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Two versions, of `?alt=` and `?neu=`, field by field."""
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        old, new = self._two(request, obj)
        page = {
            "title": gettext("Fassungen vergleichen"),
            "old": {"when": when(old), "who": who(old)},
            "new": {"when": when(new), "who": who(new)},
            "differences": versions.compare(old, new),
        }
        return self._show(request, "compare", obj, page)

    def _two(self, request: HttpRequest, obj: Any) -> list[Any]:
        """The versions that were chosen, the older one first; the last two where none was."""
        newest = [row.pk for row in obj.versions.all()[:2]]
        keys = [request.GET.get(name, newest[at]) for name, at in (("alt", -1), ("neu", 0)) if newest]
        found = [self._version(obj, key) for key in keys]
        if not found:
            raise Http404
        return sorted(found, key=lambda row: (row.history_date, row.pk))

    def _version(self, obj: Any, key: int | str) -> Any:
        if not str(key).isdecimal():
            raise Http404
        return get_object_or_404(obj.versions.select_related("history_user"), pk=key)

    def restore_view(self, request: HttpRequest, object_id: int, version_id: int) -> HttpResponse:
        """What would change, and the button that makes today's words those of the version."""
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        version = self._version(obj, version_id)
        may_change = self.has_change_permission(request, obj)
        if request.method == "POST":
            if not may_change:
                raise Http404
            return self._restore(request, obj, version)
        names, found = self._typable(request, obj), versions.compare(obj, version)
        page = {
            "title": gettext("Fassung vom %s") % when(version),
            "who": who(version),
            "differences": [d for d in found if d.name in names],
            "stays": [d.label for d in found if d.name not in names],
            "may_change": may_change,
        }
        return self._show(request, "restore", obj, page)

    def _typable(self, request: HttpRequest, obj: Any) -> set[str]:
        """What the form would let this person change now: not the state, nor what people count on."""
        form = self.get_form(request, obj, change=True)(instance=obj)
        return {name for name, field in form.fields.items() if not field.disabled}

    def _restore(self, request: HttpRequest, obj: Any, version: Any) -> HttpResponse:
        """As if somebody had typed it into the form: addresses, mails and what must not be missing included."""
        words = gettext("Fassung vom %s wiederhergestellt") % when(version)
        names = self._typable(request, obj)

        def save() -> None:
            form = versions.restored(obj, version, names=names)
            if hasattr(obj, "is_public"):
                refuse_gaps(obj)  # in words, before a constraint says it in its own
            obj._change_reason = words
            self.save_model(request, obj, form, True)
            self.save_related(request, form, [], True)
            self.log_change(request, obj, words)

        refused = atomically(save)
        messages.add_message(request, messages.ERROR if refused else messages.SUCCESS, refused or f"{words}.")
        if refused:
            return redirect(request.path)
        return redirect(self._way("versions", obj.pk))


def when(version: Any) -> str:
    """„3. März 2026, 14:05 Uhr“."""
    return gettext("%s Uhr") % date_format(timezone.localtime(version.history_date), "j. F Y, H:i")


def who(version: Any) -> str:
    """The person's name; of what no person did: the portal."""
    user = version.history_user
    return str(user.name or user.email) if user else gettext("das Portal")
