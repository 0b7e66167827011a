"""What can be asked of the registration of models. Needs no torch."""

from dataclasses import dataclass

from mintcore.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class ModelRequest:
    """Which model to register.

    Attributes:
        name: Its name.
        arch: One of ``mintcore.models.usual_inputs.known_architectures``.
        weights: The file with its weights: an upload, or below an allowed root.
        preprocessing: What the model was trained to see.
        num_classes: Width of the output; read off the weights where not given.
        classes: Names of the classes, in the order of the output.
        uploaded_as: What an uploaded file was called.
    """

    name: str
    arch: str
    weights: str
    preprocessing: Preprocessing
    num_classes: int | None = None
    classes: tuple[str, ...] | None = None
    uploaded_as: str | None = None
