"""Reads of the page that compares methods, kept in memory by artefact id and time of publication."""
# ruff: noqa: PLC0415 - scipy is imported where something is measured, not where the page is opened

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from dashboard.reading import home, home_path, version_of
from mintcore.datasets import reading
from mintcore.methods.agreement import (
    Finds,
    find_at,
    jaccard,
    kappa,
    pairs_found,
    rank_correlation,
)
from mintcore.methods.beside import SplitScores, split_scores

Named = tuple[tuple[str, str], ...]
"""Name and id of auditors."""


@dataclass(frozen=True)
class Split:
    """What is set side by side on one split.

    Attributes:
        methods: Id of the methods' artefact.
        names: Of its methods.
        auditors: Name and id of the auditors beside them.
    """

    methods: str
    names: tuple[str, ...]
    auditors: Named

    def version(self) -> tuple[int, ...]:
        """Give the times of publication, which belong into the key of a cache."""
        own = version_of("methods", self.methods)
        return (own, *(version_of("auditors", auditor) for _, auditor in self.auditors))


@dataclass(frozen=True)
class Agreement:
    """What methods find at one false-positive rate, and how far they agree.

    Attributes:
        finds: Which members and externals.
        lines: From ``mintcore.methods.finds_table.find_lines``.
        measures: Title -> (M, M) how far each two agree on the members.
        both: (M, M) members that both find.
        either: (M, M) members that either finds.
    """

    finds: Finds
    lines: list[dict[str, Any]]
    measures: dict[str, np.ndarray]
    both: np.ndarray
    either: np.ndarray


def scores(split: Split) -> SplitScores:
    """Give the scores of the images that all of a split held out.

    Raises:
        MintError: An auditor was trained on another split.
    """
    return _scores(home_path(), split, split.version())


def curves(split: Split) -> dict[str, list[tuple[float, float]]]:
    """Give the ROC curve of each method and auditor, thinned."""
    return _curves(home_path(), split, split.version())


def lead(split: Split, auditor: str) -> dict[str, Any]:
    """Say how far an auditor is ahead of the best method: ``method``, ``value`` and ``interval`` of the difference."""
    return _lead(home_path(), split, split.version(), auditor)


def agreement(split: Split, fpr: float) -> Agreement | None:
    """Give what is found at a false-positive rate; None where there are too few externals to measure it."""
    return _agreement(home_path(), split, split.version(), fpr)


def described(dataset: str, sample_ids: tuple[str, ...]) -> list[dict[str, Any]]:
    """Give what a dataset says of images, in their order."""
    return _described(home_path(), dataset, version_of("datasets", dataset), sample_ids)


@st.cache_resource(show_spinner="Reading the scores ...", max_entries=4)  # they never change
def _scores(path: str, split: Split, version: tuple[int, ...]) -> SplitScores:
    return split_scores(home(), split.methods, split.names, dict(split.auditors))


@st.cache_data(show_spinner="Drawing the curves ...", max_entries=20)
def _curves(
    path: str, split: Split, version: tuple[int, ...]
) -> dict[str, list[tuple[float, float]]]:
    from mintcore.evaluation.roc import curve

    read = _scores(path, split, version)
    return {
        name: curve(values[read.is_member], values[~read.is_member])
        for name, values in read.scores.items()
    }


@st.cache_data(show_spinner="Comparing the methods ...", max_entries=20)
def _lead(path: str, split: Split, version: tuple[int, ...], auditor: str) -> dict[str, Any]:
    from mintcore.evaluation.advantage import advantage

    read = _scores(path, split, version)
    found = advantage(
        read.scores[auditor], [read.scores[name] for name in split.names], read.is_member
    )
    return {
        "method": split.names[found.best_blind],
        "value": found.value,
        "interval": found.interval,
    }


@st.cache_resource(show_spinner="Comparing what is found ...", max_entries=6)
def _agreement(path: str, split: Split, version: tuple[int, ...], fpr: float) -> Agreement | None:
    from mintcore.methods.finds_table import find_lines

    read = _scores(path, split, version)
    finds = find_at(read.scores, read.is_member, fpr)
    if finds is None:
        return None
    of_members = np.stack([values[read.is_member] for values in read.scores.values()])
    measures = {
        "Jaccard": jaccard(finds.members),
        "Cohen's kappa": kappa(finds.members),
        "Spearman": rank_correlation(of_members),
    }
    lines = find_lines(finds, read.scores, read.is_member)
    return Agreement(finds, lines, measures, *pairs_found(finds.members))


@st.cache_data(show_spinner=False, max_entries=20)
def _described(
    path: str, dataset: str, version: int, sample_ids: tuple[str, ...]
) -> list[dict[str, Any]]:
    return [row for row in reading.described(home(), [dataset], sample_ids) if "uri" in row]
