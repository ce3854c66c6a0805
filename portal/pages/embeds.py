"""A town's dates and initiatives for its own web site: plain HTML in a frame, without script and cookie.

The only pages that others may frame. What is shown is public and there is no form and no login on it, so a frame around
it can trick nobody into anything: any site with HTTPS may do it, and no list of sites has to be kept. Rejected: a
column per organisation with its site, which a clerk forgets when the site moves.
"""

from functools import cache

from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from initiatives.models import Initiative
from portal import slugs
from portal.models import Municipality, OldSlug
from portal.origin import shared
from portal.pages.api.fields import absolute
from volunteers.cards import card
from volunteers.models import Shift

DATES, INITIATIVES = 6, 6


@shared
@xframe_options_exempt
@require_safe
def town(request: HttpRequest, slug: str) -> HttpResponse:
    """What there is in a town, or in a Landkreis and its towns; links open the portal in the whole window."""
    rows = Municipality.objects.select_related("successor")
    here = slugs.find(rows, slug)
    if here is None:
        return slugs.lead_on(OldSlug.Kind.MUNICIPALITY, slug, view="embed", public=rows)
    if here.successor:
        return HttpResponsePermanentRedirect(reverse("embed", args=[here.successor.slug]))
    page = {"town": here, "page_url": absolute(here.get_absolute_url()), **_shown(here)}
    response = render(request, "portal/embed.html", page)
    response.headers["Content-Security-Policy"] = _policy()
    return response


def offer(town: Municipality) -> dict[str, str]:
    """The address of its list, and the lines that a clerk copies into the town's own site."""
    url = reverse("embed", args=[town.slug])
    title = escape(_("Mithelfen und Initiativen: %s") % town.name)
    size = 'width="100%" height="700" loading="lazy"'
    return {"url": url, "snippet": f'<iframe src="{absolute(url)}"\n title="{title}"\n {size}></iframe>'}


def _shown(here: Municipality) -> dict[str, object]:
    """The soonest dates that take people, and the first initiatives of the list: two statements."""
    now = timezone.now()
    dates = Shift.objects.public().open_for_signup(now).filter(here.within("opportunity__municipality"))
    rows = Initiative.objects.public().filter(here.within("municipality")).ranked()
    return {
        "shifts": [card(shift, now=now) for shift in dates.for_cards()[:DATES]],
        "initiatives": list(rows.for_cards()[:INITIATIVES]),
    }


@cache
def _policy() -> str:
    """As everywhere, but in frames of other sites, and with nothing that acts."""
    framed_by = ["https:"] if settings.HTTPS else ["http:", "https:"]
    nothing = {name: ["'none'"] for name in ("script-src", "connect-src", "form-action", "manifest-src")}
    return build_policy(replace={**nothing, "frame-ancestors": framed_by})
