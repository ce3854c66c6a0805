"""The Steckbrief below the form of an initiative or idea: folded, one question beside each answer."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from initiatives.models import Blueprint, Idea, Initiative
from portal.scoping import ScopedInline


class BlueprintInline(ScopedInline, admin.StackedInline):
    model = Blueprint
    scope = "initiative__organisation"
    fields = Blueprint.QUESTIONS
    classes: tuple[str, ...] = ("collapse",)
    # The heading of a single one; its own line below it is hidden (admin.css).
    verbose_name = _("Steckbrief: damit es andere nachmachen können (freiwillig)")
    verbose_name_plural = verbose_name
    can_delete = False

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """The questions are there, also where no script adds them."""
        return 1


def drop_empty(owner: Idea | Initiative) -> None:
    """A Steckbrief without a single answer is none."""
    kept = Blueprint.objects.filter(**{str(owner._meta.model_name): owner}).first()
    if kept and not kept.answers():
        kept.delete()
