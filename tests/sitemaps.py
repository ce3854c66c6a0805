"""The sitemap as a search engine reads it: the index, and every file that it names."""

import re

from django.conf import settings


def files(client):
    """Address → content, the index first."""
    found = {"/sitemap.xml": client.get("/sitemap.xml").content.decode()}
    for address in re.findall("<loc>([^<]+)</loc>", found["/sitemap.xml"]):
        path = address.removeprefix(settings.SITE_URL)
        found[path] = client.get(path).content.decode()
    return found


def addresses(client):
    """Path → day of the last change or None, of all pages that are named."""
    pages = "".join(list(files(client).values())[1:])
    found = re.findall("<url><loc>([^<]+)</loc>(?:<lastmod>([^<T]+)[^<]*</lastmod>)?</url>", pages)
    return {address.removeprefix(settings.SITE_URL): day or None for address, day in found}
