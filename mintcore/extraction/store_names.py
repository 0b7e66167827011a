"""How the feature store of a model is called. Needs no torch."""

from store.artefacts import Card


def store_name(model: Card) -> str:
    """Name the store of a model by its card: weights, architecture and preprocessing make its fingerprint."""
    return f"{model['id'][:60]}-{model['fingerprint'][:12]}"
