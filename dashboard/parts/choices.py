"""Choices that are kept in the URL, so that a view can be shared and reloaded."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

import streamlit as st

from dashboard import reading
from dashboard.parts.address import keep_in_address
from dashboard.titles import title
from dashboard.wording import auditor_label

Value = TypeVar("Value", bound=str)

_NAMES = {
    "model": "models",
    "reference": "models",
    "members": "datasets",
    "external": "datasets",
    "dataset": "datasets",
}
"""Query parameter -> the kind of artefact that it names, whose titles are shown."""
_BEST_FIRST = (
    "The default auditor comes first, where one was chosen; then the best evidence: auditors that beat every blind "
    "baseline, by how much they do."
)


def choice(
    label: str,
    options: Sequence[str],
    param: str,
    describe: Callable[[str], str] | None = None,
    help_text: str | None = None,
) -> str:
    """Let the person choose one of several; the query parameter ``param`` says which.

    Args:
        label: What is chosen.
        options: The values, at least one; the first is chosen where the URL names none of them.
        param: The query parameter.
        describe: How a value is shown; by default a model or dataset with its title, and all else as it is.
        help_text: Shown on request.
    """
    key = f"choice-{param}"
    if st.session_state.get(key) not in options:
        wanted = st.query_params.get(param)
        st.session_state[key] = wanted if wanted in options else options[0]
    labels = distinct_labels(options, describe or _described(param))
    chosen = st.selectbox(label, options, key=key, format_func=labels.__getitem__, help=help_text)
    keep_in_address(param, chosen)
    return str(chosen)


def choices(
    label: str,
    options: Sequence[str],
    param: str,
    describe: Callable[[str], str] | None = None,
    help_text: str | None = None,
) -> list[str]:
    """Let the person choose some of several; the query parameter ``param`` lists them, separated by commas.

    Args:
        label: What is chosen.
        options: The values; the first is chosen where the URL names none of them.
        param: The query parameter.
        describe: How a value is shown; by default a model or dataset with its title, and all else as it is.
        help_text: Shown on request.
    """
    key = f"choices-{param}"
    if key not in st.session_state:
        wanted = st.query_params.get(param, "").split(",")
        named = [value for value in wanted if value in options]
        st.session_state[key] = named or list(options[:1])
    st.session_state[key] = [value for value in st.session_state[key] if value in options]
    labels = distinct_labels(options, describe or _described(param))
    chosen = st.multiselect(label, options, key=key, format_func=labels.__getitem__, help=help_text)
    keep_in_address(param, ",".join(chosen))
    return list(chosen)


def number_choice(
    label: str, param: str, limits: tuple[int, int], usual: int, help_text: str
) -> int:
    """Let the person choose a whole number; the query parameter ``param`` says which, where it is not the usual one."""
    lowest, highest = limits
    return int(
        st.number_input(
            label, lowest, highest, usual, key=param, help=help_text, bind="query-params"
        )
    )


def segments(
    label: str,
    options: Mapping[Value, str],
    param: str,
    usual: Value,
    label_visibility: Literal["visible", "collapsed"] = "visible",
) -> Value:
    """Let the person switch between a few values; the query parameter ``param`` says which.

    Args:
        label: What is chosen.
        options: The values, and how each is shown.
        param: The query parameter.
        usual: The value where the URL names none.
        label_visibility: Whether the label is shown.
    """
    key = f"choice-{param}"
    if st.session_state.get(key) not in options:
        wanted = st.query_params.get(param)
        st.session_state[key] = wanted if wanted in options else usual
    chosen = st.segmented_control(
        label,
        list(options),
        required=True,
        format_func=options.__getitem__,
        key=key,
        label_visibility=label_visibility,
    )
    value = usual if chosen is None else chosen
    keep_in_address(param, value)
    return value


def _described(param: str) -> Callable[[str], str]:
    return partial(title, _NAMES[param]) if param in _NAMES else str


def distinct_labels(options: Sequence[str], describe: Callable[[str], str]) -> dict[str, str]:
    """Give each option a label of its own: Streamlit takes options of the same label for one."""
    labels = {option: describe(option) for option in options}
    often = Counter(labels.values())
    return {
        option: label if often[label] == 1 else f"{label}, {option}"
        for option, label in labels.items()
    }


def choose_again(param: str, value: str) -> None:
    """Make a value, or several separated by commas, the chosen one from the next run on."""
    st.session_state.pop(f"choice-{param}", None)
    st.session_state.pop(f"choices-{param}", None)
    st.query_params[param] = value


def label_again(value: str) -> None:
    """Let all choices that show a value take its label anew: a browser keeps the one that it was sent first."""
    for key, chosen in list(st.session_state.items()):
        if str(key).startswith("choice") and value in (
            [chosen] if isinstance(chosen, str) else chosen
        ):
            del st.session_state[key]


def auditor_choices(auditors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Let the person choose auditors; the query parameter ``auditor`` lists them."""
    by_id, labels = {card["id"]: dict(card) for card in auditors}, auditor_labels(auditors)
    chosen = choices(
        "Auditors",
        list(by_id),
        "auditor",
        labels.__getitem__,
        help_text=_BEST_FIRST,
    )
    return [by_id[name] for name in chosen]


def auditor_choice(auditors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Let the person choose an auditor; the query parameter ``auditor`` says which."""
    by_id, labels = {card["id"]: dict(card) for card in auditors}, auditor_labels(auditors)
    chosen = choice(
        "Auditor",
        list(by_id),
        "auditor",
        labels.__getitem__,
        help_text=_BEST_FIRST,
    )
    return by_id[chosen]


def auditor_labels(auditors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Give each auditor's label by its id; that of the default auditor says so."""
    default = reading.default_auditor()
    return {
        card["id"]: f"{'Default: ' if card['id'] == default else ''}{auditor_label(card)}"
        for card in auditors
    }
