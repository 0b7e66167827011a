"""The classes that an audited model tells apart."""

from collections.abc import Sequence

from mintcore.errors import MintError
from mintcore.models.audited import AuditedModel
from mintcore.models.layers import OUTPUT


def count_classes(model: AuditedModel) -> int:
    """Give the number of classes that a model tells apart.

    Raises:
        MintError: The model gives no logits of two classes or more, so an image has no loss.
    """
    logits = model.taps[OUTPUT]
    if model.head != "classifier" or logits.shape[1:] != () or logits.shape[0] < 2:
        raise MintError(
            f"{model.name} gives no logits of classes, so an image has no loss and its answer no signals: "
            "leave out the gradient and signals views."
        )
    return logits.shape[0]


def require_classes(targets: Sequence[int], classes: int, model: str) -> None:
    """Check that targets are numbers of a model's classes.

    Raises:
        MintError: One is not.
    """
    strange = [target for target in targets if not 0 <= target < classes]
    if strange:
        raise MintError(
            f"The label {strange[0]} is no class of {model}, whose classes are 0 to {classes - 1}."
        )
