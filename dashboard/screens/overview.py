"""What is in this home folder, and what to do next?"""

import streamlit as st

from dashboard import reading
from dashboard.parts import holdings
from dashboard.parts.first_run import followed_demo, own_steps, steps_done, two_ways
from dashboard.parts.heading import heading
from dashboard.parts.ranking import ranking
from dashboard.parts.recent import recent_audits, recent_jobs
from dashboard.reading import Rows
from dashboard.wording import memory_note


def _next_steps() -> None:
    done = steps_done()
    if all(done.values()):
        return
    with st.container(border=True):
        st.markdown("**What to do next**")
        own_steps(done)


def _memory_notes(models: Rows, auditors: Rows) -> None:
    audited = {card["model"] for card in auditors}
    for note in filter(None, (memory_note(card) for card in models if card["id"] in audited)):
        st.info(note, icon=":material/psychology:")


def _filled(models: Rows, datasets: Rows) -> None:
    stores, auditors = reading.stores(), reading.ranked_auditors()
    holdings.counts(models, datasets, stores, auditors)
    _next_steps()
    ranking(auditors)
    _memory_notes(models, auditors)
    left, right = st.columns(2, gap="medium")
    with left:
        recent_audits(reading.cards("audits"))
    with right:
        recent_jobs()
    holdings.tables(models, datasets, stores)


heading(
    "What is in this home folder?",
    "Models under audit, the images known to it, and what was found so far.",
)
_demo_runs = followed_demo()
_models, _datasets = reading.cards("models"), reading.cards("datasets")
if _models or _datasets:
    _filled(_models, _datasets)
elif not _demo_runs:
    two_ways(steps_done())
