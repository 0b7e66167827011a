"""Does a layer give its training images away?"""

from typing import Any

import streamlit as st

from dashboard import navigation, reading
from dashboard.charts.training import CURVES, training_curve, training_rows
from dashboard.parts import jobs
from dashboard.parts.charts import n_note, show_chart
from dashboard.parts.choices import choice, choose_again
from dashboard.parts.contributions import show_contributions
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.figures import Figure, show_figures
from dashboard.parts.heading import heading
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.subjects import experiment_choice, layer_choice, subjects
from dashboard.parts.verdicts import auditor_verdict
from dashboard.wording import (
    ADVANTAGE_HELP,
    AUC_HELP,
    BLIND_HELP,
    auditor_label,
    interval,
    plain,
    signed,
    signed_interval,
)
from mintcore.jobs import queue
from mintcore.jobs.queue import Job


def _ask() -> None:
    known = subjects()
    if known is None:
        return
    request = experiment_choice(known)
    chosen = layer_choice(request["model"])
    if st.button("Start the training", type="primary", icon=":material/play_arrow:"):
        jobs.submit("train", request | {"layers": chosen["layer"], "kinds": [chosen["kind"]]})


def _curves(name: str, epochs: reading.Rows) -> None:
    if not epochs:
        return
    columns = st.columns(len(CURVES))
    for column, (curve, title) in zip(columns, CURVES.items(), strict=True):
        with column:
            show_chart(
                training_curve(epochs, curve),
                training_rows(epochs),
                f"{name}-{curve}",
                f"{title} by epoch, for the auditor and its blind baselines.",
            )
    st.caption(
        "Thick: the mean of a network's seeds, as far as all of them were trained. Thin: each seed."
    )


def _live(job: Job) -> None:
    epochs = queue.job_measures(reading.home(), job.id)
    if not epochs and job.state == "running":
        st.caption("The curves begin when the activations are computed.")
    _curves(job.id, epochs)


def _followed() -> None:
    job = jobs.followed_job("train")
    if job is None:
        return
    if job.state == "done" and job.result:
        choose_again("auditor", job.result["auditors"][0])
        del st.query_params["job"]
        st.rerun()
    jobs.follow(job, _live)


def _figures(card: dict[str, Any]) -> None:
    show_figures(
        [
            Figure("AUC", f"{card['auc']:.3f}", interval(card["auc_ci"]), AUC_HELP),
            Figure(
                "Best blind baseline",
                f"{card['blind_auc']:.3f}",
                interval(card["blind_auc_ci"]),
                BLIND_HELP,
            ),
            Figure(
                "Advantage",
                signed(card["advantage"]),
                signed_interval(card["advantage_ci"]),
                ADVANTAGE_HELP,
            ),
            Figure(
                "Accuracy",
                f"{card['accuracy']:.3f}",
                interval(card["accuracy_ci"]),
                "At the threshold that was chosen on the validation images.",
            ),
        ]
    )
    st.caption(
        f"{n_note(card['n_members'], card['n_externals'])} Best blind baseline: {card['best_blind']}."
    )
    if card.get("null_auc") is not None:  # earlier versions trained none
        st.caption(
            f"The same auditor on labels that were shuffled, a null that should sit at 0.5: AUC {card['null_auc']:.3f} "
            f"({interval(card['null_auc_ci'])})."
        )
    if card.get("search"):
        st.caption(
            f"Its settings are the best of {len(card['search']['trials'])} that were tried on the validation images."
        )
    for remark in card.get("remarks", ()):
        st.warning(plain(remark), icon=":material/warning:")


def _result(auditors: reading.Rows) -> None:
    by_id = {card["id"]: card for card in sorted(auditors, key=_created, reverse=True)}
    chosen = choice(
        "Auditor shown", list(by_id), "auditor", lambda name: auditor_label(by_id[name])
    )
    card = by_id[chosen]
    with st.container(border=True):
        auditor_verdict(card)
    _figures(card)
    show_contributions(card)
    st.subheader("How did the training go?", anchor=False)
    _curves(chosen, reading.history(chosen).to_dict("records"))
    st.caption(
        "The epoch with the best validation AUC is kept; the figures above are from images "
        "touched only once, after that."
    )
    navigation.result_link({"auditors": [chosen]})


def _created(card: dict[str, Any]) -> str:
    return str(card["created"])


heading(
    "Does this layer remember?",
    "An auditor learns to tell members from externals by what the model computes at one layer. Beside it, blind "
    "baselines learn the same from what cannot know the members.",
)
stop_where_missing(("models", "datasets"))
_ask()
_followed()
_auditors = reading.cards("auditors")
st.divider()
if _auditors:
    with errors_as_sentences():
        _result(_auditors)
else:
    st.info("No auditor is trained yet: start the first training above.", icon=":material/info:")
