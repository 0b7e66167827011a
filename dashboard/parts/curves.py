"""The curves of a training, finished or under way."""

import streamlit as st

from dashboard import reading
from dashboard.charts.training import CURVES, training_curve, training_rows
from dashboard.parts.charts import show_chart
from mintcore.jobs import queue
from mintcore.jobs.queue import Job

_MOST_SOURCES = 3
"""With more, the lines of one chart cannot be told apart."""


def show_curves(name: str, epochs: reading.Rows) -> None:
    """Draw the losses and the validation AUC by epoch; nothing before the first.

    Args:
        name: Names the files to take away.
        epochs: As ``training_rows`` takes them.
    """
    if not epochs:
        return
    table = training_rows(epochs)
    columns = st.columns(len(CURVES))
    for column, (curve, title) in zip(columns, CURVES.items(), strict=True):
        with column:
            show_chart(
                training_curve(epochs, curve),
                table,
                f"{name}-{curve}",
                f"{title} by epoch, for the auditor and its blind baselines.",
            )
    st.caption(
        "Thick: the mean of a network's seeds, as far as all of them were trained. Thin: each seed."
    )


def live_curves(job: Job) -> None:
    """Draw what a training has reported so far; of many sources the ones that are trained just now."""
    epochs = queue.job_measures(reading.home(), job.id)
    if not epochs and job.state == "running":
        st.caption("The curves begin when the activations are computed.")
        return
    sources = list(dict.fromkeys(_source(epoch) for epoch in reversed(epochs)))
    shown = sources
    if len(sources) > _MOST_SOURCES:
        latest = sources[:_MOST_SOURCES]
        picked = st.selectbox(
            "Curves of", ["what is trained just now", *sorted(sources)], key=f"curves-{job.id}"
        )
        shown = [picked] if picked in sources else latest
    show_curves(job.id, [epoch for epoch in epochs if _source(epoch) in shown])


def _source(epoch: dict[str, object]) -> str:
    """Give kind and what is read of a network: "vanilla on dense/pooled"."""
    return str(epoch["network"]).partition(": ")[2]
