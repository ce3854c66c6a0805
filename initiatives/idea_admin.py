"""Ideas in the Redaktion of the association: the type of initiative and its model Steckbrief."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from initiatives.blueprint_admin import BlueprintInline, drop_empty
from initiatives.models import Idea
from portal import slugs
from portal.scoping import ScopedAdmin


class ModelBlueprintInline(BlueprintInline):
    verbose_name_plural = _("Steckbrief")
    classes = ()


class IdeaAdmin(ScopedAdmin):
    """Its address is made from the name and stays: ideas are linked from everywhere."""

    place = 65
    menu = _("Ideen")
    scope = None
    list_display = ("name", "released_on", "order")
    fields = ("name", "topics", "summary", "text", "released_on", "order")
    inlines = (ModelBlueprintInline,)

    def save_model(self, request: HttpRequest, obj: Idea, form: Any, change: bool) -> None:
        if not obj.slug:
            obj.slug = slugs.unique_slug(Idea, slugs.slugify_german(obj.name))
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        drop_empty(form.instance)
