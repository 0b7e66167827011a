"""How fast this machine is, measured on earlier work of a home folder or else assumed.

Both kinds of work have a formula with assumed speeds, from this project's own benchmarks on two cores. Where a home
folder has measured work of the same kind, the formula is scaled to what was measured.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from mintcore.auditors.sources import count_networks
from mintcore.counted import counted
from mintcore.extraction.paces import MeasuredPace
from mintcore.models.layers import MAP
from mintcore.models.twins import model_of_twin
from store.artefacts import Card

FLOPS_A_CORE = 1e11
"""Assumed: half of what ResNet-56 and ResNet-18 reached a core in ``benchmarks/extraction.py``."""
READING_S = 5e-4
"""Assumed to read and decode an image, on one core; a JPEG of 224 pixels took 0.7 ms on two."""
NETWORK_S = 1e-5
"""Assumed for a network and an image, over all epochs until it stops early."""
VALUE_S = 1e-7
"""Assumed for each value that a perceptron reads of an image."""
MAP_VALUE_S = 4.5e-7
"""Assumed for each value that a CNN reads of an image."""
TEST_SHARE = 0.35
"""Share of a cohort that is held out: what an auditor's card counts."""
_LATEST = 60


@dataclass(frozen=True)
class Speed:
    """How many times the formula's seconds work takes.

    Attributes:
        factor: That many.
        basis: What it rests on, a few words.
    """

    factor: float
    basis: str


def extraction_seconds(images: int, flops: int) -> float:
    """Give the seconds of an extraction by the formula."""
    cores = os.cpu_count() or 1
    return images * (READING_S + flops / FLOPS_A_CORE) / cores


def training_seconds(images: int, networks: int, values: int, *, is_map: bool) -> float:
    """Give the seconds that networks of one source take by the formula.

    Args:
        images: Of the cohort, members and externals.
        networks: How many read it.
        values: What they read of an image.
        is_map: Whether they are CNNs.
    """
    return images * networks * (NETWORK_S + values * (MAP_VALUE_S if is_map else VALUE_S))


def extraction_speed(model: str, paces: Sequence[MeasuredPace]) -> Speed:
    """Tell how fast extractions go: those of the model itself count, or else those of any."""
    latest = [pace for pace in paces if pace.device == paces[-1].device]
    own = [pace for pace in latest if (model_of_twin(pace.model) or pace.model) == model]
    measured = (own or latest)[-_LATEST:]
    if not measured:
        return Speed(
            1.0,
            f"no extraction was measured in this home folder yet, so {FLOPS_A_CORE / 1e9:.0f} billion operations a "
            f"second are assumed for each of {os.cpu_count() or 1} CPU cores",
        )
    expected = sum(extraction_seconds(pace.images, pace.flops) for pace in measured)
    whose = "of this model" if own else "of other models"
    return Speed(
        sum(pace.seconds for pace in measured) / expected,
        f"{counted(len(measured), 'extraction')} {whose}, measured here on {measured[-1].device}",
    )


def training_speed(auditors: Sequence[Card]) -> Speed:
    """Tell how fast auditors are trained."""
    ordered = sorted(auditors, key=lambda card: str(card["created"]))
    told = [card for card in ordered if card.get("seconds") and _expected(card)]
    measured = [card for card in told if _device(card) == _device(told[-1])][-_LATEST:]
    if not measured:
        return Speed(
            1.0,
            "no auditor was trained in this home folder yet, so the speed of two usual CPU cores is assumed",
        )
    expected = sum(_expected(card) for card in measured)
    return Speed(
        sum(card["seconds"] for card in measured) / expected,
        f"{counted(len(measured), 'auditor')} trained here on {_device(measured[-1])}",
    )


def _expected(card: Card) -> float:
    """Give what an auditor's training should have taken by the formula; 0 where its card is of an earlier version."""
    sources = card["networks"]["auditor"].get("sources", [])
    models = len(card["networks"]) - 1  # the raw pixels are fitted once for all
    networks = count_networks(1, models, len(card.get("seeds", [0])))
    images = round((card["n_members"] + card["n_externals"]) / TEST_SHARE)
    return sum(_source_seconds(source, images, networks) for source in sources)


def _source_seconds(source: dict[str, Any], images: int, networks: int) -> float:
    arrays = source.get("arrays", [])
    values = sum(prod(array["shape"]) for array in arrays)
    is_map = any(array["key"].rpartition("/")[2].startswith(MAP) for array in arrays)
    return training_seconds(images, networks, values, is_map=is_map)


def _device(card: Card) -> str:
    return str(card.get("device", "cpu")).partition(":")[0]
