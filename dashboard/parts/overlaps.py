"""What datasets share, on the page that compares them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import reading
from dashboard.access import operators_alone
from dashboard.parts import jobs
from dashboard.parts.choices import choice, choose_again
from dashboard.parts.downloads import csv_download
from dashboard.parts.figures import Figure, show_figures
from dashboard.parts.thumbnails import picture
from dashboard.wording import duration, named, plain, when
from mintcore.datasets.comparison_time import seconds_to_compare

_A_ROW = 3
_NEAR_HELP = (
    "To the eye a copy of the other: saved, scaled, brightened or mirrored. A crop or another shot of the same thing "
    "is none."
)


def ask_overlap(datasets: reading.Rows) -> None:
    """Let the person choose two datasets, or one twice, and start the job that compares them."""
    if not operators_alone("look for what datasets share"):
        return
    images = {card["id"]: card["counts"]["total"] for card in datasets}
    left, right, beside = st.columns([2, 2, 1], vertical_alignment="bottom")
    with left:
        first = choice("One dataset", list(images), "overlap-a")
    with right:
        others = sorted(images, key=lambda name: name == first)
        second = choice(
            "Another, or the same again",
            others,
            "overlap-b",
            help_text="The same again finds what one dataset holds more than once.",
        )
    with beside:
        if st.button("Find the overlap", icon=":material/compare:", width="stretch"):
            jobs.submit("overlap", {"first": first, "second": second})
    seconds = seconds_to_compare(images[first], images[second])
    st.caption(
        f"{images[first] * images[second]:,} pairs are compared, which takes about {duration(max(1, seconds))}."
    )


def follow_overlap() -> None:
    """Follow the job that the URL names, and show its result when it is done."""
    jobs.follow_to_result("overlap", _show)


def show_overlaps(overlaps: reading.Rows) -> None:
    """Show an overlap that was found, the newest first."""
    by_id = {card["id"]: card for card in reversed(overlaps)}
    chosen = choice(
        "Overlap shown",
        list(by_id),
        "overlap",
        lambda name: f"{by_id[name]['a']} and {by_id[name]['b']} ({when(by_id[name]['created'])})",
    )
    card = by_id[chosen]
    _figures(card)
    _unknown(card)
    _examples(card)


def _show(made: dict[str, Any]) -> None:
    choose_again("overlap", made["overlaps"][0])


def _figures(card: Mapping[str, Any]) -> None:
    same = card["a"] == card["b"]
    images = f"{card['images'][0]:,} images"
    if not same:
        images = f"{card['images'][0]:,} and {card['images'][1]:,} images"
    near_images = [f"{count:,} of {named(card[side])}" for side, count in _near_images(card, same)]
    show_figures(
        [
            Figure(
                "Rows that repeat an image" if same else "Images in both",
                f"{card['exact']:,}",
                images,
                "The very same pixels.",
            ),
            Figure("Near-duplicate pairs", f"{card['near']:,}", images, _NEAR_HELP),
        ]
    )
    st.caption(
        f"In near pairs: {' and '.join(near_images)}. Near means at most {card['distance']} of 64 bits of the "
        f"perceptual hash apart, and a correlation of at least {card['similarity']:g}. Every pair was compared, so the "
        "numbers are exact."
    )


def _near_images(card: Mapping[str, Any], same: bool) -> list[tuple[str, int]]:
    sides = list(zip("ab", card["near_images"], strict=True))
    return sides[:1] if same else sides


def _unknown(card: Mapping[str, Any]) -> None:
    if sum(card["unknown"]):
        counts = " and ".join(
            f"{count:,} of {named(card[side])}"
            for side, count in zip("ab", card["unknown"], strict=True)
            if count
        )
        st.warning(
            f"Not compared for near-duplicates: {counts}. These are of one colour, or were registered by an earlier "
            "version; register them again under another name.",
            icon=":material/warning:",
        )


def _examples(card: Mapping[str, Any]) -> None:
    examples = card["examples"]
    if not examples:
        st.success("They share nothing, exactly or nearly.", icon=":material/check_circle:")
        return
    exact = [example for example in examples if example["kind"] == "exact"]
    near = [example for example in examples if example["kind"] == "near"]
    for words, found, total in (
        ("The same image", exact, card["exact"]),
        ("Near-duplicates, the most similar first", near, card["near"]),
    ):
        if found:
            st.markdown(f"**{words}** ({len(found)} of {total:,})")
            _pairs(found, card)
    csv_download("Examples (CSV)", pd.DataFrame(examples), f"{card['id']}.csv")


def _pairs(examples: Sequence[Mapping[str, Any]], card: Mapping[str, Any]) -> None:
    for start in range(0, len(examples), _A_ROW):
        for column, example in zip(
            st.columns(_A_ROW, gap="medium"), examples[start : start + _A_ROW], strict=False
        ):
            with column, st.container(border=True):
                _pair(example, card)


def _pair(example: Mapping[str, Any], card: Mapping[str, Any]) -> None:
    for side, place in zip("ab", st.columns(2), strict=True):
        with place:
            picture(example[f"uri_{side}"])
            st.caption(f"{plain(example[f'membership_{side}'])} of {named(card[side])}")
    if example["kind"] == "near":
        mirrored = ", mirrored" if example["mirrored"] else ""
        st.caption(f"similarity {example['similarity']:.3f}, {example['distance']} bits{mirrored}")
