"""What the limits of near-duplicates find, and what they take for a copy that is none.

    python -m benchmarks.near_duplicates [--data FOLDER] [--cifair FILE] [--images N] [--json FILE]

Copies are made of real images. Look-alikes are images that cannot be copies: of different people (LFW), of different
classes (GTSRB), or any two of MNIST, which has no copies. FILE of --cifair is ``duplicates_cifar10.csv`` of Barz and
Denzler (2020), who judged which test images of CIFAR-10 show the same as a training image, often cut or coloured
otherwise. What is absent is left out.
"""

import argparse
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measurement import Measured, machine, table, write_json
from benchmarks.near_duplicate_images import (
    ImageSet,
    changes,
    cifar10,
    image_sets,
    judged,
)
from benchmarks.shared_data import SHARED
from mintcore.datasets.near_duplicates import (
    Likeness,
    Pairs,
    concatenated,
    near_among,
    near_pairs,
    near_pairs_within,
)
from mintcore.datasets.perceptual import Looks, joined, look_of, looks_of_spectra

DISTANCES = (0, 2, 4, 6, 8, 10, 12)
SIMILARITIES = (0.0, 0.9, 0.95, 0.99)
WIDEST = Likeness(max(DISTANCES), min(SIMILARITIES))
COPIES = 2000
PACKAGES = ("numpy", "pillow", "scipy")
ALIKE_AT_MOST = 1.0
"""Percent of look-alikes that may be taken for copies."""


def looks(images: Iterable[np.ndarray]) -> Looks:
    """Say what images look like."""
    return looks_of_spectra([look.spectrum if look else None for look in map(look_of, images)])


def copies_found(images: np.ndarray) -> dict[str, float]:
    """Give the share of copies found at the default limits, by how they were made."""
    original = looks(images)
    places = np.arange(len(images))
    return {
        name: len(near_among(original, looks(map(change, images)), places, places, Likeness()))
        / len(images)
        for name, change in changes().items()
    }


def look_alikes(chosen: ImageSet) -> Pairs:
    """Find the pairs that cannot be copies, at the widest limits."""
    pairs = concatenated(list(near_pairs_within(looks(chosen.images), WIDEST)))
    return pairs[chosen.kinds[pairs.first] != chosen.kinds[pairs.second]]


def by_limits(pairs: Pairs, counted: np.ndarray | None = None) -> dict[str, int]:
    """Count the images in pairs within each pair of limits.

    Args:
        pairs: Pairs at the widest limits.
        counted: Count only these images of the first set; None for all of both sets, which are one.
    """
    counts = {}
    for least in SIMILARITIES:
        for distance in DISTANCES:
            within = pairs[(pairs.distance <= distance) & (pairs.similarity >= least)]
            images = np.union1d(within.first, within.second)
            if counted is not None:
                images = np.intersect1d(within.first, counted)
            counts[_limits(least, distance)] = len(images)
    return counts


def cifar_limits(data: Path, cifair: Path | None) -> tuple[list[dict[str, Any]], float | None]:
    """Compare the test images of CIFAR-10 with the training images, and time 50,000 x 60,000."""
    train, test = cifar10(data, "train"), cifar10(data, "test")
    if train is None or test is None:
        return [], None
    known, tested = looks(train), looks(test)
    began = time.perf_counter()
    sum(map(len, near_pairs(known, joined(known, tested), Likeness())))
    seconds = time.perf_counter() - began
    pairs = concatenated(list(near_pairs(tested, known, WIDEST)))
    everyone = np.arange(len(test))
    found = [_found("CIFAR-10 test images near a training image", len(test), pairs, everyone)]
    if cifair is not None:
        same = judged(cifair)
        found.append(_found("of those that people judged to be near one", len(same), pairs, same))
    return found, seconds


def summary(
    made: Mapping[str, int],
    copies: Mapping[str, Mapping[str, float]],
    alike: Sequence[Mapping[str, Any]],
    seconds: float | None,
) -> list[Measured]:
    """Give one row for each set at the usual limits: copies that are found, look-alikes taken for copies.

    Args:
        made: Name of a set -> images that were copied, in each way.
        copies: As ``copies_found`` gives them, for each set.
        alike: Look-alikes found, by limits.
        seconds: What comparing all of CIFAR-10 took; None where it is absent.
    """
    rows = []
    for name, shares in copies.items():
        total, share = made[name] * len(shares), float(np.mean(list(shares.values())))
        beside = f"made in {len(shares)} ways {total:,}"
        rows.append(
            Measured(f"{name}: copies found", share * total, "images", share, beside=beside)
        )
    usual = _limits(Likeness().similarity, Likeness().distance)
    for each in alike:
        wrong = 100 * each["found"][usual] / each["images"]
        rows.append(Measured(f"{each['what']} taken for copies", wrong, "%", at_most=ALIKE_AT_MOST))
    if seconds is not None:
        rows.append(Measured("50,000 x 60,000 images compared", seconds, "s"))
    return rows


def _limits(least: float, distance: int) -> str:
    return f"{least} {distance}"


def _found(
    what: str, images: int, pairs: Pairs, counted: np.ndarray | None = None
) -> dict[str, Any]:
    return {"what": what, "images": images, "found": by_limits(pairs, counted)}


def copies_table(found: dict[str, dict[str, float]]) -> str:
    """Write the shares of copies found as Markdown."""
    lines = [f"| copy | {' | '.join(found)} |", "| --- |" + " ---: |" * len(found)]
    for name in changes():
        shares = (f"{100 * shares[name]:.1f}%" for shares in found.values())
        lines.append(f"| {name} | {' | '.join(shares)} |")
    return "\n".join(lines)


def limits_table(each_set: Sequence[dict[str, Any]], least: float) -> str:
    """Write how many images are found at each distance, at one similarity, as Markdown."""
    lines = [
        f"| similarity at least {least}, distance at most | {' | '.join(map(str, DISTANCES))} |",
        "| --- |" + " ---: |" * len(DISTANCES),
    ]
    for each in each_set:
        counts = (f"{each['found'][_limits(least, distance)]:,}" for distance in DISTANCES)
        lines.append(f"| {each['what']}, of {each['images']:,} | {' | '.join(counts)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--data", type=Path, default=SHARED, help="folder with cifar10, gtsrb, lfw112"
    )
    parser.add_argument("--cifair", type=Path, help="duplicates_cifar10.csv")
    parser.add_argument("--images", type=int, default=15_000, help="most images of a set")
    parser.add_argument("--json", type=Path, help="file to write the figures to")
    asked = parser.parse_args()
    sets = image_sets(asked.data, asked.images)
    copied = {chosen.name: chosen.images[:COPIES] for chosen in sets}
    test = cifar10(asked.data, "test")
    if test is not None:
        copied["CIFAR-10 32 px"] = test[:COPIES]
    copies = {name: copies_found(images) for name, images in copied.items()}
    print(copies_table(copies))
    alike = [
        _found(f"{chosen.name} look-alikes", len(chosen.images), look_alikes(chosen))
        for chosen in sets
    ]
    cifar, seconds = cifar_limits(asked.data, asked.cifair)
    for least in SIMILARITIES:
        print("\n" + limits_table([*alike, *cifar], least))
    made = {name: len(images) for name, images in copied.items()}
    rows, on = summary(made, copies, alike, seconds), machine(PACKAGES)
    sizes = f"at most {asked.images:,} images of a set"
    print(f"\n{table(rows)}\n\n{sizes}; {on}")
    if asked.json:
        write_json(asked.json, on, rows, sizes, copies=copies, limits=[*alike, *cifar])


if __name__ == "__main__":
    main()
