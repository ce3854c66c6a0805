"""The page that explains the open data to people: what there is, under which licence, and how it is named."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from initiatives.models import Topic
from portal.origin import shared
from portal.pages.api.document import LICENCE, LICENCE_URL, attribution
from portal.pages.api.fields import absolute
from portal.pages.api.resources import resources


@shared
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Lists with their fields, the licence, the attribution, and what changes when."""
    shown = {
        "kinds": resources(timezone.now()).values(),
        "topics": Topic.objects.all(),
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
        "attribution": attribution(),
        "site_url": absolute(""),
        "table_example": f"{reverse('initiatives_csv')}?thema=umwelt",
        "crumbs": [(_("Offene Daten"), "")],
    }
    return render(request, "portal/open_data.html", shown)
