"""Optimiser, schedule and number format of a training."""

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

from mintcore.training.settings import ADAMW, TrainingSettings


def build_optimiser(
    parts: nn.Module, settings: TrainingSettings, device: torch.device
) -> Optimizer:
    """Make the optimiser of all weights."""
    fused = True if device.type == "cuda" else None
    if settings.optimiser == ADAMW:
        return torch.optim.AdamW(
            parts.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            fused=fused,
        )
    return torch.optim.SGD(
        parts.parameters(),
        lr=settings.learning_rate,
        momentum=0.9,
        nesterov=True,
        weight_decay=settings.weight_decay,
        fused=fused,
    )


def build_schedule(optimiser: Optimizer, settings: TrainingSettings, steps: int) -> OneCycleLR:
    """Rise to the learning rate and fall to nearly nothing (Smith and Topin 2018), over all steps."""
    return OneCycleLR(optimiser, settings.learning_rate, total_steps=steps)


def autocast_dtype(device: torch.device) -> torch.dtype:
    """Choose the number format of the forward pass: 16 bits on a GPU, float32 on a CPU, where runs repeat exactly."""
    if device.type != "cuda":
        return torch.float32
    with torch.cuda.device(device):
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.bfloat16 if native else torch.float16
