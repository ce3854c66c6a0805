"""Pictures as everybody sees them: while their page is public, and not a moment longer than a cache keeps them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from initiatives import pictures
from initiatives.models import Initiative, Picture
from portal import renditions, uploads


# A browser may keep it for an hour, its name is never given twice; shared caches as long as pages.
@cache_control(public=True, max_age=3600, s_maxage=30)
@require_safe
def picture(request: HttpRequest, name: str, width: int) -> HttpResponse:
    """One width of a picture whose initiative is public today."""
    public = Picture.objects.filter(initiative__in=Initiative.objects.public(), name=name)
    return answer(public.first(), width)


def answer(row: Picture | None, width: int) -> HttpResponse:
    """The file, with nothing in it that a browser could run. Raises Http404 without a row, for other widths and lost files."""
    if row is None or width not in renditions.widths(row.width):
        raise Http404
    try:
        content = pictures.path(row.name, width).read_bytes()
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(
        content, content_type="image/webp", headers={"Content-Security-Policy": uploads.SANDBOX}
    )
