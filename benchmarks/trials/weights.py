"""What takes the model's weights: gradients, and the model trained a little further."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.trials.lab import BATCH, BLOCKS, Lab
from benchmarks.trials.views import SHOWN, show
from mintcore.models.networks.cifar import CifarResNet
from mintcore.models.signals import signals

RATE, EPOCHS, IMAGES_A_STEP, PADDING_PX = 0.01, 2, 128, 4


def gradients(lab: Lab) -> np.ndarray:
    """Log norm of the scaled logit's gradient at the input and each block, of the activations, and their product.

    The gradient of the loss itself is 0 in float32 for most members.
    """
    return lab.kept("gradients", lambda: _gradients(lab))


def fine_tuned(lab: Lab) -> np.ndarray:
    """Scaled logits after fine-tuning on known externals, and how far they moved (Zhang et al. 2024, 2410.10880).

    An image is asked of one of two fine-tuned models, whose externals were drawn from the other half of the training
    part: what an image is scored by was never fitted to it.
    """
    after = lab.kept("fine-tuned", lambda: _fine_tuned(lab))
    before = lab.answers(SHOWN[:2])[:, :, 0]
    return np.concatenate([after, after - before], axis=1)


def _gradients(lab: Lab) -> np.ndarray:
    taken: list[Tensor] = []
    blocks = [lab.network.get_submodule(f"layer{stage}.{block}") for stage, block in BLOCKS]
    hooks = [each.register_forward_hook(lambda *seen: taken.append(seen[2])) for each in blocks]
    found = np.full((len(lab.labels), 3 * (len(BLOCKS) + 1)), np.nan, np.float32)
    for positions in np.split(lab.open, range(BATCH, len(lab.open), BATCH)):
        taken.clear()
        images = lab.normalised(lab.pixels(positions)).requires_grad_()
        logits = lab.network(images)
        scaled = signals(logits, torch.from_numpy(lab.labels[positions]))[:, 0]
        values = [images, *taken]
        slopes = torch.autograd.grad(scaled.sum(), values)
        norms = [tensor.flatten(1).norm(dim=1).log() for tensor in (*slopes, *values)]
        products = [
            (slope * value).flatten(1).sum(1) for slope, value in zip(slopes, values, strict=True)
        ]
        found[positions] = torch.stack([*norms, *products], dim=1).detach().numpy()
    for hook in hooks:
        hook.remove()
    return found


def _fine_tuned(lab: Lab) -> np.ndarray:
    half = np.random.default_rng(1).integers(0, 2, len(lab.labels))
    known = np.flatnonzero((lab.part == "train") & ~lab.is_member)
    found = np.full((len(lab.labels), 2), np.nan)
    for fitted in (0, 1):
        network = _trained_further(lab, known[half[known] == fitted])
        asked = lab.open[half[lab.open] != fitted]
        for column, view in enumerate(SHOWN[:2]):
            for positions in np.split(asked, range(BATCH, len(asked), BATCH)):
                images = lab.normalised(show(view)(lab.pixels(positions)))
                with torch.inference_mode():
                    answers = signals(network(images), torch.from_numpy(lab.labels[positions]))
                found[positions, column] = answers[:, 0].numpy()
    return found


def _trained_further(lab: Lab, externals: np.ndarray) -> CifarResNet:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = CifarResNet(9, 10, 3)
    network.load_state_dict(lab.network.state_dict())
    network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(network.parameters(), RATE, momentum=0.9, weight_decay=1e-4)
    for _ in range(EPOCHS):
        order = rng.permutation(externals)
        for positions in np.split(order, range(IMAGES_A_STEP, len(order), IMAGES_A_STEP)):
            images = lab.normalised(_cropped(lab.pixels(positions), rng))
            loss = functional.cross_entropy(
                network(images), torch.from_numpy(lab.labels[positions])
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()


def _cropped(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Flip and crop at random, as the model was trained."""
    padded = functional.pad(images, (PADDING_PX,) * 4)
    side, found = images.shape[2], []
    for image in padded:
        top, left, flip = rng.integers(0, 9), rng.integers(0, 9), rng.integers(0, 2)
        shown = image[:, top : top + side, left : left + side]
        found.append(shown.flip(2) if flip else shown)
    return torch.stack(found)
