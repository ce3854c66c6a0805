"""A guest with an HTTP client and no JavaScript: opens addresses, follows links, types, presses buttons."""

import http.client
import re
from urllib.parse import urlencode, urljoin, urlsplit

from tests.markup import Page


class Guest:
    """`clicks` counts links followed and buttons pressed. A cookie or an error page fails the test."""

    def __init__(self, portal):
        self.portal, self.page, self.clicks, self.requests = portal, None, 0, 0

    def open(self, address):
        """Type an address, or open one from a mail: no click on our pages."""
        return self._go("GET", address)

    def follow(self, words):
        self.clicks += 1
        return self._go("GET", self.page.link(words))

    def press(self, button, **typed):
        """Press the button of a form after filling in what a person would; a list ticks several boxes."""
        self.clicks += 1
        address, method, fields = self.page.form(button)
        fields = [(name, value) for name, value in fields if name not in typed]
        for name, value in typed.items():
            fields += [(name, one) for one in (value if isinstance(value, list) else [value])]
        if method == "GET":
            return self._go("GET", f"{address.split('?')[0]}?{urlencode(fields)}")
        return self._go("POST", address, urlencode(fields))

    def mail(self, subject, *, to):
        """The text of the newest mail with this in the subject, as soon as it is there."""
        found = self.portal.wait_for_mail(to=to, subject=subject)[-1]
        return found, found.get_body(("plain",)).get_content()

    def fetch(self, address):
        """(status, headers, body) of what is no page."""
        response, body = self._request("GET", address)
        return response.status, response.headers, body

    def _request(self, method, address, body=None):
        parts = urlsplit(urljoin(self.portal.url, address))
        site = urlsplit(self.portal.url)
        assert parts.netloc == site.netloc, f"{address} leads away from {self.portal.url}"
        connection = http.client.HTTPConnection(site.hostname, site.port, timeout=30)
        headers = {"User-Agent": "a browser without JavaScript"}
        if method == "POST":
            headers |= {"Origin": self.portal.url, "Content-Type": "application/x-www-form-urlencoded"}
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path or "/", body, headers)
        response = connection.getresponse()
        content = response.read()
        self.requests += 1
        assert response.headers.get_all("Set-Cookie") is None, f"{address} sets a cookie"
        return response, content

    def _go(self, method, address, body=None):
        address = urljoin(self.page.address if self.page else self.portal.url, address).split("#")[0]
        for _hop in range(5):
            response, content = self._request(method, address, body)
            if response.status not in (301, 302, 303):
                break
            method, body = "GET", None
            address = urljoin(address, response.headers["Location"])
        self.page = Page(content.decode(), address)
        assert response.status == 200, f"{address}: {response.status} {self.page.root.text[:500]}"
        assert self.page.faults == []
        return self.page


def link_in(text, part):
    """The address in a mail that has this in its path."""
    found = set(re.findall(rf"https?://\S*/{part}/\S+", text))
    assert len(found) == 1, f"{part}: {sorted(found)} in\n{text}"
    return found.pop()
