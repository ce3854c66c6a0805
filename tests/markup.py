"""Reads a page as a browser without JavaScript does: its elements, forms, links and resources."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# End tags that HTML lets one leave out; ours do not.
SVG = {"path", "circle", "rect", "line", "use", "g", "polyline", "polygon", "ellipse"}


@dataclass
class Element:
    tag: str
    attributes: dict
    parent: "Element | None" = None
    children: list = field(default_factory=list)
    pieces: list = field(default_factory=list)  # of text, its own and that of children in order

    @property
    def text(self):
        return " ".join("".join(self._texts()).split())

    def _texts(self):
        for piece in self.pieces:
            if isinstance(piece, str):
                yield piece
            else:
                yield from piece._texts()

    def get(self, name):
        return self.attributes.get(name)

    def walk(self):
        for child in self.children:
            yield child
            yield from child.walk()

    def children_of(self, tag):
        return [child for child in self.children if child.tag == tag]

    def inside(self, tag):
        element = self.parent
        while element:
            if element.tag == tag:
                return element
            element = element.parent
        return None


class Page(HTMLParser):
    """`faults` says what no validator would let pass."""

    def __init__(self, html, address="http://testserver/"):
        super().__init__(convert_charrefs=True)
        self.address, self.faults = address, []
        self.root = self._open = Element("", {})
        self.feed(html)
        self.close()
        if self._open is not self.root:
            self.faults.append(f"<{self._open.tag}> is never closed")
        self._check_references()

    def handle_starttag(self, tag, attrs):
        names = [name for name, _value in attrs]
        self.faults += [f"<{tag}> has {name} twice" for name in set(names) if names.count(name) > 1]
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(element)
        self._open.pieces.append(element)
        if tag not in VOID:
            self._open = element

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag in SVG:
            self.handle_endtag(tag)
        elif tag not in VOID:
            self.faults.append(f"<{tag}/> does not close")
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            self.faults.append(f"</{tag}> for an empty element")
        elif self._open.tag != tag:
            self.faults.append(f"</{tag}> closes <{self._open.tag}>")
        else:
            self._open = self._open.parent

    def handle_data(self, data):
        self._open.pieces.append(data)

    def _check_references(self):
        ids = [element.get("id") for element in self.root.walk() if element.get("id")]
        self.faults += [f"id {name} twice" for name in set(ids) if ids.count(name) > 1]
        for element in self.root.walk():
            for name in ("for", "aria-describedby", "aria-labelledby", "popovertarget", "aria-controls"):
                for target in (element.get(name) or "").split():
                    if target not in ids:
                        self.faults.append(f'<{element.tag} {name}="{target}"> leads nowhere')
            target = element.get("href") or ""
            if target.startswith("#") and target[1:] not in ids:
                self.faults.append(f'<a href="{target}"> leads nowhere')
            if element.tag == "img" and element.get("alt") is None:
                self.faults.append(f"<img src={element.get('src')}> without alt")

    # --- asking ---------------------------------------------------------------------------------

    def all(self, tag, **attributes):
        return [
            element
            for element in self.root.walk()
            if element.tag == tag and all(element.get(name) == value for name, value in attributes.items())
        ]

    def one(self, tag, **attributes):
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} × <{tag} {attributes}> on {self.address}"
        return found[0]

    @property
    def title(self):
        """Of the page; drawings have titles, too."""
        return self.one("head").children_of("title")[0].text

    @property
    def h1(self):
        return self.one("h1").text

    def link(self, words):
        """Where the link with these words leads, as an absolute address."""
        found = {urljoin(self.address, a.get("href")) for a in self.all("a") if words in a.text}
        assert len(found) == 1, f"{words!r} leads to {sorted(found)} on {self.address}"
        return found.pop()

    def links(self):
        return [urljoin(self.address, a.get("href")) for a in self.all("a") if a.get("href")]

    def inline_scripts(self):
        """What a browser would run without asking for a file; blocks of data are not among it."""
        return [e for e in self.all("script") if not e.get("src") and e.get("type") != "application/ld+json"]

    def resources(self):
        """What a browser fetches to show the page, as absolute addresses."""
        found = [e.get("href") for e in self.all("link") if e.get("rel") not in ("canonical", "alternate")]
        for tag, name in [("img", "src"), ("script", "src"), ("iframe", "src"), ("source", "src")]:
            found += [e.get(name) for e in self.all(tag)]
        found += [e.get("href") for e in self.all("use")]
        return [urljoin(self.address, url) for url in found if url and not url.startswith(("data:", "#"))]

    def posts(self):
        """(address, fields) of every form that is posted, as a browser would send it untouched."""
        return [
            (urljoin(self.address, form.get("action") or self.address), _fields(form))
            for form in self.all("form")
            if (form.get("method") or "").lower() == "post"
        ]

    def form(self, button):
        """(address, method, fields) of the form with this button, as a browser would send it untouched."""
        found = [b for b in self.all("button") if button in b.text and b.inside("form")]
        assert len(found) == 1, f"{len(found)} × button {button!r} on {self.address}"
        form = found[0].inside("form")
        fields = _fields(form)
        if found[0].get("name"):
            fields.append((found[0].get("name"), found[0].get("value") or ""))
        action = urljoin(self.address, found[0].get("formaction") or form.get("action") or self.address)
        return action, (form.get("method") or "get").upper(), fields


def _fields(form):
    return [
        (e.get("name"), _value(e))
        for e in form.walk()
        if e.get("name") and e.tag in ("input", "select", "textarea") and _is_sent(e)
    ]


def _is_sent(element):
    if element.get("type") in ("checkbox", "radio"):
        return "checked" in element.attributes
    return element.get("type") not in ("submit", "button") and "disabled" not in element.attributes


def _value(element):
    if element.tag == "textarea":
        return element.text
    if element.tag == "select":
        options = [e for e in element.walk() if e.tag == "option"]
        chosen = [o for o in options if "selected" in o.attributes] or options[:1]
        if not chosen:
            return ""
        return chosen[0].get("value") if "value" in chosen[0].attributes else chosen[0].text
    return element.get("value") or ("on" if element.get("type") == "checkbox" else "")
