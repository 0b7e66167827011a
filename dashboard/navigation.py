"""The pages and where they are."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

OVERVIEW = "screens/overview.py"
AUDIT_IMAGE = "screens/audit_image.py"
AUDIT_DATASET = "screens/audit_dataset.py"
TRAIN = "screens/train.py"
LAYERS = "screens/layers.py"
DATABASES = "screens/databases.py"
JOBS = "screens/jobs.py"

_PAGES = {
    OVERVIEW: ("Overview", "home", None),
    AUDIT_IMAGE: ("Audit an image", "image_search", "audit-image"),
    AUDIT_DATASET: ("Audit a dataset", "photo_library", "audit-dataset"),
    TRAIN: ("Train an auditor", "model_training", "train"),
    LAYERS: ("Compare layers", "layers", "layers"),
    DATABASES: ("Compare datasets", "grid_on", "datasets"),
    JOBS: ("Jobs", "pending_actions", "jobs"),
}

_RESULTS = {
    "audits": (AUDIT_DATASET, "audit", "See the audit"),
    "auditors": (LAYERS, "auditor", "Compare the layers"),
    "comparisons": (DATABASES, "comparison", "See the comparison"),
}
"""Kind of artefact that a job makes -> the page that shows it, its query parameter, and the link's words."""


def pages() -> list[Any]:
    """Give the pages for ``st.navigation``, the first of them the default."""
    return [
        st.Page(
            path, title=title, icon=f":material/{icon}:", url_path=url, default=path == OVERVIEW
        )
        for path, (title, icon, url) in _PAGES.items()
    ]


def result_link(result: Mapping[str, Any] | None, job_id: str | None = None) -> None:
    """Link to what a job made, where a page shows it.

    Args:
        result: Kind of artefact -> ids.
        job_id: The job, where the page shows all audits of one side by side.
    """
    for kind, (path, param, words) in _RESULTS.items():
        made = (result or {}).get(kind)
        if made:
            batch = {"batch": job_id} if job_id and kind == "audits" and len(made) > 1 else {}
            st.page_link(
                path,
                label=f"See the {len(made)} audits" if batch else words,
                icon=":material/arrow_forward:",
                query_params={param: made[0], **batch},
            )
