"""The models whose activations one experiment needs: the audited one, and those that cannot know the members."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from mintcore.errors import MintError
from mintcore.models.registration import AuditedModel, fresh_twin, load_model
from store.artefacts import Card, Home

FRESH_SEED = 0


@dataclass(frozen=True)
class Subjects:
    """The audited model and its blind counterparts.

    Attributes:
        audited: The model under test.
        fresh: The same architecture with fresh weights.
        reference: A trained model that never saw the members, where one was named.
    """

    audited: AuditedModel
    fresh: AuditedModel
    reference: AuditedModel | None

    def blind(self) -> dict[str, AuditedModel]:
        """Give the blind models by the name of their baseline."""
        named = {"fresh weights": self.fresh}
        return named if self.reference is None else {**named, "reference model": self.reference}


def load_subjects(home: Home, model: str, reference: str | None, device: torch.device) -> Subjects:
    """Load the audited model and its blind counterparts.

    Raises:
        MintError: A model is unknown, or the reference is the audited model itself.
    """
    audited = load_model(home, model, device)
    if reference is None:
        return Subjects(audited, fresh_twin(audited, FRESH_SEED), None)
    if home.card("models", reference)["fingerprint"] == audited.card["fingerprint"]:
        raise MintError(
            f"The reference model {reference!r} is the audited model itself: name one that never saw the members."
        )
    return Subjects(audited, fresh_twin(audited, FRESH_SEED), load_model(home, reference, device))


def require_audited(model: AuditedModel, auditor: Card) -> None:
    """Check that a model is the one that an auditor was trained for.

    Raises:
        MintError: It is another one by now, under the same name.
    """
    if model.fingerprint != auditor["model_fingerprint"]:
        raise MintError(
            f"Model {model.name!r} is not the one that auditor {auditor['id']!r} was trained for: train a new auditor."
        )


def refuse_partial_reference(reference: Card, tested: Sequence[str]) -> None:
    """Refuse a reference model that was trained here on a dataset under test: it would not be blind.

    Raises:
        MintError: It was.
    """
    trained_on = reference.get("trained_on", {}).get("datasets", [])
    shared = sorted(set(trained_on) & set(tested))
    if shared:
        raise MintError(
            f"The reference model {reference['id']!r} was trained on {shared[0]!r}, so it is not blind in this test: "
            "name one that saw neither the members nor the externals."
        )
