"""The charts of reports as SVG documents that need nothing else: no script, no font file, no network."""

from collections.abc import Sequence
from functools import singledispatch
from typing import Any
from xml.sax.saxutils import escape

from mintcore import interval_chart
from mintcore.palette import AUDITED, REFERENCE_LINE
from mintcore.reports.content import Curves, Distributions, Intervals, Picture

_GRID = "#e5e5e5"
_INK = "#1b1f24"
_LEFT_PX, _RIGHT_PX, _BOTTOM_PX = 56, 16, 44
_LEGEND_ROW_PX = 20
_PLOT_PX = (620, 220)
_SQUARE_PX = (280, 280)
_TICKS = 5
_QUOTE = {'"': "&quot;"}


@singledispatch
def draw(chart: Any) -> str:
    """Draw a chart of a report.

    Args:
        chart: Of ``mintcore.reports.content``.

    Returns:
        An SVG document.
    """
    raise TypeError(f"no chart of a report: {type(chart).__name__}")


@draw.register
def _(chart: Picture) -> str:
    return chart.svg


@draw.register
def _(chart: Intervals) -> str:
    return interval_chart.draw(chart.marks, "AUC with 95% intervals")


@draw.register
def _(chart: Distributions) -> str:
    if not chart.groups:
        return _document([], chart.title, _PLOT_PX, [])
    edges = [edge for group in chart.groups for edge in group["edges"]]
    scores = [*edges, *chart.marked.values()]
    highest = max(share for group in chart.groups for share in group["shares"])
    plot = _Plot((min(scores), max(scores)), (0.0, highest * 1.05), _PLOT_PX, len(chart.groups))
    legend = [(group["colour"], f"{group['name']}, n = {group['n']:,}") for group in chart.groups]
    parts = [
        *plot.axes("score of the auditor (higher: more like a member)", "share of the group"),
        *(_area(plot, group) for group in chart.groups),
        *(_line_of(plot, name, score) for name, score in chart.marked.items()),
    ]
    return _document(legend, chart.title, plot.size, parts)


@draw.register
def _(chart: Curves) -> str:
    plot = _Plot((0.0, 1.0), (0.0, 1.0), _SQUARE_PX, len(chart.curves))
    legend = [(each["colour"], f"{each['name']}, AUC {each['auc']:.3f}") for each in chart.curves]
    diagonal = (
        f'<line x1="{plot.x(0):.1f}" y1="{plot.y(0):.1f}" x2="{plot.x(1):.1f}" y2="{plot.y(1):.1f}" '
        f'stroke="{REFERENCE_LINE}" stroke-dasharray="4 4"/>'
    )
    axes = plot.axes("externals found (false-positive rate)", "found (true-positive rate)")
    drawn = [_curve(plot, each) for each in chart.curves]
    return _document(legend, chart.title, plot.size, [*axes, diagonal, *drawn])


class _Plot:
    """Where values lie on a drawing.

    Args:
        across: Smallest and largest value from left to right.
        up: Smallest and largest value from bottom to top.
        inner: Width and height of what lies between the axes, in pixels.
        legend_rows: Rows above it.
    """

    def __init__(
        self,
        across: tuple[float, float],
        up: tuple[float, float],
        inner: tuple[int, int],
        legend_rows: int,
    ) -> None:
        self._across, self._up, self._inner = across, up, inner
        self.top = 12 + _LEGEND_ROW_PX * legend_rows
        self.size = (_LEFT_PX + inner[0] + _RIGHT_PX, self.top + inner[1] + _BOTTOM_PX)

    def x(self, value: float) -> float:
        """Give the pixel of a value from left to right."""
        return _LEFT_PX + self._inner[0] * _share(value, self._across)

    def y(self, value: float) -> float:
        """Give the pixel of a value from bottom to top."""
        return self.top + self._inner[1] * (1 - _share(value, self._up))

    def axes(self, across: str, up: str) -> list[str]:
        """Draw grid, ticks and titles of both axes; from bottom to top there are shares."""
        (left, right), (low, high) = self._across, self._up
        bottom = self.y(low)
        parts = []
        for value in _ticks(left, right):
            at = self.x(value)
            parts.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{self.top}" y2="{bottom:.1f}" stroke="{_GRID}"/>'
                f'<text x="{at:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{value:.3g}</text>'
            )
        for value in _ticks(low, high):
            at = self.y(value)
            parts.append(
                f'<line x1="{_LEFT_PX}" x2="{self.x(right):.1f}" y1="{at:.1f}" y2="{at:.1f}" stroke="{_GRID}"/>'
                f'<text x="{_LEFT_PX - 6}" y="{at + 4:.1f}" text-anchor="end">{value:.0%}</text>'
            )
        centre, middle = (_LEFT_PX + self.x(right)) / 2, (self.top + bottom) / 2
        return [
            *parts,
            f'<text x="{centre:.1f}" y="{bottom + 36:.1f}" text-anchor="middle">{across}</text>',
            f'<text transform="translate(14 {middle:.1f}) rotate(-90)" text-anchor="middle">{up}</text>',
        ]


def _share(value: float, span: tuple[float, float]) -> float:
    low, high = span
    return (value - low) / (high - low) if high > low else 0.5


def _ticks(low: float, high: float) -> list[float]:
    """Choose round values between two ends."""
    if high <= low:
        return [low]
    raw = (high - low) / _TICKS
    size = 10.0 ** int(f"{raw:e}".partition("e")[2])
    step = size * next(factor for factor in (1, 2, 5, 10) if factor * size >= raw)
    first = int(low // step)
    values = (round((first + number) * step, 12) for number in range(2 * _TICKS + 2))
    return [value for value in values if low <= value <= high]


def _area(plot: _Plot, group: dict[str, Any]) -> str:
    edges, shares = group["edges"], group["shares"]
    points = [(edges[0], 0.0)]
    for left, right, share in zip(edges, edges[1:], shares, strict=False):
        points += [(left, share), (right, share)]
    points.append((edges[-1], 0.0))
    return (
        f'<polygon points="{_points(plot, points)}" fill="{group["colour"]}" fill-opacity="0.16" '
        f'stroke="{group["colour"]}" stroke-width="1.8"><title>{escape(group["name"])}</title></polygon>'
    )


def _line_of(plot: _Plot, name: str, score: float) -> str:
    at = plot.x(score)
    low, high = plot.y(0), plot.top
    anchor = "end" if at > plot.size[0] / 2 else "start"
    aside = -6 if anchor == "end" else 6
    return (
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{low:.1f}" y2="{high}" stroke="{AUDITED}" stroke-width="2.5"/>'
        f'<text x="{at + aside:.1f}" y="{high + 14}" text-anchor="{anchor}" font-weight="bold">{escape(name)}</text>'
    )


def _curve(plot: _Plot, each: dict[str, Any]) -> str:
    return (
        f'<polyline points="{_points(plot, each["points"])}" fill="none" stroke="{each["colour"]}" '
        f'stroke-width="2"><title>{escape(each["name"])}</title></polyline>'
    )


def _points(plot: _Plot, points: Sequence[Sequence[float]]) -> str:
    return " ".join(f"{plot.x(x):.1f},{plot.y(y):.1f}" for x, y in points)


def _document(
    legend: Sequence[tuple[str, str]],
    title: str,
    size: tuple[int, int],
    parts: Sequence[str],
) -> str:
    width, height = size
    rows = [
        f'<rect x="{_LEFT_PX}" y="{8 + _LEGEND_ROW_PX * row}" width="12" height="12" fill="{colour}"/>'
        f'<text x="{_LEFT_PX + 18}" y="{18 + _LEGEND_ROW_PX * row}">{escape(words)}</text>'
        for row, (colour, words) in enumerate(legend)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'role="img" aria-label="{escape(title, _QUOTE)}" font-family="{interval_chart.FONT}" font-size="12" '
            f'fill="{_INK}">',
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *rows,
            *parts,
            "</svg>",
            "",
        ]
    )
