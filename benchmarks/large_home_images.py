"""The images of the large home folder: smooth patterns in noise, a dataset a file, registered as any others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.large_home_extent import Extent
from mintcore.datasets.registration import add_dataset
from store.artefacts import Home

MEMBERS, EXTERNALS = "camera-members", ("camera-external", "scanner-external", "phone-external")
SIDE_PX = 16
CLASSES = 10
_COARSE_PX = 4
_IMAGES_AN_AUDITED_IDENTITY, _IMAGES_AN_IDENTITY = 40, 4
_AT_ONCE = 16_384
_ENLARGED = np.kron(np.eye(_COARSE_PX, dtype=np.float32), np.ones((4, 1), np.float32))


@dataclass(frozen=True)
class ImageSet:
    """One dataset.

    Attributes:
        name: Its name.
        membership: What its card says of the images.
        images: How many.
        members: How many of them look like members inside the model, the first ones.
        number: Seed of its images.
    """

    name: str
    membership: str
    images: int
    members: int
    number: int

    @property
    def is_audited(self) -> bool:
        """Whether it is one of those that are audited."""
        return self.membership == "unknown"

    @property
    def is_learnt(self) -> bool:
        """Whether models and auditors are trained on it."""
        return self.name in (MEMBERS, *EXTERNALS)


def sets_of(extent: Extent) -> list[ImageSet]:
    """Divide the images among datasets."""
    learnt = min(2000, max(240, extent.images // 500))
    large, small = extent.images // 10, max(40, extent.images // 250)
    audited = [(f"archive-{number}", large) for number in range(extent.large_sets)]
    audited += [(f"collection-{number:02d}", small) for number in range(extent.small_sets)]
    rest = extent.images - (1 + len(EXTERNALS)) * learnt - sum(count for _, count in audited)
    if rest < 100:
        raise SystemExit(f"{extent.images:,} images are too few: give 4,000 or more.")
    named = [(MEMBERS, "member", learnt), *((name, "external", learnt) for name in EXTERNALS)]
    named += [
        ("corpus-members", "member", rest // 2),
        ("corpus-external", "external", rest - rest // 2),
    ]
    named += [(name, "unknown", count) for name, count in audited]
    return [
        ImageSet(name, membership, count, _members(membership, count, number), number)
        for number, (name, membership, count) in enumerate(named)
    ]


def add_images(home: Home, sets: Sequence[ImageSet]) -> None:
    """Write the images of all datasets and register them."""
    folder = home.path / "inputs"
    folder.mkdir(parents=True, exist_ok=True)
    for each in sets:
        if not home.has("datasets", each.name):
            file = folder / f"{each.name}.npz"
            _write(file, each)
            add_dataset(home, each.name, f"arrays:{file}", each.membership)


def images_of(home: Home, each: ImageSet) -> np.ndarray:
    """Give the images of a dataset, (N, SIDE_PX, SIDE_PX) uint8."""
    with np.load(home.path / "inputs" / f"{each.name}.npz") as arrays:
        return np.asarray(arrays["images"])


def _members(membership: str, count: int, number: int) -> int:
    """Let a third of the audited sets hold no members, the others some or nothing but members."""
    if membership == "unknown":
        return count * (number % 3) // 2
    return count if membership == "member" else 0


def _write(file: Path, each: ImageSet) -> None:
    rng = np.random.default_rng(each.number)
    label = rng.integers(0, CLASSES, each.images)
    images = np.concatenate(list(_drawn(rng, label)))
    of_one = _IMAGES_AN_AUDITED_IDENTITY if each.is_audited else _IMAGES_AN_IDENTITY
    person = np.arange(each.images) // of_one
    identity = np.char.add(f"{each.name}-person-", np.char.mod("%05d", person))
    np.savez(file, images=images, label=label.astype(str), identity=identity.astype(bytes))


def _drawn(rng: np.random.Generator, label: np.ndarray) -> Iterator[np.ndarray]:
    """Draw a pattern for each image: that of its class, one of its own and noise."""
    of_class = np.random.default_rng(CLASSES).normal(size=(CLASSES, _COARSE_PX, _COARSE_PX))
    for start in range(0, len(label), _AT_ONCE):
        labels = label[start : start + _AT_ONCE]
        own = rng.normal(size=(len(labels), _COARSE_PX, _COARSE_PX))
        coarse = (of_class[labels] + own).astype(np.float32)
        smooth = _ENLARGED @ coarse @ _ENLARGED.T
        noise = rng.normal(size=smooth.shape).astype(np.float32)
        yield np.clip(128 + 40 * smooth + 12 * noise, 0, 255).astype(np.uint8)
