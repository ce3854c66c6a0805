"""„Vorschau" for staff: a page as everybody will see it, below /verwaltung/ and for those who may see its row.

It is the real template with the real rows; a bar says that nobody else sees it. What is not mine does not exist.
"""

from functools import partial

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from initiatives.models import Initiative
from initiatives.picture_admin import address
from portal.pages.initiative import page
from portal.scoping import ScopedAdmin


@require_safe
def initiative(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of an initiative in any state."""
    desk = admin.site._registry[Initiative]
    assert isinstance(desk, ScopedAdmin)  # noqa: S101  # the Redaktion registers nothing else
    if not desk.has_view_permission(request):
        raise Http404
    rows = desk.get_queryset(request).select_related("municipality__district", "organisation")
    row = get_object_or_404(rows, pk=pk)
    context = page(row, address=partial(address, pk)) | {
        "edit_url": reverse("admin:initiatives_initiative_change", args=[pk])
    }
    return render(request, "initiatives/detail.html", context)
