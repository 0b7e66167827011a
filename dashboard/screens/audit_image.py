"""Was this image used to train the model?"""

import pandas as pd
import streamlit as st

from dashboard import reading
from dashboard.charts.scores import score_distributions
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import auditor_choice
from dashboard.parts.downloads import csv_download
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.heading import heading
from dashboard.parts.images import Named, image_choice
from dashboard.parts.loaded import held_out_histogram, judge
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.thumbnails import show_pixels
from dashboard.parts.verdicts import held_out_note, image_verdict
from dashboard.wording import P_VALUE_HELP, p_value

_SHOWN = 12
_COLUMNS = ["name", "verdict", "tier", "score", "probability", "p_value", "registered_as"]


def _judge_all(auditor: str, images: list[Named]) -> tuple[list[Named], reading.Rows]:
    judged, findings = [], []
    for name, pixels in images:
        with errors_as_sentences():
            findings.append(judge(auditor, name, pixels))
            judged.append((name, pixels))
    return judged, findings


def _finding(image: Named, finding: dict[str, object]) -> None:
    with st.container(border=True):
        picture, words = st.columns([1, 6])
        with picture:
            show_pixels(image[1])
        with words:
            image_verdict(finding)
            _registered(finding)
        _figures(finding)


def _figures(finding: dict[str, object]) -> None:
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
    columns[2].metric("p-value", p_value(float(str(finding["p_value"]))), help=P_VALUE_HELP)


def _registered(finding: dict[str, object]) -> None:
    if finding["registered_as"]:
        part = {"train": "trained on", "validation": "chosen with", "test": "tested on"}
        use = part.get(str(finding["registered_part"]), "given")
        st.info(
            f"This very image is registered as {finding['registered_as']} in the data this auditor was {use}, so its "
            "score says less than that of a new image.",
            icon=":material/info:",
        )


def _distribution(auditor: str, findings: reading.Rows) -> None:
    st.subheader("Where do the scores fall?", anchor=False)
    marks = [{"name": finding["name"], "score": finding["score"]} for finding in findings]
    histogram = held_out_histogram(auditor)
    show_chart(
        score_distributions(histogram, marks),
        pd.DataFrame(histogram),
        f"{auditor}-scores",
        "Score distributions of held-out members and externals, with the judged images marked.",
        "Green: the images judged here. The two groups are images that the auditor had not seen; n is in the legend. "
        "Where they overlap, a single score says little.",
    )


def _table(findings: reading.Rows) -> None:
    table = pd.DataFrame(findings)[_COLUMNS]
    if len(findings) > 1:
        st.dataframe(table, hide_index=True)
    csv_download("Findings (CSV)", table, "findings.csv")


heading(
    "Was this image used to train the model?",
    "An auditor compares what the model computes for your image with what it computes for images that were, and were "
    "not, in its training set. A single image's result is evidence with an error rate, never proof.",
)
_auditors, _datasets = reading.ranked_auditors(), reading.cards("datasets")
stop_where_missing(("models", "datasets", "auditors"))
_auditor = auditor_choice(_auditors)
held_out_note(_auditor)
_images, _findings = _judge_all(_auditor["id"], image_choice(_datasets))
for _image, _one in zip(_images[:_SHOWN], _findings[:_SHOWN], strict=True):
    _finding(_image, _one)
if len(_findings) > _SHOWN:
    st.caption(f"The first {_SHOWN} are shown in full; the table has all {len(_findings)}.")
if _findings:
    _distribution(_auditor["id"], _findings)
    _table(_findings)
