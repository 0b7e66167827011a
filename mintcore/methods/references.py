"""Reference models: models that were trained here, of which it is known what they saw."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mintcore.datasets.ledger import LEDGER_FILE, read_ledger
from mintcore.errors import MintError
from mintcore.extraction.labels import class_names
from mintcore.models.heads import CLASSIFIER, head_of
from store.artefacts import Card, Home


@dataclass(frozen=True)
class Reference:
    """A reference model.

    Attributes:
        card: The model's.
        ledger: The file that lists what it was trained on.
    """

    card: Card
    ledger: Path

    @property
    def name(self) -> str:
        """Its name in the home folder."""
        return str(self.card["id"])

    def digest(self) -> str:
        """Identify the model together with what it was trained on."""
        with self.ledger.open("rb") as file:
            return f"{self.card['fingerprint']}:{hashlib.file_digest(file, 'blake2b').hexdigest()}"

    def trained_on(self, sample_ids: Sequence[str]) -> np.ndarray:
        """Tell of (N,) images which it was trained on."""
        seen = read_ledger(self.ledger).sample_ids
        return np.array([sample_id in seen for sample_id in sample_ids])


def find_references(home: Home, audited: Card, names: Sequence[str]) -> list[Reference]:
    """Look up reference models.

    Raises:
        StoreError: A model is unknown.
        MintError: One has no ledger, is the audited model itself, or tells other classes apart.
    """
    references = []
    for name in names:
        card = home.card("models", name)
        _refuse_unfit(audited, card)
        ledger = home.folder("models", name) / LEDGER_FILE
        if not ledger.is_file():
            raise MintError(
                f"It is not known what {name!r} was trained on, since it was not trained here: make reference models "
                "with `mint model train-references`."
            )
        references.append(Reference(card, ledger))
    return references


def _refuse_unfit(audited: Card, reference: Card) -> None:
    if reference["fingerprint"] == audited["fingerprint"]:
        raise MintError(
            f"The reference model {reference['id']!r} is the audited model itself: name another."
        )
    if head_of(reference) != CLASSIFIER:
        raise MintError(f"The reference model {reference['id']!r} gives no logits of classes.")
    ours, theirs = set(class_names(audited)), set(class_names(reference))
    if ours != theirs:
        raise MintError(
            f"The reference model {reference['id']!r} tells {len(theirs)} classes apart, but {audited['id']!r} "
            f"{len(ours)}, {len(ours & theirs)} of them the same: both must have the same classes."
        )
