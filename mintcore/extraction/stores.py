"""The feature store of an audited model."""

import os

from mintcore.extraction.store_names import store_name
from mintcore.models.registration import AuditedModel
from mintcore.settings import STORES
from store.artefacts import Home
from store.feature_store import FeatureStore, create_store
from store.shelves import is_settled


def store_of(home: Home, model: AuditedModel, expected_rows: int) -> FeatureStore:
    """Open the store of a model, with all that is committed by now, or make it.

    Raises:
        StoreError: It cannot be made or read.
    """
    store = create_store(
        home,
        store_name(model.card),
        expected_rows=expected_rows,
        at=_place(),
        model=model.card["id"],
        model_fingerprint=model.card["fingerprint"],
    )
    store.shelf.refresh(at_once=True)
    return store


def has_store(home: Home, model: AuditedModel) -> bool:
    """Tell whether a model has a store, in the home folder or where stores are made.

    Raises:
        StoreError: The home folder or the object storage cannot be read.
    """
    name = store_name(model.card)
    return home.has("stores", name) or bool(_place() and is_settled(f"{_place()}/{name}"))


def _place() -> str:
    return os.environ.get(STORES.name, STORES.default).rstrip("/")
