"""Give an untrained network batch norms that work."""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mintcore.models.programs.module import ProgramModule, norm_settling

NOISE_IMAGES = 32


def settle_norms(module: nn.Module, shape: tuple[int, int, int], seed: int) -> None:
    """Set the running statistics of batch norms from one forward of seeded noise, in place.

    Untouched statistics (mean 0, variance 1) normalise nothing: through 27 residual blocks the activations of a fresh
    ResNet-56 grow past what float16 holds, and a blind baseline would lose its images. Noise knows no dataset, so the
    network stays blind.

    Args:
        module: The network, on the CPU.
        shape: (C, H, W) of its input.
        seed: Seed of the noise.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.default_generator.manual_seed(seed)
        noise = torch.randn(NOISE_IMAGES, *shape)
        if isinstance(module, ProgramModule):
            module.run(noise, norm_settling)
        else:
            _settle(module, noise)


def _settle(module: nn.Module, noise: Tensor) -> None:
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = None  # the plain mean over the batches seen, here one
    module.train()(noise)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    module.eval()
