"""Answers are packed for the wire: brotli for public pages, gzip for everything else."""

import re

import brotli
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

WORTH_IT = 200  # bytes, as in Django
_BROTLI = re.compile(r"\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))")  # „br;q=0" refuses it (RFC 9110)


class Compressed(GZipMiddleware):
    """Public pages hold no secret, so their length may be known: brotli makes them a tenth smaller than gzip.

    What is left to gzip gets Django's random length (BREACH).
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith("image/webp"):
            return response  # packed already
        public = "public" in response.headers.get("Cache-Control", "")
        if (
            public
            and isinstance(response, HttpResponse)
            and len(response.content) >= WORTH_IT
            and not response.has_header("Content-Encoding")
            and _BROTLI.search(request.headers.get("Accept-Encoding", ""))
        ):
            return _brotli(response)
        return super().process_response(request, response)  # type: ignore[no-any-return,no-untyped-call]


def _brotli(response: HttpResponse) -> HttpResponse:
    response.content = brotli.compress(response.content, mode=brotli.MODE_TEXT, quality=5)
    response.headers["Content-Encoding"] = "br"
    response.headers["Content-Length"] = str(len(response.content))
    patch_vary_headers(response, ("Accept-Encoding",))
    etag = response.headers.get("ETag", "")
    if etag.startswith('"'):
        response.headers["ETag"] = f"W/{etag}"  # the same page in other bytes (RFC 9110)
    return response
