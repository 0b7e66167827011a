"""Models, datasets and stores of a home folder, in numbers and as tables."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboard import navigation
from dashboard.parts.figures import Figure, show_figures
from dashboard.reading import Rows
from dashboard.titles import title
from dashboard.wording import size, when
from mintcore.holdings import mean_share_cached, registered_images, share_cached
from mintcore.library import layer_names
from mintcore.verdicts import SHOWN_TIERS

_CACHED_HELP = (
    "Of all registered images, the share that a store has activations of, whatever their layers; the mean over the "
    "stores, those of blind counterparts among them. What is cached is not computed again. An image that two datasets "
    "list counts twice as registered and once as cached."
)


_NUMBER = st.column_config.NumberColumn(format="localized")


def counts(models: Rows, datasets: Rows, stores: Rows, auditors: Rows) -> None:
    """Show how much there is of everything."""
    registered = registered_images(datasets)
    share = mean_share_cached(stores, registered)
    stored = size(sum(store["bytes"] for store in stores))
    shown = sum(card["tier"] in SHOWN_TIERS for card in auditors)
    show_figures(
        [
            Figure(
                "Models",
                f"{len(models):,}",
                "registered",
                "Models under audit, and models they are compared with.",
            ),
            Figure(
                "Datasets",
                f"{len(datasets):,}",
                f"{registered:,} images",
                "Images that can be read; one that two datasets list counts twice.",
            ),
            Figure(
                "Stores",
                f"{len(stores):,}",
                stored,
                "What each model computes inside for the images, as it lies on disk.",
            ),
            Figure(
                "Cached", "–" if share is None else f"{share:.0%}", "of the images", _CACHED_HELP
            ),
            Figure(
                "Auditors",
                f"{len(auditors):,}",
                f"{shown:,} with evidence",
                "With evidence of membership: ahead of every blind baseline.",
            ),
        ]
    )


def tables(models: Rows, datasets: Rows, stores: Rows) -> None:
    """List models, datasets and stores; the tables of tabs that are not open are not made."""
    st.subheader("Stores, models and datasets", anchor=False)
    listed = {
        "Stores": (stores, lambda store: _store(store, registered_images(datasets))),
        "Models": (models, _model),
        "Datasets": (datasets, _dataset),
    }
    names = [f"{name} ({len(rows):,})" for name, (rows, _) in listed.items()]
    for tab, (rows, row) in zip(
        st.tabs(names, key="holdings", on_change="rerun"), listed.values(), strict=True
    ):
        if tab.open:
            with tab:
                table = pd.DataFrame([row(each) for each in rows])
                numbers = table.select_dtypes("number").columns
                st.dataframe(table, hide_index=True, column_config=dict.fromkeys(numbers, _NUMBER))
    navigation.link(navigation.LIBRARY, "Look into them in the library")


def _model(card: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": title("models", card["id"]),
        "architecture": card["arch"],
        "layers": len(layer_names(card)),
        "parameters": f"{card['parameters']:,}",
        "registered": when(card["created"]),
        "fingerprint": card["fingerprint"],
    }


def _dataset(card: dict[str, Any]) -> dict[str, Any]:
    of_kind = card["counts"]["membership"]
    return {
        "dataset": title("datasets", card["id"]),
        "images": card["counts"]["total"],
        "members": of_kind.get("member", 0),
        "externals": of_kind.get("external", 0),
        "unknown": of_kind.get("unknown", 0),
        "labels": card["counts"]["labels"],
        "source": card["source"],
    }


def _store(info: dict[str, Any], registered: int) -> dict[str, Any]:
    share = share_cached(info, registered)
    return {
        "store": info["id"],
        "images": info["images"],
        "cached": "–" if share is None else f"{share:.0%}",
        "layers": len({array["layer"] for array in info["layers"]}),
        "views of them": len(info["layers"]),
        "on disk": size(info["bytes"]),
        "failed images": info["failed"],
    }
