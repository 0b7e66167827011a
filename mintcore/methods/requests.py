"""What is asked for when methods are run."""

from dataclasses import dataclass

from mintcore.arrays import LABEL, signals_view
from mintcore.errors import MintError


@dataclass(frozen=True)
class MethodsRequest:
    """Which methods to run on what.

    Attributes:
        model: Name of the audited model, a classifier.
        members: Dataset whose members are used.
        external: Dataset whose externals are used.
        references: Names of models that were trained here, so that it is known what they saw.
        queries: How many augmented queries of an image, 1 for the image alone.
        target: The class that is looked at, "label" or "predicted"; most methods need the label.
        seed: Seed of the split, the same as that of the auditors to compare with.
        allow_overlap: Go on where members and externals overlap.

    Raises:
        MintError: A setting cannot be.
    """

    model: str
    members: str
    external: str
    references: tuple[str, ...] = ()
    queries: int = 1
    target: str = LABEL
    seed: int = 0
    allow_overlap: bool = False

    def __post_init__(self) -> None:
        signals_view(self.target, self.queries)  # refuses what cannot be kept
        if self.references and self.target != LABEL:
            raise MintError(
                "Methods with reference models compare what models say of the same class: give --target label."
            )
        if len(set(self.references)) < len(self.references):
            raise MintError("A reference model is named twice: name each once.")
