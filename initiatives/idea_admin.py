"""Ideas in the Redaktion of the association: the type of initiative, its model Steckbrief and its files."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from initiatives import idea_files
from initiatives.blueprint_admin import BlueprintInline, drop_empty
from initiatives.models import Idea
from portal import inputs, slugs, sure, uploads
from portal.refused import Refused
from portal.scoping import ScopedAdmin
from portal.widgets import StaffForm


class ModelBlueprintInline(BlueprintInline):
    verbose_name = verbose_name_plural = _("Steckbrief")
    classes = ()


class FileForm(StaffForm):
    """One more file."""

    file = forms.FileField(
        label=_("Datei auswählen"),
        max_length=1000,
        allow_empty_file=True,  # `uploads.kind` has the sentence for it
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
        help_text=_("Nur PDF, höchstens %s MB.") % (uploads.FILE // 1024 // 1024),
        error_messages={"required": _("Bitte wählen Sie eine Datei aus.")},
    )
    title = forms.CharField(
        label=_("Was ist es?"),
        max_length=120,
        help_text=_("So heißt der Link auf der Seite: „Laufzettel mit Hinweis zur Haftung“."),
        error_messages={"required": _("Bitte schreiben Sie, was es ist.")},
    )


class IdeaAdmin(ScopedAdmin):
    """Its address is made from the name and stays: ideas are linked from everywhere."""

    place = 65
    menu = _("Ideen")
    scope = None
    list_display = ("name", "released_on", "order")
    fields = ("name", "topics", "summary", "text", "released_on", "order")
    inlines = (ModelBlueprintInline,)

    def get_urls(self) -> list[Any]:
        """The page of a row's files, before Django's own."""
        view = self.admin_site.admin_view(self.files_view)
        return [
            path("<int:object_id>/dateien/", view, name="initiatives_idea_files"),
            *super().get_urls(),
        ]

    def tools(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        files = {"url": reverse("admin:initiatives_idea_files", args=[obj.pk]), "label": gettext("Dateien")}
        page = {"url": obj.get_absolute_url(), "label": gettext("So sehen es die Gäste")}
        return [*super().tools(request, obj), files, page]

    def files_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """What is there to download, with a place for one more; a POST adds or removes."""
        idea = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_change_permission(request, idea):
            raise Http404
        form = FileForm()
        if request.method == "POST":
            if "remove" in request.POST:
                return self._remove(request, idea)
            form = FileForm(request.POST, request.FILES)
            if form.is_valid() and self._add(idea, form):
                messages.success(request, gettext("Die Datei steht auf der Seite der Idee."))
                return redirect(request.path)
        page = self.admin_site.each_context(request) | {
            "title": gettext("Dateien"),
            "opts": self.opts,
            "original": idea,
            "edit_url": reverse("admin:initiatives_idea_change", args=[idea.pk]),
            "files": idea.files.all(),
            "form": form,
        }
        return TemplateResponse(request, "admin/idea_files.html", page, status=422 if form.errors else 200)

    def _add(self, idea: Idea, form: FileForm) -> bool:
        file = form.cleaned_data["file"]
        try:
            idea_files.add(
                idea, title=form.cleaned_data["title"], file=file, size=file.size, now=timezone.now()
            )
        except Refused as refused:
            form.add_error("file", str(refused))
        return not form.errors

    def _remove(self, request: HttpRequest, idea: Idea) -> HttpResponse:
        row = get_object_or_404(idea.files, pk=inputs.key(request.POST["remove"]))
        question = gettext("„%s“ entfernen? Die Datei wird gelöscht.") % row.title
        if page := sure.ask(self.admin_site, request, question=question, deed=gettext("Ja, Datei entfernen")):
            return page
        idea_files.remove(row)
        messages.success(request, gettext("Die Datei ist entfernt."))
        return redirect(request.path)

    def save_model(self, request: HttpRequest, obj: Idea, form: Any, change: bool) -> None:
        if not obj.slug:
            obj.slug = slugs.unique_slug(Idea, slugs.slugify_german(obj.name))
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        drop_empty(form.instance)
