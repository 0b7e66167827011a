"""The model under test, ready to run."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import nn

from mintcore.models.heads import Head
from mintcore.models.layers import Layer
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
        head: Head = self.card.get("head", "classifier")
        return head

    @property
    def classes(self) -> list[str] | None:
        """Names of its classes in the order of its output, where they are known."""
        return self.card.get("classes")

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


def ready(module: nn.Module, device: torch.device | str) -> nn.Module:
    """Put a module into the state in which it is audited.

    Modules that work in place would overwrite what was tapped before them, so they no longer do.
    """
    for part in module.modules():
        if getattr(part, "inplace", False) is True:
            part.inplace = False  # type: ignore[assignment]
    module = module.eval().requires_grad_(False)
    return module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
