"""Charts over the depth of a model: its layers from left to right, as many as there are."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from mintcore.palette import REFERENCE_LINE

WIDTH_PX = 820
"""Of a chart over the whole page on a screen of 1280 px; on a wider one labels have more room."""
ROOM_PX = 52
"""Beside the first and the last layer, for what is written inside the plot."""
SCALES_OF_THEIR_OWN = alt.Resolve(
    scale=alt.ScaleResolveMap(color="independent", shape="independent", strokeDash="independent")
)
"""For charts that stand together and each have a legend. To set it later would copy all of them."""
_POINTER, _POINTED = "pointer", "pointed"
_LABEL_PX = 14
_LETTER_PX = 6.5
_SLANTED_LETTERS = 10
_MOST_LETTERS = 20
_END_OF_LONG = f"length(datum.label) > {_MOST_LETTERS} ? '…' + slice(datum.label, {1 - _MOST_LETTERS}) : datum.label"
"""As ``end_of``."""


def layer_axis(
    layers: Sequence[str], *, width_px: int | None = None, labelled: bool = True
) -> alt.X:
    """Give the axis of the layers, in their order; of many, every second or third is named.

    Args:
        layers: The layers, from input to output.
        width_px: Of the plot; None where it is as wide as the page.
        labelled: Whether the layers are named below it.
    """
    inner_px = (width_px or WIDTH_PX) - 2 * ROOM_PX
    right = {"expr": f"width - {ROOM_PX}"} if width_px is None else width_px - ROOM_PX
    step = -(-len(layers) * _LABEL_PX // inner_px)
    return alt.X(
        "layer:N",
        title=None,
        sort=list(layers),
        scale=alt.Scale(
            type="point",
            domain=list(layers),
            range=[ROOM_PX, right],
            padding=0 if len(layers) > 1 else 0.5,
        ),
        axis=alt.Axis(
            labels=labelled,
            values=list(layers)[::step],
            labelAngle=_angle(layers, inner_px),
            labelExpr=_END_OF_LONG,
            labelFlush=False,
            labelLimit=0,
            labelOverlap=False,
            labelPadding=6,
            grid=False,
        ),
    )


def inside_axis(form: str = ".2f", ticks: int = 5) -> alt.Axis:
    """Give a vertical axis whose numbers stand inside the plot.

    Streamlit makes each of several charts above each other as wide as the page; an axis beside them would not fit.
    """
    return alt.Axis(
        format=form,
        tickCount=ticks,
        labelAlign="left",
        labelBaseline="bottom",
        labelPadding=-2,
        labelOffset=-2,
        minExtent=0,
        title=None,
    )


def end_of(layer: str) -> str:
    """Write a layer's name, of a long one its end, which is what tells layers apart."""
    return layer if len(layer) <= _MOST_LETTERS else f"…{layer[1 - _MOST_LETTERS :]}"


def runs(layers: Sequence[str], there: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """Number the runs of neighbouring layers, which a line may join.

    Args:
        layers: All layers, in order.
        there: Those that have a value.

    Returns:
        Layer -> the number of its run, and whether it is alone in it.
    """
    places = sorted(layers.index(layer) for layer in set(there))
    run_of = {place: place - rank for rank, place in enumerate(places)}
    alone = {place: not {place - 1, place + 1} & run_of.keys() for place in places}
    return {layers[place]: (run_of[place], alone[place]) for place in places}


def line_at(value: float) -> alt.Chart:
    """Draw the line of what means nothing: chance, or no difference."""
    return (
        alt.Chart(pd.DataFrame({"at": [value]}))
        .mark_rule(color=REFERENCE_LINE, strokeDash=[4, 4], clip=True)
        .encode(y=alt.Y("at:Q"))
    )


def pointer(texts: pd.DataFrame, titles: Sequence[tuple[str, str]]) -> alt.Chart:
    """Draw a line through the layer that is pointed at, with all that is known of it, for ``pointed_together``.

    Args:
        texts: A row a layer.
        titles: Field and title of each of its columns.
    """
    return (
        alt.Chart(texts, name=_POINTER)
        .mark_rule(color=REFERENCE_LINE)
        .encode(
            x=alt.X("layer:N"),
            opacity=alt.OpacityValue(
                0, condition={"param": _POINTED, "empty": False, "value": 0.8}
            ),
            tooltip=[alt.Tooltip(f"{field}:N", title=title) for field, title in titles],
        )
    )


def pointed_together(charts: Sequence[alt.LayerChart]) -> alt.VConcatChart:
    """Put charts above each other whose uppermost layers are pointers: pointing at a layer in any shows it in all."""
    joined = alt.vconcat(*charts, spacing=24, resolve=SCALES_OF_THEIR_OWN)
    names = [f"{_POINTER}_{place}" for place in range(len(charts))]  # as Altair tells them apart
    select = alt.PointSelectionConfig(
        type="point", on="pointermove", clear="pointerout", nearest=True, encodings=["x"]
    )
    joined.params = [alt.TopLevelSelectionParameter(name=_POINTED, select=select, views=names)]
    return joined


def heading(text: str) -> alt.Title:
    """Give the title of one chart of several."""
    return alt.Title(text, anchor="start", fontWeight="normal", fontSize=13, offset=8)


def _angle(layers: Sequence[str], inner_px: int) -> int:
    longest = max((len(end_of(layer)) for layer in layers), default=0)
    if len(layers) * longest * _LETTER_PX < inner_px:
        return 0
    return -45 if longest <= _SLANTED_LETTERS else -90
