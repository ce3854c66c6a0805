"""The outlines of the map: one for each town and Landkreis, borders shared, and small."""

import csv
import json

import pytest

from portal import outlines, simplifying
from portal.imports import DATA
from portal.management.commands.make_outlines import DISTRICTS_LEAST, TOWNS_LEAST
from portal.outlines import Outline

SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]


def official():
    with (DATA / "municipalities.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def topology():
    return json.loads((DATA / "outlines.topojson").read_text())


def test_every_town_and_landkreis_of_hessen_has_an_outline_and_nobody_else():
    towns = {row["ags"] for row in official() if row["level"] == "gemeinde"}
    districts = {row["ags"] for row in official() if row["level"] == "kreis"}
    free_cities = {row["ags"] for row in official() if row["kind"] == "kreisfreie Stadt"}
    assert (len(towns), len(districts), len(free_cities)) == (421, 21, 6)
    known = {
        name: [geometry["id"] for geometry in collection["geometries"]]
        for name, collection in topology()["objects"].items()
    }
    assert sorted(known["gemeinden"]) == sorted(towns)
    assert sorted(known["kreise"]) == sorted(districts | free_cities)


def test_outline_lies_where_its_town_is():
    for row in official():
        found = outlines.of(row["ags"], row["level"])
        lons, lats = zip(*(point for ring in found.rings for point in ring), strict=True)
        assert min(lons) < float(row["lon"]) < max(lons), row["name"]
        assert min(lats) < float(row["lat"]) < max(lats), row["name"]
        assert simplifying.is_inside(found.at, list(found.rings)), row["name"]


def test_outlines_are_closed_and_enclose_something():
    for row in official():
        for ring in outlines.of(row["ags"], row["level"]).rings:
            assert (ring[0] == ring[-1], len(ring) >= 4) == (True, True), row["name"]


@pytest.mark.slow
def test_the_file_is_what_its_command_makes():
    """Making it again changes nothing: neither limit nor method changed since."""
    limits = {"kreise": DISTRICTS_LEAST, "gemeinden": TOWNS_LEAST}
    found = topology()
    arcs = simplifying.decoded(found)
    for name, least in limits.items():
        for number in simplifying.used(found["objects"][name]["geometries"]):
            arc = simplifying.rounded(arcs[number])
            assert simplifying.thinned(arc, least) == arc
    assert (DATA / "outlines.topojson").stat().st_size < 200_000


def test_neighbours_share_their_border():
    """Two squares: the jag on the line between them goes for both, and no corner moves."""
    jag = [[0, 0], [0, 500], [1, 1], [-1, 499]]  # 10,000 steps are a degree
    left = {"type": "Polygon", "arcs": [[0, 1]], "properties": {"ags": "06000001"}}
    right = {"type": "MultiPolygon", "arcs": [[[~0, 2]]], "properties": {"ags": "06000002"}}
    source = {
        "transform": {"scale": [0.0001, 0.0001], "translate": [8, 50]},
        "arcs": [jag, [[0, 1000], [-1000, 0], [0, -1000], [1000, 0]], [[0, 1000], [1000, 0], [0, -1000], [-1000, 0]]],
        "objects": {"gemeinden": {"geometries": [left, right]}},
    }  # fmt: skip
    small = simplifying.merged([(source, "gemeinden", 0.1)])
    arcs = simplifying.decoded(small)
    assert [[round(x, 4), round(y, 4)] for x, y in arcs[0]] == [[8.0, 50.0], [8.0, 50.1]]
    assert [len(arc) for arc in arcs] == [2, 4, 4]
    assert [(area["id"], area["arcs"]) for area in small["objects"]["gemeinden"]["geometries"]] == [
        ("06000001", [[0, 1]]),
        ("06000002", [[[~0, 2]]]),
    ]
    lon, lat = small["objects"]["gemeinden"]["geometries"][0]["properties"]["at"]
    assert (lon, 50.01 < lat < 50.09) == (pytest.approx(7.95, abs=0.01), True)


def test_what_makes_an_area_stays():
    assert simplifying.thinned(SQUARE, 1e9) == [SQUARE[0], *SQUARE[2:]]
    assert simplifying.thinned([(0.0, 0.0), (0.1, 0.00001), (0.2, 0.0)], 0.1) == [(0.0, 0.0), (0.2, 0.0)]


def test_a_frame_fits_what_it_shows():
    """North is above; what is as wide as high in the landscape is so in the drawing."""
    high = [(x, y / 2) for x, y in SQUARE]
    square = Outline((high,), (0.5, 0.25))
    frame = outlines.frame([square])
    edge, width, height = outlines.EDGE, frame.width, frame.height
    assert (width, frame.place(0, 0.5), frame.place(1, 0)) == (
        1000 + 2 * edge, (edge, edge), (width - edge, height - edge)
    )  # fmt: skip
    assert (height - 2 * edge) / 1000 == pytest.approx(0.5 / simplifying.FLAT, abs=0.001)
    assert frame.path(square) == f"M8 {height - 8}l1000 0 0-{height - 16}-1000 0z"
