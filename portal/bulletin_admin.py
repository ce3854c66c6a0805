"""„Text fürs Mitteilungsblatt“ in the Redaktion: the paragraph to copy and the poster to print, of each public row."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext

from portal import bulletin
from portal.bulletin import Notice
from portal.posters import poster
from portal.published_admin import PublishedAdmin

SHOWN = 20  # rows of a kind on the overview; the lists have all


class BulletinAdmin(PublishedAdmin):
    """For models of which a paper may print something; subclasses say what."""

    def notice(self, obj: Any) -> Notice:
        raise NotImplementedError

    def bulletin_rows(self, request: HttpRequest) -> Any:
        """What may be printed now, the most wanted first."""
        return self.get_queryset(request).filter(state=self.model.State.PUBLISHED)

    def get_urls(self) -> list[Any]:
        """Two pages of a row, before Django's own."""
        at = {
            "mitteilungsblatt/": (self.bulletin_view, "bulletin"),
            "plakat.pdf": (self.poster_view, "poster"),
        }
        own = [
            path(f"<int:object_id>/{route}", self.admin_site.admin_view(view), name=self._named(name))
            for route, (view, name) in at.items()
        ]
        return [*own, *super().get_urls()]

    def _named(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _url(self, page: str, obj: Any) -> str:
        return reverse(f"admin:{self._named(page)}", args=[obj.pk])

    def tools(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        url = {"url": self._url("bulletin", obj), "label": gettext("Text fürs Mitteilungsblatt, Plakat")}
        return [url, *super().tools(request, obj)]

    def bulletin_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The paragraph, how long it is, and the way to the poster."""
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        notice = self.notice(obj)
        text = bulletin.paragraph(notice)
        page = {
            "title": gettext("Text fürs Mitteilungsblatt"),
            "opts": self.opts,
            "original": obj,
            "notice": notice,
            "text": text,
            "most": bulletin.MOST,
            "poster_url": self._url("poster", obj),
            "edit_url": self._url("change", obj),
        }
        return TemplateResponse(request, "admin/bulletin.html", self.admin_site.each_context(request) | page)

    def poster_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The poster as a PDF, shown by the browser."""
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        answer = HttpResponse(poster(self.notice(obj)), content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="plakat-{obj.slug}.pdf"'
        return answer

    def bulletin_lines(self, request: HttpRequest) -> list[dict[str, str]]:
        """The rows for the overview, with the way to their text."""
        rows = self.bulletin_rows(request)[:SHOWN]
        return [{"url": self._url("bulletin", row), "text": str(row)} for row in rows]


def overview(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Of what may there be a text? All that is mine and public."""
    admins = [each for each in site._registry.values() if isinstance(each, BulletinAdmin)]
    blocks = [
        {"title": each.opts.verbose_name_plural, "lines": each.bulletin_lines(request)}
        for each in sorted(admins, key=lambda each: each.place)
        if each.has_module_permission(request)
    ]
    page = {"title": gettext("Text fürs Mitteilungsblatt"), "blocks": blocks}
    return TemplateResponse(request, "admin/bulletins.html", site.each_context(request) | page)
