"""Was this dataset used to train the model?"""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import reading
from dashboard.access import operators_alone
from dashboard.charts.scores import score_distributions
from dashboard.parts import jobs, set_evidence
from dashboard.parts.audited_images import audited_images
from dashboard.parts.charts import show_chart
from dashboard.parts.choices import auditor_choices, choice, choices, choose_again
from dashboard.parts.downloads import csv_download
from dashboard.parts.errors import errors_as_sentences
from dashboard.parts.figures import Figure, advantage_figure, blind_figure, show_figures
from dashboard.parts.heading import heading
from dashboard.parts.missing import stop_where_missing
from dashboard.parts.offers import offer
from dashboard.parts.reports import report_downloads
from dashboard.parts.side_by_side import side_by_side
from dashboard.parts.verdicts import dataset_verdict, held_out_note
from dashboard.wording import (
    AUC_HELP,
    EFFECT_HELP,
    INTERVALS,
    SHARE_HELP,
    interval,
    p_value,
    share_of_members,
    signed,
    signed_interval,
    when,
)
from mintcore import library


def _ask(auditors: reading.Rows, datasets: reading.Rows) -> None:
    if not operators_alone("start audits"):
        return
    left, right = st.columns([3, 2])
    with left:
        chosen = auditor_choices(auditors)
        for auditor in chosen[:1]:
            held_out_note(auditor)
    with right:
        counts = {card["id"]: card["counts"]["total"] for card in datasets}
        audited = choices(
            "Datasets to audit",
            list(counts),
            "dataset",
            help_text="What they say of membership is not used.",
        )
        with st.expander("Images that are not registered", icon=":material/upload:"):
            new = offer()
        images = sum(counts[name] for name in audited)
        st.caption(f"{images:,} registered images. Those an auditor was trained on are left out.")
        count = len(chosen) * (len(audited) + (new is not None))
        words = "Start the audit" if count < 2 else f"Start {count} audits"
        if st.button(words, type="primary", icon=":material/play_arrow:", disabled=not count):
            with errors_as_sentences():
                names = [auditor["id"] for auditor in chosen]
                jobs.submit(
                    "audit", {"auditors": names, "datasets": audited, "new": [new()] if new else []}
                )


def _show(made: dict[str, Any]) -> None:
    choose_again("audit", made["audits"][0])
    if len(made["audits"]) + len(made.get("refused", ())) > 1:
        st.query_params["batch"] = st.query_params["job"]


def _p_value_figure(audit: dict[str, Any]) -> Figure:
    return Figure(
        "p-value of the set",
        p_value(audit["p_value"]),
        f"{audit['n_audited']:,} images judged",
        "How likely scores this high would be if the set were like the held-out externals.",
    )


def _effect_figures(audit: dict[str, Any]) -> list[Figure]:
    """Give the effect size, which audits of earlier versions do not have."""
    if "cliffs_delta" not in audit:
        return []
    below = signed_interval(audit["cliffs_delta_ci"])
    return [Figure("Effect size", signed(audit["cliffs_delta"]), below, EFFECT_HELP)]


def _share_figure(audit: dict[str, Any]) -> Figure:
    share = audit["share"]
    if share is None:
        return Figure("Share of members", "–", "not measurable", SHARE_HELP)
    low, high = share["interval"]
    return Figure(
        "Share of members", f"{share['value']:.0%}", f"{low:.0%} to {high:.0%}", SHARE_HELP
    )


def _other_shares(audit: dict[str, Any]) -> str:
    shares = audit.get("shares", {})
    others = [name for name in shares if name != audit["share_method"]]
    return "".join(f"Share by {name}: {share_of_members(shares[name])}. " for name in others)


def _figures(audit: dict[str, Any]) -> None:
    show_figures([_p_value_figure(audit), *_effect_figures(audit), _share_figure(audit)])
    show_figures(
        [
            Figure(
                "AUC, set against externals",
                f"{audit['auc']:.3f}",
                interval(audit["auc_ci"]),
                AUC_HELP,
            ),
            blind_figure(audit),
            advantage_figure(audit),
        ]
    )
    st.caption(
        f"n = {audit['n_audited']:,} audited images and {audit['n_externals']:,} held-out externals. "
        f"{audit['n_excluded']:,} images were left out because the auditor was trained on them, {audit['n_failed']:,} "
        f"could not be judged. The best blind baseline is: {audit['best_blind']}. {_other_shares(audit)}{INTERVALS}"
    )


def _downloads(audit: dict[str, Any]) -> None:
    home, name = reading.home(), audit["id"]
    with st.container(horizontal=True):
        report_downloads(name)
        csv_download(
            "Scores (CSV)", lambda: library.audit_scores(home, name).to_pandas(), f"{name}.csv"
        )


def _result(audits: reading.Rows) -> None:
    by_id = {card["id"]: card for card in reversed(audits)}
    chosen = choice(
        "Audit shown",
        list(by_id),
        "audit",
        lambda name: (
            f"{by_id[name]['dataset']}: {by_id[name]['verdict']} ({when(by_id[name]['created'])})"
        ),
    )
    audit = by_id[chosen]
    with st.container(border=True):
        dataset_verdict(audit)
    set_evidence.remarks(audit)
    _figures(audit)
    _downloads(audit)
    st.subheader("Where do its scores fall?", anchor=False)
    histogram = reading.audit_histogram(chosen)
    show_chart(
        score_distributions(histogram),
        pd.DataFrame(histogram),
        f"{chosen}-scores",
        "Score distributions of the audited set, the held-out externals and the held-out members.",
        "An unused set lies on the externals; a used one moves towards the members. n is in the legend.",
    )
    set_evidence.groups(audit, reading.audited_groups(chosen))
    audited_images(audit)
    set_evidence.drift(audit)


heading(
    "Was this dataset used to train the model?",
    "The set is judged as a whole: its scores are compared with those of external images that the auditor held out, "
    "and the same is done by baselines that cannot know the members.",
)
_auditors, _datasets = reading.ranked_auditors(), reading.cards("datasets")
stop_where_missing(("models", "datasets", "auditors"))
_ask(_auditors, _datasets)
jobs.follow_to_result("audit", _show)
with errors_as_sentences():
    side_by_side()
_audits = [card for card in reading.cards("audits") if card["audit_kind"] == "dataset"]
st.divider()
if _audits:
    with errors_as_sentences():
        _result(_audits)
else:
    st.info("No dataset was audited yet: start the first audit above.", icon=":material/info:")
