from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from small_experiment import A_SIDE, CHANNELS, IS_MEMBER, activations, make_experiment

from mintcore import activation_statistics
from mintcore.activation_sample import draw
from mintcore.activation_statistics import LayerChannels, LayerStatistic
from store.artefacts import Home

Found = dict[tuple[str, str, str], LayerStatistic]


@pytest.fixture
def found(tmp_path: Path) -> tuple[Found, list[LayerChannels]]:
    home = Home(tmp_path)
    card = make_experiment(home)
    layers = ["block", "missing", "output"]
    statistics, channels = activation_statistics.activation_statistics(
        home, card, layers, draw(home, card["id"], 1000)
    )
    return {(each.network, each.layer, each.statistic): each for each in statistics}, channels


def test_activation_statistics__what_is_stored_in_the_order_of_the_layers(
    found: tuple[Found, list[LayerChannels]],
) -> None:
    _, channels = found
    assert [(each.network, each.layer) for each in channels] == [
        ("auditor", "block"),
        ("auditor", "output"),
        ("reference model", "block"),
    ]


def test_activation_statistics__effect_is_what_scipy_says(
    found: tuple[Found, list[LayerChannels]],
) -> None:
    values = activations(1, 0).mean(1)
    greater = stats.mannwhitneyu(values[IS_MEMBER], values[~IS_MEMBER]).statistic
    delta = found[0]["auditor", "output", "mean"].delta
    assert delta.value == pytest.approx(2 * greater / A_SIDE**2 - 1)
    assert delta.interval[0] < delta.value < delta.interval[1]


def test_activation_statistics__members_apart_in_the_audited_model_alone(
    found: tuple[Found, list[LayerChannels]],
) -> None:
    assert found[0]["auditor", "block", "norm"].delta.value == 1
    low, high = found[0]["reference model", "block", "norm"].delta.interval
    assert low < 0 < high


def test_activation_statistics__levels_of_both_groups(
    found: tuple[Found, list[LayerChannels]],
) -> None:
    means = activations(0, 100).mean(1)
    statistic = found[0]["auditor", "block", "mean"]
    members = stats.bootstrap((means[IS_MEMBER],), np.mean, rng=0).confidence_interval
    assert statistic.members.value == pytest.approx(means[IS_MEMBER].mean(), rel=1e-5)
    assert statistic.members.interval == pytest.approx((members.low, members.high), abs=0.1)
    assert statistic.externals.value == pytest.approx(means[~IS_MEMBER].mean(), rel=1e-5)
    assert found[0]["auditor", "block", "silent"].members.value == pytest.approx(1 / CHANNELS)


def test_activation_statistics__channels_that_differ(
    found: tuple[Found, list[LayerChannels]],
) -> None:
    differing = {(each.network, each.layer): each.differing for each in found[1]}
    assert differing == {
        ("auditor", "block"): 1,
        ("auditor", "output"): 0,
        ("reference model", "block"): 0,
    }


def test_activation_statistics__a_bounded_number_of_channels_is_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation_statistics, "MOST_CHANNELS", 2)
    home = Home(tmp_path)
    card = make_experiment(home)
    _, (channels,) = activation_statistics.activation_statistics(
        home, card, ["output"], draw(home, card["id"], 1000)
    )
    assert (channels.tested, channels.channels) == (2, CHANNELS)
