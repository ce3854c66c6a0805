"""The outlines of Hessen's districts and towns as SVG paths, read from portal/data once per process.

A `Frame` is one drawing: what it shows decides its scale, so that every drawing is about as fine. Not official
borders; portal/data/SOURCES.md names the sources, `make_outlines` makes the file.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

from portal import simplifying
from portal.imports import DATA
from portal.models import Municipality
from portal.simplifying import FLAT, Line, Point

FILE = DATA / "outlines.topojson"
ACROSS = 1000  # units from west to east
MOST_DOWN = 1500  # units from north to south
PLAIN = 460  # pixels, the longer side
EDGE = 8  # units around, for the line and the ring of the focus


@dataclass(frozen=True)
class Outline:
    """The borders of one area; points are degrees of longitude and latitude."""

    rings: tuple[Line, ...]
    at: Point  # where its name fits


class Frame(NamedTuple):
    """A drawing of `width` × `height` units: where it begins (degrees), and units per degree of latitude."""

    west: float
    north: float
    scale: float
    width: int
    height: int

    def place(self, lon: float, lat: float) -> tuple[int, int]:
        """Units from the left and from above."""
        return (
            round((lon - self.west) * FLAT * self.scale) + EDGE,
            round((self.north - lat) * self.scale) + EDGE,
        )

    @property
    def plain(self) -> dict[str, int]:
        """Width and height in pixels where no stylesheet says others."""
        longest = max(self.width, self.height)
        return {"width": PLAIN * self.width // longest, "height": PLAIN * self.height // longest}

    def path(self, outline: Outline) -> str:
        """What a `<path>` says in `d`."""
        return "".join(self._ring(line) for line in outline.rings)

    def _ring(self, line: Line) -> str:
        points = [point for point, _ in groupby(self.place(*point) for point in line)]
        steps = [f"{x - a} {y - b}" for (a, b), (x, y) in pairwise(points[:-1])]
        start = f"M{points[0][0]} {points[0][1]}"
        return f"{start}l{' '.join(steps)}z".replace(" -", "-") if steps else ""


def district(ags: str) -> Outline | None:
    """A Landkreis or kreisfreie Stadt by its AGS of eight digits."""
    return _read()["kreise"].get(ags)


def town(ags: str) -> Outline | None:
    """A Stadt or Gemeinde by its AGS."""
    return _read()["gemeinden"].get(ags)


def of(ags: str, level: str) -> Outline | None:
    """The area as the most detailed layer has it."""
    return district(ags) if level == Municipality.Level.DISTRICT else town(ags)


def frame(outlines: Iterable[Outline]) -> Frame:
    """A drawing in which all of these fit, and nothing else."""
    points = [point for outline in outlines for line in outline.rings for point in line]
    lons, lats = zip(*points, strict=True)
    across, down = (max(lons) - min(lons)) * FLAT, max(lats) - min(lats)
    scale = min(ACROSS / across, MOST_DOWN / down)
    width, height = (round(size * scale) + 2 * EDGE for size in (across, down))
    return Frame(min(lons), max(lats), scale, width, height)


class Shape(NamedTuple):
    """An area in a drawing: its path, and where its name stands."""

    path: str
    x: int
    y: int


class Drawing(NamedTuple):
    """Some areas by their AGS, in one frame."""

    frame: Frame
    shapes: dict[str, Shape]


@lru_cache(maxsize=32)
def drawing(district: str = "") -> Drawing | None:
    """All Landkreise and kreisfreie Städte, or the towns of one (the first five digits of its AGS).

    None where no town is known of it. Made once per process.
    """
    layer = _read()["gemeinden" if district else "kreise"]
    found = {ags: outline for ags, outline in layer.items() if ags.startswith(district)}
    return _drawing(found, frame(found.values())) if found else None


class Locator(NamedTuple):
    """Where an area lies: its path, and those of all around it as one."""

    frame: Frame
    around: str
    own: str


@lru_cache(maxsize=512)
def locator(ags: str) -> Locator | None:
    """A town in its Landkreis; a Landkreis or kreisfreie Stadt in Hessen. None where it is not known."""
    whole = drawing("" if ags.endswith("000") else ags[:5])
    if whole is None or ags not in whole.shapes:
        return None
    around = "".join(shape.path for key, shape in whole.shapes.items() if key != ags)
    return Locator(whole.frame, around, whole.shapes[ags].path)


def _drawing(found: dict[str, Outline], frame: Frame) -> Drawing:
    return Drawing(
        frame,
        {ags: Shape(frame.path(outline), *frame.place(*outline.at)) for ags, outline in found.items()},
    )


@lru_cache(maxsize=1)
def _read() -> dict[str, dict[str, Outline]]:
    topology = json.loads(FILE.read_text())
    arcs = simplifying.decoded(topology)
    return {
        name: {geometry["id"]: _outline(geometry, arcs) for geometry in collection["geometries"]}
        for name, collection in topology["objects"].items()
    }


def _outline(geometry: dict, arcs: list[Line]) -> Outline:
    rings = [
        simplifying.ring(numbers, arcs) for polygon in simplifying.polygons(geometry) for numbers in polygon
    ]
    lon, lat = geometry["properties"]["at"]
    return Outline(tuple(rings), (lon, lat))
