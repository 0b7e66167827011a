"""What to do where something is missing."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import reading
from dashboard.reading import Kind

REGISTER_MODEL = (
    "mint model add my-model --arch torchvision:resnet18 --weights weights.safetensors \\\n"
    "    --size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225"
)
REGISTER_DATASETS = (
    "mint dataset add my-members --from folder:path/to/training-images --membership member\n"
    "mint dataset add my-externals --from folder:path/to/other-images --membership external"
)
SWEEP = "mint sweep my-model --members my-members --external my-externals"
DEMO = "mint demo"

STEPS: Mapping[str, tuple[str, str]] = {
    "models": (
        "No model is registered yet. Register the one to audit on the command line:",
        REGISTER_MODEL,
    ),
    "datasets": (
        "No dataset is registered yet. Register images that were in the model's training set, and images of the same "
        "source that were not:",
        REGISTER_DATASETS,
    ),
    "auditors": (
        "No auditor is trained yet. Train one on the page _Train an auditor_, or for all layers at once:",
        SWEEP,
    ),
}


def missing(counts: Mapping[str, int], needed: Sequence[str]) -> list[str]:
    """Tell which of the needed kinds of artefact are not there.

    Args:
        counts: Kind of artefact -> how many there are.
        needed: Keys of ``STEPS``, in the order in which a person makes them.
    """
    return [kind for kind in needed if not counts.get(kind)]


def stop_where_missing(needed: Sequence[Kind]) -> None:
    """Say what to do first, and end the page there, where something needed is missing."""
    gaps = missing({kind: len(reading.cards(kind)) for kind in needed}, needed)
    if not gaps:
        return
    sentence, command = STEPS[gaps[0]]
    with st.container(border=True):
        st.markdown(f"**First things first.** {sentence}")
        st.code(command, language="bash")
        st.caption("Or see all pages at work on real images that come with the installation:")
        st.code(DEMO, language="bash")
    st.stop()
