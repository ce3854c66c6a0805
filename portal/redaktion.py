"""The Redaktion: Django's admin under our name and behind the gate of `accounts.py`.

What is not mine does not exist: 404, also where Django answers 403. Whose a row is says `scoping.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth import logout
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal import (
    absence,
    absence_page,
    accounts,
    bulletin_admin,
    condition,
    first_steps,
    roles,
    versions,
    welcome,
)
from portal.scoping import SOON, ScopedAdmin


@dataclass(frozen=True)
class SitePage:
    """A page of no model, which an app adds; `label` is its name in the navigation of those who see it."""

    route: str
    view: Callable[..., HttpResponse]
    name: str
    label: Any
    sees: Callable[[HttpRequest], bool]


class Redaktion(admin.AdminSite):
    """Django's admin under our name, behind the gate of `accounts.py`."""

    site_header = site_title = _("Redaktion")
    index_title = _("Übersicht")
    enable_nav_sidebar = False
    index_template = "admin/start.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")
        self.pages: list[SitePage] = []

    def add_page(self, route: str, view: Callable[..., HttpResponse], **facts: Any) -> None:
        """A page below /verwaltung/ with a place in the navigation; `facts` are those of `SitePage`."""
        self.pages.append(SitePage(route, view, **facts))

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only models that say whose their rows are; libraries' own admins (codes, addresses) stay out."""
        if admin_class and issubclass(admin_class, ScopedAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return accounts.gate(request) is accounts.Gate.OPEN

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """First the gate, then the view; what one may not do looks like what is not there."""
        inner = super().admin_view(view, cacheable)

        def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if (answer := accounts.stop(request)) is not None:
                return answer
            try:
                with versions.written_by(request):
                    return inner(request, *args, **kwargs)  # type: ignore[no-any-return]
            except PermissionDenied:
                raise Http404 from None

        return gated

    def get_urls(self) -> list[Any]:
        shortcut = path(
            "r/<int:content_type_id>/<int:object_id>/", self.admin_view(self.on_site), name="view_on_site"
        )
        django_s = super().get_urls()
        status = path("zustand/", self.admin_view(require_safe(self.status)), name="status")
        texts = path("mitteilungsblatt/", self.admin_view(require_safe(self.bulletins)), name="bulletins")
        return [
            shortcut,
            status,
            texts,
            path("abwesenheit/", self.admin_view(absence_page.absence_page), name="absence"),
            *(path(page.route, self.admin_view(page.view), name=page.name) for page in self.pages),
            *(url for url in django_s if getattr(url, "name", "") != "view_on_site"),
        ]

    def on_site(self, request: HttpRequest, content_type_id: int, object_id: int) -> HttpResponse:
        """To the public page of a row that one may see here and everybody may see there."""
        content_type = ContentType.objects.filter(pk=content_type_id).first()
        model_admin = self._registry.get(content_type.model_class()) if content_type else None  # type: ignore[arg-type]
        if model_admin is None or not model_admin.has_view_permission(request):
            raise Http404
        obj = model_admin.get_queryset(request).filter(pk=object_id).first()
        if obj is None or not model_admin.get_view_on_site_url(obj):
            raise Http404
        return redirect(obj.get_absolute_url())

    def bulletins(self, request: HttpRequest) -> HttpResponse:
        """What the town's paper may print."""
        return bulletin_admin.overview(request, self)

    def sees_status(self, request: HttpRequest) -> bool:
        """The association's network and the operator; to a town's staff the page does not exist."""
        return roles.may(accounts.person(request), "view", "portal.heartbeat")

    def status(self, request: HttpRequest) -> HttpResponse:
        """How the machinery is, and what has to be done."""
        if not self.sees_status(request):
            raise Http404
        now = timezone.now()
        found = condition.findings(now)
        parts = {"todo": [f for f in found if f.advice], "good": [f for f in found if not f.advice]}
        context = self.each_context(request) | parts | {"title": gettext("Zustand"), "now": now}
        return TemplateResponse(request, "admin/status.html", context)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The one login of the portal is allauth's."""
        return accounts.stop(request) or redirect("admin:index")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.method == "POST":
            logout(request)
        return redirect("admin:index" if request.method != "POST" else "account_login")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def in_order(self, request: HttpRequest, right: str) -> list[Any]:
        """The admins that the person may use, what clerks need most often first."""
        found = [
            each for each in self._registry.values() if getattr(each, f"has_{right}_permission")(request)
        ]
        return sorted(found, key=lambda each: each.place)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With the places of the Redaktion for its navigation."""
        places = self._places(request) if self.has_permission(request) else []
        return super().each_context(request) | {"places": places}

    def _places(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Few, and named after tasks; lists that are nobody's task are the operator's."""
        operates = accounts.person(request).is_superuser
        found = [
            (each.menu or each.opts.verbose_name_plural, self._list_url(each))
            for each in self.in_order(request, "module")
            if each.menu or operates
        ]
        found += [(page.label, reverse(f"admin:{page.name}")) for page in self.pages if page.sees(request)]
        if self.sees_status(request):
            found.append((gettext("Zustand"), reverse("admin:status")))
        return [{"label": label, "url": url, "current": request.path.startswith(url)} for label, url in found]

    def _list_url(self, model_admin: Any) -> str:
        opts = model_admin.opts
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")

    def app_index(self, request: HttpRequest, app_label: str, extra_context: Any = None) -> Any:
        """Lists of models are for the operator; everybody else has tasks."""
        if not accounts.person(request).is_superuser:
            raise Http404
        return super().app_index(request, app_label, extra_context)

    def index(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """What is to be done, what comes, what one may begin: from every admin that has something to say."""
        user, now = accounts.person(request), timezone.now()
        admins = self.in_order(request, "module")
        coming = [line for each in admins for line in each.date_lines(request)]
        more = {
            "title": welcome.greeting(user, now=now),
            "ways": first_steps.ways(user),
            "todo": self._todo(request, admins, now),
            "coming": sorted(coming, key=lambda line: line["starts"]),
            "has_dates": any(each.has_dates for each in admins),
            "offers": self._offers(request, admins),
            "page_facts": [fact for each in admins for fact in each.page_facts(request)],
            "towns": welcome.towns(user),
            "team": absence.team(user, now=now),
            "association": welcome.help_desk(user),
        }
        return super().index(request, more | (extra_context or {}))

    def _todo(self, request: HttpRequest, admins: list[Any], now: datetime) -> list[dict[str, Any]]:
        """What is pressing first, and otherwise as the admins stand."""
        lines = [line for each in admins for line in each.todo_lines(request)] + self._status(request, now)
        return sorted(lines, key=lambda line: line.get("order", SOON))

    def _offers(self, request: HttpRequest, admins: list[Any]) -> list[dict[str, str]]:
        """What one may begin; last what a paper may print, of whatever is one's own."""
        offers = [offer for each in admins for offer in each.offers(request)]
        if any(isinstance(each, bulletin_admin.BulletinAdmin) for each in admins):
            offers.append({"url": reverse("admin:bulletins"), "label": gettext("Text fürs Mitteilungsblatt")})
        return offers

    def _status(self, request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
        """What the machinery asks for, in one line for those who see its page."""
        n = sum(1 for found in condition.findings(now) if found.advice) if self.sees_status(request) else 0
        if not n:
            return []
        text = ngettext("Zustand: %(n)s Hinweis", "Zustand: %(n)s Hinweise", n) % {"n": n}
        return [{"url": reverse("admin:status"), "text": text, "note": "", "action": gettext("Ansehen")}]
