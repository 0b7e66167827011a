"""Figures beside each other with their intervals, a line each: one SVG that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from mintcore.palette import AUDITOR as AUDITOR_COLOUR
from mintcore.palette import BLIND, EXTERNAL, MEMBER, REFERENCE_LINE

OURS, BEST_BLIND, BLIND_BASELINE = "auditor", "best blind baseline", "blind baseline"
METHOD, PUBLISHED = "method", "published"
_COLOURS = {
    OURS: AUDITOR_COLOUR,
    BEST_BLIND: BLIND,
    BLIND_BASELINE: BLIND,
    METHOD: EXTERNAL,
    PUBLISHED: MEMBER,
}
_LABEL_PX, _PLOT_PX, _RIGHT_PX = 300, 480, 30
_TOP_PX, _ROW_PX, _BOTTOM_PX = 64, 20, 40
_OFFSET_PX = 3.5
_CHANCE = 0.5
_QUOTE = {'"': "&quot;"}
FONT = "Libertinus Serif, system-ui, sans-serif"
"""The first is embedded in PDFs."""
_TICK = 0.1


@dataclass(frozen=True)
class Mark:
    """One figure of the chart.

    Attributes:
        group: Heading over its line, such as the audited model; empty for none.
        label: Its line; marks of one label stand on one line.
        series: Of ``OURS``, ``BEST_BLIND``, ``BLIND_BASELINE``, ``METHOD`` and ``PUBLISHED``.
        value: An AUC.
        low: Lower end of its interval; None where none was published.
        high: Upper end.
    """

    group: str
    label: str
    series: str
    value: float
    low: float | None = None
    high: float | None = None


def draw(marks: Sequence[Mark], title: str) -> str:
    """Draw AUCs with their intervals, grouped, in the order given; the dashed line is chance.

    Args:
        marks: The figures.
        title: Over the chart.

    Returns:
        An SVG document.
    """
    lines = _lines(marks)
    height = _TOP_PX + _ROW_PX * len(lines) + _BOTTOM_PX
    width = _LABEL_PX + _PLOT_PX + _RIGHT_PX
    scale = _Scale.over(marks)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, _QUOTE)}" font-family="{FONT}" '
        'font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="12" y="24" font-size="15">{escape(title)}</text>',
        *_legend(marks),
        *_axis(scale, height - _BOTTOM_PX),
    ]
    for number, (group, label) in enumerate(lines):
        y = _TOP_PX + _ROW_PX * (number + 0.5)
        parts.append(_name(group, label, y))
        here = [mark for mark in marks if (mark.group, mark.label) == (group, label)]
        parts.extend(_drawn(mark, scale, y) for mark in here)
    return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    @classmethod
    def over(cls, marks: Sequence[Mark]) -> "_Scale":
        ends = [_CHANCE]
        for mark in marks:
            ends += [mark.value if end is None else end for end in (mark.low, mark.high)]
        return cls(max(0.0, min(ends) - 0.02), min(1.0, max(ends) + 0.02))

    def x(self, value: float) -> float:
        return _LABEL_PX + _PLOT_PX * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        step = _TICK if self.high - self.low > 0.3 else _TICK / 5
        first = int(self.low / step) + 1
        count = int(self.high / step + 1e-9) - first + 1
        return [round((first + number) * step, 3) for number in range(count)]


def _lines(marks: Sequence[Mark]) -> list[tuple[str, str | None]]:
    """List headings (without a label) and lines, each once, in order."""
    lines: list[tuple[str, str | None]] = []
    for group in dict.fromkeys(mark.group for mark in marks):
        if group:
            lines.append((group, None))
        labels = dict.fromkeys(mark.label for mark in marks if mark.group == group)
        lines.extend((group, label) for label in labels)
    return lines


def _legend(marks: Sequence[Mark]) -> list[str]:
    there = [series for series in _COLOURS if any(mark.series == series for mark in marks)]
    return [
        f'<circle cx="{18 + 160 * number}" cy="42" r="4.5" fill="{_COLOURS[series]}"/>'
        f'<text x="{28 + 160 * number}" y="46">{series}</text>'
        for number, series in enumerate(there)
    ]


def _axis(scale: _Scale, bottom: float) -> list[str]:
    ticks = [
        f'<line x1="{scale.x(at):.1f}" x2="{scale.x(at):.1f}" y1="{_TOP_PX}" y2="{bottom}" stroke="#e5e5e5"/>'
        f'<text x="{scale.x(at):.1f}" y="{bottom + 18}" text-anchor="middle">{at:g}</text>'
        for at in scale.ticks()
    ]
    chance = scale.x(_CHANCE)
    dashed = (
        f'<line x1="{chance:.1f}" x2="{chance:.1f}" y1="{_TOP_PX}" y2="{bottom}" '
        f'stroke="{REFERENCE_LINE}" stroke-dasharray="4 4"/>'
    )
    return [*ticks, dashed]


def _name(group: str, label: str | None, y: float) -> str:
    if label is None:
        return f'<text x="12" y="{y + 4:.1f}" font-weight="bold">{escape(group)}</text>'
    return f'<text x="{_LABEL_PX - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>'


def _drawn(mark: Mark, scale: _Scale, y: float) -> str:
    colour = _COLOURS[mark.series]
    at = y + (_OFFSET_PX if mark.series == BEST_BLIND else -_OFFSET_PX)
    said = f"{mark.label}, {mark.series}: {mark.value:.3f}"
    interval = ""
    if mark.low is not None and mark.high is not None:
        said += f" [{mark.low:.3f}, {mark.high:.3f}]"
        interval = (
            f'<line x1="{scale.x(mark.low):.1f}" x2="{scale.x(mark.high):.1f}" y1="{at}" y2="{at}" '
            f'stroke="{colour}" stroke-width="2.5" opacity="0.55"/>'
        )
    point = f'<circle cx="{scale.x(mark.value):.1f}" cy="{at}" r="4" fill="{colour}"/>'
    return f"<g><title>{escape(said)}</title>{interval}{point}</g>"
