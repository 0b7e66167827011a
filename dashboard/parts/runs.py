"""Trained auditors beside each other."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import reading
from dashboard.charts.runs import (
    MOST_RUNS,
    curve_rows,
    interval_rows,
    run_advantages,
    run_aucs,
    run_curves,
)
from dashboard.charts.training import CURVES
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import choices
from dashboard.tables import run_table
from dashboard.wording import INTERVALS, auditor_label, auditor_name
from mintcore.library import experiment_key, experiments
from mintcore.runs import differing_settings, same_test

_PARAM = "compare"
_FIRST_SHOWN = 3


def compare_runs(auditors: reading.Rows) -> None:
    """Let the person choose auditors, and show them beside each other.

    Args:
        auditors: Cards, the newest first.
    """
    by_id = {card["id"]: card for card in auditors}
    if _PARAM not in st.query_params:
        st.query_params[_PARAM] = ",".join(_alike(auditors))
    chosen = choices(
        "Runs to compare",
        list(by_id),
        _PARAM,
        lambda name: auditor_label(by_id[name]),
        f"Trained auditors, the newest first; {MOST_RUNS} at most are drawn.",
    )
    if len(chosen) < 2:
        st.info("Choose two runs or more.", icon=":material/info:")
        return
    if len(chosen) > MOST_RUNS:
        st.caption(f"The first {MOST_RUNS} of {len(chosen)} are shown.")
    _shown(_named([by_id[name] for name in chosen[:MOST_RUNS]]))


def _named(cards: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Name runs as short as tells them apart."""
    often = Counter(auditor_name(card) for card in cards)
    return {
        name if often[name] == 1 else f"{name}, {card['id'][-4:]}": card
        for card in cards
        for name in [auditor_name(card)]
    }


def _shown(runs: dict[str, dict[str, Any]]) -> None:
    cards = list(runs.values())
    _say_whether_comparable(cards)
    st.dataframe(run_table(runs), hide_index=True, alt="Figures of the runs, with intervals.")
    _differences(runs)
    left, right = st.columns(2)
    with left:
        show_chart(
            run_aucs(runs),
            interval_rows(runs),
            "runs-auc",
            "AUC of each run and of its best blind baseline, with intervals.",
        )
    with right:
        show_chart(
            run_advantages(runs),
            interval_rows(runs),
            "runs-advantage",
            "Advantage of each run over its best blind baseline, with intervals.",
        )
    _curves(runs)


def _say_whether_comparable(cards: Sequence[dict[str, Any]]) -> None:
    if same_test(cards):
        n = max(card["n_members"] + card["n_externals"] for card in cards)
        st.caption(
            f"All were tested on the same {n:,} held-out images. {INTERVALS} Two of them can overlap although the "
            "difference is real: the images are the same."
        )
        return
    st.warning(
        "These runs were tested on different held-out images: another dataset, another version of one, or another seed "
        "decided which. Their figures cannot be compared directly; a difference may come from the images alone.",
        icon=":material/warning:",
    )


def _differences(runs: dict[str, dict[str, Any]]) -> None:
    found = differing_settings(list(runs.values()))
    if not found:
        st.caption("They were made with the same settings.")
        return
    table = pd.DataFrame(
        [
            {"setting": name, **dict(zip(runs, values, strict=True))}
            for name, values in found.items()
        ]
    )
    st.markdown("**What they were made with, where they differ**")
    st.dataframe(table, hide_index=True, alt="Settings in which the runs differ.")


def _curves(runs: dict[str, dict[str, Any]]) -> None:
    st.subheader("How did their trainings go?", anchor=False)
    histories = {
        name: reading.history(card["id"]).to_dict("records") for name, card in runs.items()
    }
    columns = st.columns(2)
    for column, curve in zip(columns, ("validation_auc", "validation_loss"), strict=True):
        with column:
            show_chart(
                run_curves(histories, curve),
                curve_rows(histories),
                f"runs-{curve}",
                f"{CURVES[curve]} by epoch, for the auditor of each run.",
            )
    st.caption(
        "The auditors' own networks, as far as all seeds were trained. Where an auditor has several sources, the mean "
        "of their networks."
    )


def _alike(auditors: reading.Rows) -> list[str]:
    """Choose some auditors of the experiment that has most of them: they were tested on the same images."""
    largest = next(iter(experiments(auditors)))
    alike = [card["id"] for card in auditors if experiment_key(card) == largest]
    return alike[:_FIRST_SHOWN]
