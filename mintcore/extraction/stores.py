"""The feature store of an audited model."""

from mintcore.models.registration import AuditedModel
from store.artefacts import Home
from store.feature_store import FeatureStore, create_store


def store_id(model: AuditedModel) -> str:
    """Name the store of a model: weights, architecture and preprocessing make its fingerprint."""
    return f"{model.card['id'][:60]}-{model.card['fingerprint'][:12]}"


def store_of(home: Home, model: AuditedModel, expected_rows: int) -> FeatureStore:
    """Open the store of a model, or make it."""
    return create_store(
        home,
        store_id(model),
        expected_rows=expected_rows,
        model=model.card["id"],
        model_fingerprint=model.card["fingerprint"],
    )
