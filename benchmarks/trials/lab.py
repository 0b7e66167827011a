"""The images of the trials and what the public ResNet-56 computes of them, kept on disk.

Trials see the training and validation parts of the product's own split; the test part is read by ``once`` alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from benchmarks.near_duplicate_images import cifar10
from benchmarks.shared_data import WEIGHTS
from benchmarks.trials.views import SHOWN, show
from mintcore.cohorts import build_cohort
from mintcore.datasets.registration import add_dataset
from mintcore.images import image_id
from mintcore.models.networks.cifar import CifarResNet
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.signals import signals
from store.artefacts import Home

MEMBERS = EXTERNALS = 10_000
RGB = Preprocessing((32, 32), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
STAGES = {1: 16, 2: 32, 3: 64}
BLOCKS = [(stage, block) for stage in STAGES for block in range(9)]
BATCH = 64


@dataclass(frozen=True)
class Lab:
    """10,000 members and 10,000 externals; arrays have a row each, NaN in parts that are not open.

    Attributes:
        data: Folder with the images and weights.
        cache: Folder where everything computed is kept.
        parts: Parts of the split whose images are shown to the model.
    """

    data: Path
    cache: Path
    parts: tuple[str, ...] = ("train", "validation")

    @cached_property
    def labels(self) -> np.ndarray:
        """(N,) class numbers."""
        known = np.load(self.data / "cifar10" / "labels.npz")
        return np.concatenate([known["train"][:MEMBERS], known["test"]]).astype(np.int64)

    @cached_property
    def is_member(self) -> np.ndarray:
        """(N,) bool."""
        return np.arange(MEMBERS + EXTERNALS) < MEMBERS

    @cached_property
    def part(self) -> np.ndarray:
        """(N,) the product's split with seed 0."""
        return self.kept("part", self._split)

    @cached_property
    def open(self) -> np.ndarray:
        """(M,) positions of the images in open parts."""
        return np.flatnonzero(np.isin(self.part, self.parts))

    @cached_property
    def network(self) -> CifarResNet:
        """The audited model."""
        network = CifarResNet(9, 10, 3)
        network.load_state_dict(load_file(self.data / WEIGHTS))
        return network.eval().to(memory_format=torch.channels_last)

    def answers(self, views: Sequence[str]) -> np.ndarray:
        """Give (N, K, S) signals of the true label under each view."""
        return np.stack([self._signals(self.embedding(view)) for view in views], axis=1)

    def embedding(self, view: str) -> np.ndarray:
        """Give (N, 64): the last pooled layer, from which the logits follow in float64."""
        return self.kept(f"h/{view}", lambda: self._shown(view)[:, -64:])

    def layer(self, stage: int, block: int, view: str = SHOWN[0]) -> np.ndarray:
        """Give (N, C) the pooled activations of a block."""
        pooled = self.kept(f"deep/{view}", lambda: self._shown(view).astype(np.float16))
        widths = [STAGES[each] for each, _ in BLOCKS]
        place = BLOCKS.index((stage, block))
        start = sum(widths[:place])
        return np.asarray(pooled[:, start : start + widths[place]], np.float32)

    def lens(self, block: int) -> np.ndarray:
        """Give (N, S) signals of what the last linear layer makes of an earlier block of the last stage."""
        return self._signals(self.layer(3, block))

    def pixels(self, positions: np.ndarray) -> torch.Tensor:
        """Give (B, 3, 32, 32) in 0..1."""
        return torch.from_numpy(self._images[positions]).permute(0, 3, 1, 2).float() / 255

    def normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """Turn 0..1 into what the model takes."""
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (RGB.mean, RGB.std))
        return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)

    def kept(self, name: str, compute: Callable[[], np.ndarray]) -> np.ndarray:
        """Give what was computed before, or compute it and keep it."""
        file = self.cache / f"{name}.npy"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, compute())
        return np.asarray(np.load(file))

    @cached_property
    def _images(self) -> np.ndarray:
        train, test = cifar10(self.data, "train"), cifar10(self.data, "test")
        if train is None or test is None:
            raise SystemExit(f"CIFAR-10 is not in {self.data}.")
        return np.concatenate([train[:MEMBERS], test])

    def _signals(self, embedding: np.ndarray) -> np.ndarray:
        linear = self.network.linear
        logits = torch.from_numpy(np.nan_to_num(embedding)).double() @ linear.weight.double().T
        found = signals(
            (logits + linear.bias.double()).detach(), torch.from_numpy(self.labels)
        ).numpy()
        found[~np.isin(self.part, self.parts)] = np.nan
        return found

    @torch.inference_mode()
    def _shown(self, view: str) -> np.ndarray:
        """Show the open images, (N, sum of channels) pooled activations of all blocks."""
        pooled: list[torch.Tensor] = []
        blocks = [self.network.get_submodule(f"layer{stage}.{block}") for stage, block in BLOCKS]
        hooks = [
            block.register_forward_hook(lambda *seen: pooled.append(seen[2].mean((2, 3))))
            for block in blocks
        ]
        way, found = show(view), np.full((len(self.labels), 1008), np.nan, np.float32)
        for positions in np.split(self.open, range(BATCH, len(self.open), BATCH)):
            pooled.clear()
            self.network(self.normalised(way(self.pixels(positions))))
            found[positions] = torch.cat(pooled, 1).numpy()
        for hook in hooks:
            hook.remove()
        return found

    def _split(self) -> np.ndarray:
        home, file = Home(self.cache / "home"), self.cache / "images.npz"
        split = np.where(self.is_member, "train", "test")
        np.savez(file, images=self._images, split=split)
        for name, side, membership in (
            ("seen", "train", "member"),
            ("unseen", "test", "external"),
        ):
            add_dataset(home, name, f"arrays:{file}", membership, where={"split": side})
        cohort = build_cohort(home, "seen", "unseen", seed=0)
        parts = dict(zip(cohort.sample_ids, cohort.part, strict=True))
        # what nearly equals an image of the other side is in no part
        return np.array([str(parts.get(image_id(image), "left out")) for image in self._images])
