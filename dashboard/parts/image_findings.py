"""Verdicts on images, as the first thing a person sees of each."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard.charts.scores import score_distributions
from dashboard.parts.charts import show_chart
from dashboard.parts.downloads import csv_download
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.images import Given
from dashboard.parts.loaded import held_out_histogram, judge, show_small
from dashboard.parts.reports import report_downloads
from dashboard.parts.verdicts import image_verdict
from dashboard.wording import P_VALUE_HELP, p_value, plain
from mintcore.verdicts import known_to_auditor

JUDGED_AT_ONCE = 100
SHOWN = 12
_COLUMNS = {
    "name": "image",
    "verdict": "verdict",
    "tier": "evidence of the auditor",
    "score": "score",
    "probability": "calibrated probability",
    "p_value": "p",
    "registered_as": "in the auditor's own data",
}

Judged = list[tuple[Given, dict[str, Any]]]


def judge_all(auditor: str, images: list[Given]) -> Judged:
    """Judge images; what cannot be judged is said and left out, and so are more than can be at once."""
    if len(images) > JUDGED_AT_ONCE:
        st.warning(
            f"These are {len(images):,} images: the first {JUDGED_AT_ONCE} are judged here. So many are better judged "
            "as one set: zip them, and give them to the page _Audit a dataset_.",
            icon=":material/photo_library:",
        )
    judged: Judged = []
    asked, progress = images[:JUDGED_AT_ONCE], st.empty()
    for at, image in enumerate(asked):
        if len(asked) > 1:
            progress.progress(at / len(asked), f"Judging image {at + 1} of {len(asked)}")
        with errors_as_sentences():
            judged.append((image, judge(auditor, image)))
    progress.empty()
    return judged


def show_findings(judged: Judged) -> None:
    """Show the first verdicts in full."""
    for image, finding in judged[:SHOWN]:
        _card(image, finding)
    if len(judged) > SHOWN:
        st.caption(f"The first {SHOWN} are shown in full; the table has all {len(judged)}.")


def show_scores(auditor: str, judged: Judged) -> None:
    """Draw where the scores of the images fall among those of the held-out ones."""
    marks = [{"name": finding["name"], "score": finding["score"]} for _, finding in judged]
    histogram = held_out_histogram(auditor)
    show_chart(
        score_distributions(histogram, marks),
        pd.DataFrame(histogram),
        f"{auditor}-scores",
        "Score distributions of held-out members and externals, with the judged images marked.",
        "Green: the images judged here. The two groups are images that the auditor had not seen; n is in the legend. "
        "Where they overlap, a single score says little.",
    )


def show_table(judged: Judged) -> None:
    """Show all findings as a table where there are several."""
    if len(judged) > 1:
        shown = _table(judged).round(3).fillna({"registered_as": "no"})
        st.dataframe(shown.rename(columns=_COLUMNS), hide_index=True)


def downloads(judged: Judged, chosen: dict[str, Any]) -> None:
    """Offer the report of one, and the findings as CSV."""
    with st.container(horizontal=True):
        report_downloads(chosen["audit"])
        csv_download("Findings (CSV)", _table(judged), "findings.csv")


def _table(judged: Judged) -> pd.DataFrame:
    return pd.DataFrame([finding for _, finding in judged])[list(_COLUMNS)]


def _card(image: Given, finding: dict[str, Any]) -> None:
    with st.container(border=True):
        picture, words = st.columns([1, 6])
        with picture:
            show_small(image)
        with words:
            image_verdict(finding)
            _remarks(finding)
        _figures(finding)


def _figures(finding: dict[str, Any]) -> None:
    columns = st.columns(3)
    columns[0].metric(
        "Score",
        f"{finding['score']:.2f}",
        help="What the auditor says of it; higher is more like a member.",
    )
    columns[1].metric(
        "Calibrated probability",
        f"{finding['probability']:.0%}",
        help="Of being a member, if half of all images were members.",
    )
    columns[2].metric("p-value", p_value(finding["p_value"]), help=P_VALUE_HELP)


def _remarks(finding: dict[str, Any]) -> None:
    known = known_to_auditor(finding)
    for remark in filter(None, (known, finding["remark"])):
        st.caption(f":material/info: {plain(remark)}")
