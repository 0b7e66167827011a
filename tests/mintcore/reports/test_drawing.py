import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.interval_chart import OURS, Mark
from mintcore.reports.content import Chart, Curves, Distributions, Intervals
from mintcore.reports.drawing import draw

SVG = "{http://www.w3.org/2000/svg}"
FLOATS = st.floats(-1e6, 1e6, allow_nan=False)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)


@st.composite
def distributions(draw_: st.DrawFn) -> Distributions:
    first = draw_(FLOATS)
    edges = [first + step for step in range(4)]
    shares = draw_(st.lists(st.floats(0, 1), min_size=3, max_size=3))
    group = {"name": draw_(NAMES), "colour": "#111111", "n": 3, "edges": edges, "shares": shares}
    marked = draw_(st.dictionaries(NAMES, FLOATS, max_size=2))
    return Distributions(draw_(NAMES), "", [group], marked)


def drawn(chart: Chart) -> ET.Element:
    return ET.fromstring(draw(chart))  # noqa: S314 - our own text


def numbers(points: str) -> list[tuple[float, float]]:
    pairs = [point.split(",") for point in points.split()]
    return [(float(x), float(y)) for x, y in pairs]


@given(distributions())
def test_distributions__are_well_formed_and_stay_on_the_paper(chart: Distributions) -> None:
    svg = drawn(chart)
    width, height = float(svg.get("width", "nan")), float(svg.get("height", "nan"))
    for polygon in svg.iter(f"{SVG}polygon"):
        for x, y in numbers(polygon.get("points", "")):
            assert 0 <= x <= width
            assert 0 <= y <= height
    lines = [line for line in svg.iter(f"{SVG}line") if line.get("stroke-width") == "2.5"]
    assert len(lines) == len(chart.marked)
    assert all(0 <= float(line.get("x1", "nan")) <= width for line in lines)


def test_distributions__heights_follow_the_shares() -> None:
    group = {"name": "a", "colour": "#111111", "n": 4, "edges": [0, 1, 2], "shares": [0.25, 0.75]}
    (polygon,) = drawn(Distributions("t", "", [group])).iter(f"{SVG}polygon")
    heights = [y for _, y in numbers(polygon.get("points", ""))]
    base = heights[0]
    assert (base - heights[3]) / (base - heights[1]) == pytest.approx(3, rel=0.01)


def test_distributions__nothing_to_draw_is_an_empty_chart() -> None:
    assert not list(drawn(Distributions("t", "", [])).iter(f"{SVG}polygon"))


def test_curves__run_from_corner_to_corner_of_a_square() -> None:
    curve = {
        "name": "a <b>",
        "colour": "#111111",
        "auc": 0.5,
        "points": [[0, 0], [0.5, 0.5], [1, 1]],
    }
    svg = drawn(Curves("ROC", "", [curve]))
    (line,) = svg.iter(f"{SVG}polyline")
    first, middle, last = numbers(line.get("points", ""))
    assert last[0] - first[0] == pytest.approx(first[1] - last[1])
    assert middle == pytest.approx(((first[0] + last[0]) / 2, (first[1] + last[1]) / 2), abs=0.11)
    assert "a <b>, AUC 0.500" in [text.text for text in svg.iter(f"{SVG}text")]


def test_intervals__have_a_point_for_each_figure() -> None:
    svg = drawn(Intervals("AUCs", "", [Mark("", "auditor", OURS, 0.7, 0.6, 0.8)]))
    said = [title.text for title in svg.iter(f"{SVG}title")]
    assert said == ["auditor, auditor: 0.700 [0.600, 0.800]"]


def test_draw__what_is_no_chart_is_refused() -> None:
    with pytest.raises(TypeError, match="no chart of a report: float"):
        draw(math.pi)
