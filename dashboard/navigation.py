"""The pages and where they are."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st

OVERVIEW = "screens/overview.py"
AUDIT_IMAGE = "screens/audit_image.py"
AUDIT_DATASET = "screens/audit_dataset.py"
LAYERS = "screens/layers.py"
DATABASES = "screens/databases.py"
METHODS = "screens/methods.py"
TRAIN = "screens/train.py"
LIBRARY = "screens/library.py"
JOBS = "screens/jobs.py"
ABOUT = "screens/about.py"


class Place(NamedTuple):
    """Where a page stands in the navigation.

    Attributes:
        section: The heading it stands under.
        title: Its name there.
        icon: Its Material symbol.
        url: Its path; None for the first page.
    """

    section: str
    title: str
    icon: str
    url: str | None


PAGES = {
    OVERVIEW: Place("", "Overview", "home", None),
    AUDIT_IMAGE: Place("Audit", "Audit an image", "image_search", "audit-image"),
    AUDIT_DATASET: Place("Audit", "Audit a dataset", "photo_library", "audit-dataset"),
    LAYERS: Place("Explore", "Compare layers", "layers", "layers"),
    DATABASES: Place("Explore", "Compare datasets", "grid_on", "datasets"),
    METHODS: Place("Explore", "Compare methods", "balance", "methods"),
    TRAIN: Place("Prepare", "Train an auditor", "model_training", "train"),
    LIBRARY: Place("Prepare", "Library", "inventory_2", "library"),
    JOBS: Place("Workbench", "Jobs", "pending_actions", "jobs"),
    ABOUT: Place("Workbench", "Settings and about", "info", "about"),
}

_RESULTS = {
    "audits": (AUDIT_DATASET, "audit", "See the audit"),
    "auditors": (LAYERS, "auditor", "Compare the layers"),
    "comparisons": (DATABASES, "comparison", "See the comparison"),
    "methods": (METHODS, "methods", "Compare the methods"),
    "overlaps": (DATABASES, "overlap", "See the overlap"),
    "models": (LIBRARY, "model", "See the model"),
    "datasets": (LIBRARY, "dataset", "See the dataset"),
}
"""Kind of artefact that a job makes -> the page that shows it, its query parameter, and the link's words."""


def pages() -> dict[str, list[Any]]:
    """Give the pages for ``st.navigation`` by section, the first of them the default."""
    sections: dict[str, list[Any]] = {}
    for path, place in PAGES.items():
        page = st.Page(
            path,
            title=place.title,
            icon=f":material/{place.icon}:",
            url_path=place.url,
            default=path == OVERVIEW,
        )
        sections.setdefault(place.section, []).append(page)
    return sections


def link(page: str, words: str, params: Mapping[str, str] | None = None) -> None:
    """Link to a page, opened as the query parameters say."""
    query = dict(params or {})
    st.page_link(page, label=words, icon=":material/arrow_forward:", query_params=query)


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
            several = f"See the {len(made)} audits"
            link(path, several if batch else words, {param: made[0], **batch})
