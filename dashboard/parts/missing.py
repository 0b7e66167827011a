"""What to do where something is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard import navigation, reading
from dashboard.reading import Kind
from dashboard.wording import named


@dataclass(frozen=True)
class Step:
    """What a person does to have artefacts of a kind.

    Attributes:
        title: What is done.
        sentence: What that is for.
        page: The page where it is done.
        params: Query parameters that open the page at the right place.
        words: The words of the link.
        command: The same on the command line.
    """

    title: str
    sentence: str
    page: str
    params: Mapping[str, str]
    words: str
    command: str


STEPS: Mapping[str, Step] = {
    "models": Step(
        "Register the model",
        "The vision model under test: its weights, its architecture, and how its images are prepared.",
        navigation.LIBRARY,
        {"kind": "models"},
        "Register a model",
        "mint model add my-model --arch torchvision:resnet18 --weights weights.safetensors \\\n"
        "    --size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225",
    ),
    "datasets": Step(
        "Register members and externals",
        "Images that were in its training set, and images of the same source that were not.",
        navigation.LIBRARY,
        {"kind": "datasets"},
        "Register datasets",
        "mint dataset add my-members --from folder:path/to/training-images --membership member\n"
        "mint dataset add my-externals --from folder:path/to/other-images --membership external",
    ),
    "auditors": Step(
        "Train an auditor",
        "It learns to tell members from externals by what the model computes inside, beside its blind baselines.",
        navigation.TRAIN,
        {},
        "Train an auditor",
        "mint sweep my-model --members my-members --external my-externals",
    ),
}
"""Kind of artefact -> how it comes to be, in the order in which a person goes."""
DEMO = "mint demo"
_NONE = {
    "models": "No model is registered yet.",
    "datasets": "No dataset is registered yet.",
    "auditors": "No auditor is trained yet.",
}


def stop_where_missing(needed: Sequence[Kind]) -> None:
    """Say what to do first, and end the page there, where something needed is missing.

    Args:
        needed: Keys of ``STEPS``, in the order in which a person makes them.
    """
    gaps = [kind for kind in needed if not reading.cards(kind)]
    if not gaps:
        return
    step = STEPS[gaps[0]]
    with st.container(border=True):
        why = f"{step.title}: {step.sentence[0].lower()}{step.sentence[1:]}"
        st.markdown(f"**First things first.** {_NONE[gaps[0]]} {why}")
        with st.container(horizontal=True):
            step_link(step, primary=True)
            st.page_link(
                navigation.OVERVIEW,
                label="See all pages at work first",
                icon=":material/play_circle:",
            )
        commands([step.command])
    st.stop()


def step_link(step: Step, *, primary: bool) -> None:
    """Link to the page where a step is done; the one to take next stands out."""
    if primary:
        navigation.link(step.page, f"**{step.words}**", step.params)
    else:
        add = ":material/add:"
        st.page_link(step.page, label=step.words, icon=add, query_params=dict(step.params))


def library_link(words: str) -> None:
    """Link to where datasets are registered."""
    step = STEPS["datasets"]
    navigation.link(step.page, words, step.params)


def commands(listed: Sequence[str]) -> None:
    """Offer the same on the command line, folded."""
    with st.expander("On the command line", icon=":material/terminal:"):
        for command in listed:
            st.code(command, language="bash", wrap_lines=True)
        st.caption(f"Add {named(f'--home {reading.home().path}')} to each of them.")
