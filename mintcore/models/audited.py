"""The model under test, ready to run."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from mintcore.models.heads import Head, head_of
from mintcore.models.layers import Layer
from mintcore.models.precision import Autocast
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.tracing import Call, trace
from store.artefacts import Card


@dataclass(frozen=True, eq=False)
class AuditedModel:
    """The vision model under test.

    Args:
        card: What it is and what it was made from.
        module: In eval mode, channels_last, without gradients and without in-place modules.
        preprocessing: What its input looks like.
    """

    card: Card
    module: nn.Module
    preprocessing: Preprocessing

    @property
    def name(self) -> str:
        """Its name in the home folder."""
        return str(self.card["id"])

    @property
    def fingerprint(self) -> str:
        """Identifies architecture, weights and preprocessing together."""
        return str(self.card["fingerprint"])

    @property
    def head(self) -> Head:
        """Whether it gives logits of classes or an embedding; cards of earlier versions say nothing."""
        return head_of(self.card)

    @property
    def classes(self) -> list[str] | None:
        """Names of its classes in the order of its output, where they are known."""
        return self.card.get("classes")

    @property
    def autocast(self) -> Autocast | None:
        """The lower precision in which it runs; None for that of its weights."""
        return self.card.get("autocast")

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next((parameter.device for parameter in self.module.parameters()), _CPU)

    @cached_property
    def calls(self) -> list[Call]:
        """Everything that can be tapped, found by one dummy forward when first asked for."""
        return trace(self.module, self.preprocessing.shape)

    @cached_property
    def taps(self) -> dict[str, Layer]:
        """Every layer that can be tapped, by name, in call order."""
        return {call.layer.name: call.layer for call in self.calls}


_CPU = torch.device("cpu")


def ready(
    module: nn.Module, device: torch.device | str, autocast: Autocast | None = None
) -> nn.Module:
    """Put a module into the state in which it is audited.

    Modules that work in place would overwrite what was tapped before them, so they no longer do.

    Args:
        module: The network.
        device: Where it is to run.
        autocast: The lower precision in which it runs, on every device: what a store keeps must not
            hang on where it was computed.
    """
    for part in module.modules():
        if getattr(part, "inplace", False) is True:
            part.inplace = False  # type: ignore[assignment]
    module = module.eval().requires_grad_(False)
    module = module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if autocast is not None:
        module.forward = _LowerPrecision(module, getattr(torch, autocast))
    return module


@dataclass(frozen=True, eq=False)
class _LowerPrecision:
    """A module's forward under autocast; a copy of the module gets one of its own."""

    module: nn.Module
    dtype: torch.dtype

    def __call__(self, images: Tensor) -> Tensor:
        with torch.autocast(images.device.type, self.dtype):
            output: Tensor = type(self.module).forward(self.module, images)
        return output
