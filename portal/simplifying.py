"""Outlines that are small enough for a page: a TopoJSON file without the points that nobody would see.

Borders are arcs that neighbours share, and each arc is thinned by itself (Visvalingam and Whyatt, 1993), so there is
neither a gap nor an overlap afterwards. Rejected: mapshaper, which needs Node for what is done once in years.
"""

from itertools import pairwise
from math import cos, hypot, radians
from typing import Any

Point = tuple[float, float]
Line = list[Point]
Topology = dict[str, Any]

SCALE = 0.0001  # degrees: seven metres from west to east, eleven from south to north
FLAT = cos(radians(50.6))  # a degree of longitude beside one of latitude, in the middle of Hessen
KM = 111.2  # per degree of latitude
FINE = 20  # lines of the grid on which the place of a name is looked for
WIDE = 2.5  # times as wide as high is a name


def thinned(line: Line, least: float) -> Line:
    """Without the points that make, with their neighbours, triangles of less than `least` km²; ends stay.

    Of a closed line four points stay: else it would be no area.
    """
    line = list(line)
    fewest = 4 if line[0] == line[-1] else 2
    while len(line) > fewest:
        areas = [_triangle(*line[n - 1 : n + 2]) for n in range(1, len(line) - 1)]
        smallest = min(areas)
        if smallest >= least:
            break
        del line[areas.index(smallest) + 1]
    return line


def _triangle(a: Point, b: Point, c: Point) -> float:
    """In km²."""
    twice = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
    return abs(twice) / 2 * KM * KM * FLAT


def merged(sources: list[tuple[Topology, str, float]]) -> Topology:
    """One TopoJSON of these objects, each (topology, name, least km²); areas are known by `id`, their AGS.

    `at` is where a name fits best, in degrees.
    """
    arcs: list[Line] = []
    objects = {}
    for topology, name, least in sources:
        geometries, lines = topology["objects"][name]["geometries"], decoded(topology)
        numbers = {old: len(arcs) + n for n, old in enumerate(used(geometries))}
        arcs += [thinned(rounded(lines[old]), least) for old in numbers]
        areas = [_area(geometry, numbers, arcs) for geometry in geometries]
        objects[name] = {"type": "GeometryCollection", "geometries": areas}
    corner = [round(min(point[axis] for arc in arcs for point in arc), 4) for axis in (0, 1)]
    return {
        "type": "Topology",
        "transform": {"scale": [SCALE, SCALE], "translate": corner},
        "objects": objects,
        "arcs": [_steps(arc, corner) for arc in arcs],
    }


def decoded(topology: Topology) -> list[Line]:
    """The arcs in degrees (TopoJSON, „Quantization“)."""
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for step in arc:
            x, y = x + step[0], y + step[1]
            line.append((x * scale[0] + translate[0], y * scale[1] + translate[1]))
        lines.append(line)
    return lines


def rounded(line: Line) -> Line:
    """On the grid of the file; points that fall together are one."""
    points = [(round(x, 4), round(y, 4)) for x, y in line]
    return [point for n, point in enumerate(points) if not n or point != points[n - 1]]


def polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    """Each polygon as rings of numbers of arcs, whatever its type."""
    return [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]


def ring(numbers: list[int], arcs: list[Line]) -> Line:
    """The arcs one behind the other; ~n is arc n the other way round. The last point is the first."""
    points: Line = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points += arc[1:] if points else arc
    return points


def used(geometries: list[dict[str, Any]]) -> list[int]:
    """The numbers of the arcs in them, each once."""
    rings = [ring for geometry in geometries for polygon in polygons(geometry) for ring in polygon]
    return sorted({number if number >= 0 else ~number for ring in rings for number in ring})


def _area(geometry: dict[str, Any], new: dict[int, int], arcs: list[Line]) -> dict[str, Any]:
    moved = [
        [[new[n] if n >= 0 else ~new[~n] for n in numbers] for numbers in polygon]
        for polygon in polygons(geometry)
    ]
    known = geometry.get("id") or geometry["properties"]["ags"]
    one = geometry["type"] == "Polygon"
    biggest = max(([ring(numbers, arcs) for numbers in polygon] for polygon in moved), key=_size)
    return {
        "type": geometry["type"],
        "id": known,
        "properties": {"at": _roomiest(biggest)},
        "arcs": moved[0] if one else moved,
    }


def _size(rings: list[Line]) -> float:
    outer = rings[0]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(outer)))


def _roomiest(rings: list[Line]) -> list[float]:
    """The point of a grid that is furthest from all borders, which count more above and below than beside."""
    xs, ys = zip(*rings[0], strict=True)
    grid = [
        (min(xs) + (max(xs) - min(xs)) * (i + 0.5) / FINE, min(ys) + (max(ys) - min(ys)) * (j + 0.5) / FINE)
        for i in range(FINE)
        for j in range(FINE)
    ]
    inside = [point for point in grid if is_inside(point, rings)]
    best = max(inside, key=lambda point: _room(point, rings))
    return [round(best[0], 4), round(best[1], 4)]


def is_inside(point: Point, rings: list[Line]) -> bool:
    """Whether a line from the point to the east crosses the borders an odd number of times."""
    x, y = point
    crossed = 0
    for line in rings:
        for (ax, ay), (bx, by) in pairwise(line):
            if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
                crossed += 1
    return crossed % 2 == 1


def _room(point: Point, rings: list[Line]) -> float:
    return min(_distance(point, a, b) for line in rings for a, b in pairwise(line))


def _distance(point: Point, a: Point, b: Point) -> float:
    """To the nearest point between a and b, in degrees of latitude; from west to east it counts less."""
    (px, py), (ax, ay), (bx, by) = ((x * FLAT / WIDE, y) for x, y in (point, a, b))
    dx, dy = bx - ax, by - ay
    along = ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy or 1)
    along = min(max(along, 0), 1)
    return hypot(px - ax - along * dx, py - ay - along * dy)


def _steps(line: Line, corner: list[float]) -> list[list[int]]:
    cells = [(round((x - corner[0]) / SCALE), round((y - corner[1]) / SCALE)) for x, y in line]
    before = [(0, 0), *cells]
    return [[x - a, y - b] for (x, y), (a, b) in zip(cells, before, strict=False)]
