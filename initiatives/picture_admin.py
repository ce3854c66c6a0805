"""„Bilder" in the Redaktion: the pictures of one initiative on a page of their own, with a place for one more.

A page of its own, because only its address takes big bodies (`uploads.py`), and a file that is refused costs nobody the
text of the page. Who sees the row sees its pictures, also while it is a draft; who changes it changes them.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from initiatives import picture_pages, pictures
from initiatives.models import Initiative, Picture
from portal import inputs, sure, uploads
from portal.refused import Refused
from portal.scoping import ScopedAdmin, atomically
from portal.widgets import StaffForm

MB = uploads.FILE // 1024 // 1024
FIELDS = [
    ("00", _("oben links")), ("10", _("oben in der Mitte")), ("20", _("oben rechts")),
    ("01", _("links")), ("11", _("in der Mitte")), ("21", _("rechts")),
    ("02", _("unten links")), ("12", _("unten in der Mitte")), ("22", _("unten rechts")),
]  # fmt: skip


def address(object_id: int, name: str, width: int) -> str:
    """Where staff see a picture, whatever the state of its page."""
    return reverse("admin:initiatives_initiative_picture", args=[object_id, name, width])


class TellingForm(StaffForm):
    """What those learn who do not see the picture, and who made it."""

    alt = forms.CharField(
        label=_("Was ist zu sehen?"),
        required=False,
        max_length=250,
        help_text=_("Ein Satz für alle, die das Bild nicht sehen: „Drei Frauen reparieren ein Fahrrad.“"),
    )
    is_decorative = forms.BooleanField(
        label=_("Das Bild schmückt nur, es zeigt nichts Wichtiges"), required=False
    )
    credit = forms.CharField(
        label=_("Wer hat es aufgenommen? (freiwillig)"),
        required=False,
        max_length=160,
        help_text=_("Steht klein unter dem Bild."),
    )


class UploadForm(TellingForm):
    """One more picture."""

    file = forms.FileField(
        label=_("Bild auswählen"),
        max_length=1000,
        allow_empty_file=True,  # `uploads.kind` has the sentence for it
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text=_("JPEG, PNG oder WebP, höchstens %s MB. Angaben zu Ort und Gerät entfernen wir.") % MB,
        error_messages={"required": _("Bitte wählen Sie ein Bild aus.")},
    )
    field_order = ("file", "alt", "is_decorative", "credit")


class PictureForm(TellingForm):
    """A picture that is there."""

    focus = forms.ChoiceField(
        label=_("Was soll auch im Ausschnitt zu sehen sein?"), choices=FIELDS, widget=forms.RadioSelect
    )


def form_of(picture: Picture, data: Any = None) -> PictureForm:
    """The form of this picture; its fields are named after it, for many stand on one page."""
    said = {name: getattr(picture, name) for name in ("alt", "is_decorative", "credit", "focus")}
    return PictureForm(data, initial=said, prefix=f"bild-{picture.pk}")


class PicturedAdmin(ScopedAdmin):
    """For initiatives: two addresses more."""

    def get_urls(self) -> list[Any]:
        """The page and the files, before Django's own."""
        site = self.admin_site
        pages = site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.pictures_view))
        files = site.admin_view(self.picture_view)
        at = "<int:object_id>/bilder/"
        own = [
            path(at, pages, name="initiatives_initiative_pictures"),
            path(f"{at}<str:name>-<int:width>.webp", files, name="initiatives_initiative_picture"),
        ]
        return [*own, *super().get_urls()]

    def tools(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        url = reverse("admin:initiatives_initiative_pictures", args=[obj.pk])
        return [{"url": url, "label": gettext("Bilder")}, *super().tools(request, obj)]

    def picture_view(self, request: HttpRequest, object_id: int, name: str, width: int) -> HttpResponse:
        """One width of a picture of a row that one sees here."""
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        if request.method not in ("GET", "HEAD"):  # after the row: to strangers there is none
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return picture_pages.answer(Picture.objects.filter(initiative=row, name=name).first(), width)

    def pictures_view(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """All pictures with what is said of them, and one more; each button sends its own form."""
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        may_change = self.has_change_permission(request, obj)
        if request.method == "GET" or request.method == "HEAD":
            return self._page(request, obj, may_change=may_change)
        if not may_change:
            raise Http404
        if "picture" not in request.POST:
            return self._upload(request, obj)
        return self._act(
            request, obj, get_object_or_404(obj.pictures, pk=inputs.key(request.POST["picture"]))
        )

    def _upload(self, request: HttpRequest, obj: Initiative) -> HttpResponse:
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid():
            said = dict(form.cleaned_data)
            file = said.pop("file")
            try:
                pictures.add(obj, file=file, size=file.size, **said)
                return self._done(request, obj, gettext("Das Bild ist da."))
            except Refused as refused:
                form.add_error("file", str(refused))
        return self._page(request, obj, may_change=True, upload=form)

    def _act(self, request: HttpRequest, obj: Initiative, picture: Picture) -> HttpResponse:
        picture.initiative = obj
        if "remove" in request.POST:
            question = gettext("Dieses Bild entfernen? Es wird gelöscht und lässt sich nicht zurückholen.")
            if page := sure.ask(
                self.admin_site, request, question=question, deed=gettext("Ja, Bild entfernen")
            ):
                return page
            return self._try(
                request, obj, lambda: pictures.remove(picture), gettext("Das Bild ist entfernt.")
            )
        if "first" in request.POST:
            words = gettext("Dieses Bild steht jetzt vorn.")
            return self._try(request, obj, lambda: pictures.put_first(picture), words)
        form = form_of(picture, request.POST)
        if form.is_valid() and not (
            refused := atomically(lambda: pictures.change(picture, **form.cleaned_data))
        ):
            return self._done(request, obj, gettext("Gespeichert."))
        if form.is_valid():
            form.add_error(None, refused)
        return self._page(request, obj, may_change=True, changed=(picture.pk, form))

    def _try(self, request: HttpRequest, obj: Initiative, verb: Any, words: str) -> HttpResponse:
        if refused := atomically(verb):
            messages.error(request, refused)
            return redirect(request.path)
        return self._done(request, obj, words)

    def _done(self, request: HttpRequest, obj: Initiative, words: str) -> HttpResponse:
        self.log_change(request, obj, words)
        messages.success(request, words)
        return redirect(request.path)

    def _page(
        self,
        request: HttpRequest,
        obj: Initiative,
        *,
        may_change: bool,
        upload: UploadForm | None = None,
        changed: tuple[int, PictureForm] | None = None,
    ) -> HttpResponse:
        key, wrong = changed or (0, None)
        rows = [
            {
                "picture": row,
                "shown": pictures.shown(row, lambda name, width: address(obj.pk, name, width)),
                "form": wrong if row.pk == key else form_of(row),
            }
            for row in obj.pictures.all()  # type: ignore[attr-defined]
        ]
        page = {
            "title": gettext("Bilder"),
            "opts": self.opts,
            "original": obj,
            "edit_url": reverse("admin:initiatives_initiative_change", args=[obj.pk]),
            "rows": rows,
            "form": wrong or upload or UploadForm(),
            "upload": (upload or UploadForm()) if may_change and len(rows) < pictures.MOST else None,
            "may_change": may_change,
        }
        status = 422 if wrong or upload else 200
        context = self.admin_site.each_context(request) | page
        return TemplateResponse(request, "admin/pictures.html", context, status=status)
