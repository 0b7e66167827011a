"""How the activations of members differ from those of externals, layer by layer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import special, stats

from mintcore.activation_sample import (
    AUDITOR,
    BLIND,
    Drawn,
    open_stored,
    pooled_keys,
    store_names,
    stored_values,
)
from mintcore.evaluation.effect_size import EffectSize, cliffs_delta
from mintcore.evaluation.intervals import Interval
from mintcore.verdicts import FALSE_DISCOVERY_RATE
from store.artefacts import Card, Home

A_GROUP = 1000
"""Most members, and most externals, whose activations are read."""
MOST_CHANNELS = 256
"""Most channels of a layer that are tested one by one, spread evenly over it."""
MIN_A_GROUP = 2

STATISTICS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda values: values.mean(1),
    "norm": lambda values: np.linalg.norm(values, axis=1),
    "silent": lambda values: (values == 0).mean(1),
}
"""Name -> what it makes of (N, C) channel means: (N,), one number an image."""


@dataclass(frozen=True)
class Level:
    """Mean of a statistic over a group of images, with its 95% interval."""

    value: float
    interval: Interval


@dataclass(frozen=True)
class LayerStatistic:
    """One statistic of one layer.

    Attributes:
        network: "auditor" for the audited model, or the blind network whose model it is.
        layer: The layer.
        statistic: A key of ``STATISTICS``.
        members: Its mean over members.
        externals: Its mean over externals.
        delta: Cliff's delta: how much more often it is larger for a member than for an external.
        n_members: Members with activations.
        n_externals: Externals with activations.
    """

    network: str
    layer: str
    statistic: str
    members: Level
    externals: Level
    delta: EffectSize
    n_members: int
    n_externals: int


@dataclass(frozen=True)
class LayerChannels:
    """How many channels of a layer differ.

    Attributes:
        network: As in ``LayerStatistic``.
        layer: The layer.
        tested: Channels that were tested.
        channels: Channels it has.
        differing: Channels whose values differ at a false-discovery rate of ``FALSE_DISCOVERY_RATE`` (Mann and
            Whitney's test, Benjamini and Hochberg's procedure over the layer).
    """

    network: str
    layer: str
    tested: int
    channels: int
    differing: int


def activation_statistics(
    home: Home, auditor: Card, layers: Sequence[str], drawn: Drawn
) -> tuple[list[LayerStatistic], list[LayerChannels]]:
    """Compare members and externals in the audited model, and in the model of its strictest blind baseline.

    What differs in the latter too is a difference between the images.

    Args:
        home: The home folder.
        auditor: An auditor of the experiment.
        layers: The layers, in order; those of which no channel means are stored are left out.
        drawn: The images.

    Raises:
        StoreError: A store is gone, or damaged.
    """
    statistics, channels = [], []
    for network, layer, values, is_member in _values(home, auditor, layers, drawn):
        members, externals = values[is_member], values[~is_member]
        if min(len(members), len(externals)) >= MIN_A_GROUP:
            statistics += _compared(network, layer, members, externals)
            channels.append(_channels(network, layer, members, externals))
    return statistics, channels


def _values(
    home: Home, auditor: Card, layers: Sequence[str], drawn: Drawn
) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Read one layer after the other: network, layer, (N, C) float32 values and (N,) bool membership."""
    names = store_names(auditor)
    blind = next((name for name in BLIND if name in names), None)
    for network in (AUDITOR, blind):
        if network is None:
            continue
        store = open_stored(home, names[network])
        keys = pooled_keys(store)
        for layer in (layer for layer in layers if layer in keys):
            there, values = stored_values(store, keys[layer], drawn.sample_ids)
            yield network, layer, values, drawn.is_member[there]


def _compared(
    network: str, layer: str, members: np.ndarray, externals: np.ndarray
) -> list[LayerStatistic]:
    found = []
    for name, of_images in STATISTICS.items():
        one, other = of_images(members), of_images(externals)
        delta = cliffs_delta(one, other)
        found.append(
            LayerStatistic(
                network, layer, name, _level(one), _level(other), delta, len(one), len(other)
            )
        )
    return found


def _level(values: np.ndarray) -> Level:
    mean = float(values.mean())
    reach = float(special.stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / sqrt(len(values)))
    return Level(mean, (mean - reach, mean + reach))


def _channels(
    network: str, layer: str, members: np.ndarray, externals: np.ndarray
) -> LayerChannels:
    channels = members.shape[1]
    tested = np.unique(np.linspace(0, channels - 1, min(channels, MOST_CHANNELS)).astype(int))
    p_values = stats.mannwhitneyu(
        members[:, tested], externals[:, tested], axis=0, method="asymptotic"
    ).pvalue
    q_values = stats.false_discovery_control(np.nan_to_num(p_values, nan=1.0), method="bh")
    differing = int((q_values <= FALSE_DISCOVERY_RATE).sum())
    return LayerChannels(network, layer, len(tested), channels, differing)
