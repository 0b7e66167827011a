"""How networks are fitted. Needs no torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FitSettings:
    """How a network is fitted.

    Attributes:
        epochs: At most this many passes over the training part.
        patience: Stop after this many epochs without a better validation AUC.
        batch_size: Images a step.
        learning_rate: Peak of the cosine schedule of AdamW.
        weight_decay: Of AdamW.
    """

    epochs: int = 40
    patience: int = 8
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
