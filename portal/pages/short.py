"""Short addresses for paper: a row's number leads to its page, whatever that is called by now.

They are promises like all published addresses (mission.md): a number is never given twice, and rows that were
public are never deleted. The redirect is not permanent, for the page's own address may change; what is not
public does not exist.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from initiatives.models import Initiative
from portal.origin import shared
from volunteers.models import Opportunity


@shared
@require_safe
def action(request: HttpRequest, number: int) -> HttpResponse:
    """`/h/<number>`: „Hilfe gesucht“."""
    return redirect(get_object_or_404(Opportunity.objects.public().only("slug"), pk=number))


@shared
@require_safe
def initiative(request: HttpRequest, number: int) -> HttpResponse:
    """`/i/<number>`."""
    return redirect(get_object_or_404(Initiative.objects.public().only("slug"), pk=number))
