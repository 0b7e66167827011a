"""Which members methods find, and how far they agree, on the page that compares them."""

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import methods_reading
from dashboard.charts.agreement import agreement_map, agreement_rows, find_bars, find_rows
from dashboard.methods_reading import Agreement, Split
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import choice, segments
from dashboard.parts.downloads import csv_download
from dashboard.parts.thumbnails import Thumbnail, thumbnails
from dashboard.wording import INTERVALS, p_value
from mintcore.methods.agreement import clearest_alone

_RATES = {"10%": 0.1, "5%": 0.05, "1%": 0.01}
_MEASURES = {
    "Jaccard": "of the members that either finds, the share that both find",
    "Cohen's kappa": "agreement beyond chance: 1 is the same finds, 0 what independent methods share",
    "Spearman": "correlation of how they rank the held-out members, whatever the threshold",
}
_SHOWN = 14


def show_agreement(split: Split, card: Mapping[str, Any], auditors: Collection[str]) -> None:
    """Show which members each method finds at a rate that the person chooses."""
    st.subheader("Do they find the same members?", anchor=False)
    left, right = st.columns(2)
    with left:
        rate = segments(
            "False-positive rate allowed", {rate: rate for rate in _RATES}, "fpr", "10%"
        )
    with right:
        measure = segments(
            "Agreement, as", {name: name for name in _MEASURES}, "measure", "Jaccard"
        )
    found = methods_reading.agreement(split, _RATES[rate])
    if found is None:
        n_externals = card["rows"][0]["n_externals"]
        st.info(
            f"At {rate} nothing can be measured with {n_externals:,} held-out externals: choose a higher rate.",
            icon=":material/info:",
        )
        return
    _map(split, found, measure, _RATES[rate])
    _finds(split, found, rate, auditors)
    _alone(split, card, found)


def _map(split: Split, found: Agreement, measure: str, fpr: float) -> None:
    names = found.finds.names
    chance = f" Random finds would share {fpr / (2 - fpr):.3f}." if measure == "Jaccard" else ""
    table = agreement_rows(names, found.measures[measure], found.both, found.either)
    show_chart(
        agreement_map(table, names, measure),
        table,
        f"{split.methods}-{measure.split(maxsplit=1)[-1].lower()}",
        f"{measure} of each two methods.",
        f"{measure}: {_MEASURES[measure]}.{chance} Attack-P ranks images as the loss does, so these two always agree.",
        width="content",
    )


def _finds(split: Split, found: Agreement, rate: str, auditors: Collection[str]) -> None:
    finds, n_members = found.finds, found.finds.members.shape[1]
    by_all, by_one, by_any = (
        int(counts.sum())
        for counts in (
            finds.members.all(axis=0),
            finds.members.sum(axis=0) == 1,
            finds.members.any(axis=0),
        )
    )
    order = [
        line["method"] for line in sorted(found.lines, key=lambda line: -line["share_members"])
    ]
    tables = [find_rows(found.lines, auditors, figure) for figure in ("share", "alone")]
    show_chart(
        find_bars(found.lines, auditors, order),
        pd.concat(tables, keys=["found", "alone"], names=["figure"]).reset_index(level=0),
        f"{split.methods}-finds",
        "Share of held-out members and externals that each method finds, and that it alone finds.",
        f"Of {n_members:,} held-out members {by_any:,} are found by some method, {by_all:,} by all, {by_one:,} by "
        f"exactly one. Each threshold is set on the {finds.externals.shape[1]:,} held-out externals of the same split, "
        f"so that at most {rate} of them are above it. {INTERVALS} **Where members are found no more often than "
        "externals, it is luck.**",
        width="content",
    )


def _alone(split: Split, card: Mapping[str, Any], found: Agreement) -> None:
    counts = {line["method"]: line for line in found.lines if line["alone_members_count"]}
    if not counts:
        st.caption("No member is found by one method alone.")
        return
    ordered = sorted(counts, key=lambda name: -counts[name]["alone_members_count"])
    name = choice("Members that only this one finds", ordered, "only")
    line = counts[name]
    st.caption(
        f"{line['alone_members_count']:,} of {line['n_members']:,} held-out members; of the externals it alone calls "
        f"{line['alone_externals_count']:,} of {line['n_externals']:,} members, wrongly. The clearest come first."
    )
    read = methods_reading.scores(split)
    places, p_values = clearest_alone(found.finds, name, read.scores[name], read.is_member)
    ids = read.sample_ids.take(places).to_pylist()
    known = dict(zip(ids, p_values, strict=True))
    images = methods_reading.described(card["made_from"]["members"]["dataset"], tuple(ids[:_SHOWN]))
    thumbnails(
        [
            Thumbnail(row["uri"], [f"p {p_value(known[row['sample_id']])}", _label(row)])
            for row in images
        ]
    )
    csv_download(
        "All of them (CSV)",
        lambda: pd.DataFrame({"sample_id": ids, "p_value": p_values}),
        f"{split.methods}-only-{name.replace(' ', '-')}.csv",
    )


def _label(row: Mapping[str, Any]) -> str:
    return f"label {row['label']}" if row["label"] else ""
