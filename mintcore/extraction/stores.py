"""The feature store of an audited model."""

from mintcore.extraction.store_names import store_name
from mintcore.models.registration import AuditedModel
from store.artefacts import Home
from store.feature_store import FeatureStore, create_store


def store_of(home: Home, model: AuditedModel, expected_rows: int) -> FeatureStore:
    """Open the store of a model, or make it."""
    return create_store(
        home,
        store_name(model.card),
        expected_rows=expected_rows,
        model=model.card["id"],
        model_fingerprint=model.card["fingerprint"],
    )
