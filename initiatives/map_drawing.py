"""The map as SVG: every area and every marker is a link with words, made once per process for the same content."""

import re
from typing import Any

from django.template.loader import render_to_string

from initiatives.mapping import Chart, Marker, Spot
from portal import outlines
from portal.outlines import Drawing, Shape
from portal.remembering import Memory

_maps = Memory(64)  # up to 90 kB each
LETTER, LINE = 11.5, 24  # units that a letter is wide, on average, and a line is high (map.css: 22px)
# What a name loses on the map: „Landkreis Gießen“, „Wetteraukreis“, „Frankfurt am Main“, „Bad Homburg v. d. Höhe“.
_LONG = re.compile(r"^Landkreis |-?[Kk]reis$| (am|an|im|in|i\.|a\.|v\.) .*$")


def draw(chart: Chart) -> str:
    """The `<svg>`; empty where no outline is known."""
    drawing = outlines.drawing(chart.kreis.ags[:5] if chart.kreis else "")
    if drawing is None:
        return ""
    made_of = (chart.kreis and chart.kreis.ags, tuple(chart.areas), tuple(chart.markers))
    return _maps.get(made_of, lambda: render_to_string("initiatives/_map.html", _picture(chart, drawing)))


def _picture(chart: Chart, drawing: Drawing) -> dict[str, Any]:
    known = [(spot, drawing.shapes[spot.ags]) for spot in chart.areas if spot.ags in drawing.shapes]
    return {
        "name": chart.kreis.name if chart.kreis else "Hessen",
        "frame": drawing.frame,
        "areas": [{"spot": spot, "path": shape.path} for spot, shape in known],
        "names": _names(known, drawing.frame.width),
        "markers": [_placed(marker, drawing) for marker in chart.markers if _is_within(marker, drawing)],
    }


def _names(known: list[tuple[Spot, Shape]], width: int) -> list[dict[str, Any]]:
    """Names that do not lie on one another: first where something is, and where there is room."""
    names: list[dict[str, Any]] = []
    for spot, shape in sorted(known, key=lambda each: (not each[0].n, -len(each[1].path))):
        text = _LONG.sub("", spot.name)
        half = len(text) * LETTER / 2
        x = round(min(max(shape.x, half), width - half))
        if all(abs(y - shape.y) > LINE or abs(x - other) > half + room for other, y, room in _taken(names)):
            names.append({"text": text, "x": x, "y": shape.y, "half": half, "on": bool(spot.n)})
    return names


def _taken(names: list[dict[str, Any]]) -> list[tuple[int, int, float]]:
    return [(name["x"], name["y"], name["half"]) for name in names]


def _placed(marker: Marker, drawing: Drawing) -> dict[str, Any]:
    x, y = drawing.frame.place(marker.lon, marker.lat)
    return {"marker": marker, "x": x, "y": y}


def _is_within(marker: Marker, drawing: Drawing) -> bool:
    x, y = drawing.frame.place(marker.lon, marker.lat)
    return 0 < x < drawing.frame.width and 0 < y < drawing.frame.height
