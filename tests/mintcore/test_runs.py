from typing import Any

import pytest

from mintcore.runs import differing_settings, same_test, settings_of, split_of

CARD: dict[str, Any] = {
    "id": "net.block1.vanilla.1",
    "model": "net",
    "model_fingerprint": "f" * 32,
    "layer": "block1",
    "auditor_kind": "vanilla",
    "view": "pooled",
    "made_from": {
        "members": {"dataset": "in", "fingerprint": "1"},
        "external": {"dataset": "out", "fingerprint": "2"},
    },
    "reference": None,
    "map_side": 8,
    "seed": 0,
    "seeds": [0, 1, 2],
    "networks": {"auditor": {"sources": [{"arrays": [{"key": "block1/pooled"}]}]}},
    "settings": {"epochs": 40, "learning_rate": 0.002},
    "overlap": {"allowed": False},
}


def _other(**changed: Any) -> dict[str, Any]:
    return CARD | changed


def test_differing_settings__equal_runs_have_none() -> None:
    assert differing_settings([CARD, CARD | {"id": "b", "created": "later"}]) == {}


def test_differing_settings__lists_each_runs_value_in_their_order() -> None:
    other = _other(layer="dense", settings={"epochs": 10, "learning_rate": 0.002}, seeds=[0])
    assert differing_settings([CARD, other]) == {
        "layer": ["block1", "dense"],
        "seeds": ["0, 1, 2", "0"],
        "epochs at most": ["40", "10"],
    }


def test_differing_settings__what_an_earlier_card_does_not_tell_is_a_dash() -> None:
    earlier = {
        key: value for key, value in CARD.items() if key not in ("settings", "model_fingerprint")
    }
    assert differing_settings([CARD, earlier]) == {
        "model fingerprint": ["f" * 12, "–"],
        "epochs at most": ["40", "–"],
        "learning rate": ["0.002", "–"],
    }


def test_settings__many_arrays_are_counted_and_the_unusual_ones_named() -> None:
    keys = [f"block{number}/pooled" for number in range(5)] + ["output/signals-predicted-q32"]
    arrays = [{"key": key} for key in keys]
    joint = _other(networks={"auditor": {"sources": [{"arrays": arrays}]}})
    assert differing_settings([CARD, joint]) == {
        "reads": ["block1/pooled", "6 arrays, output/signals-predicted-q32 among them"]
    }


def test_settings__several_datasets_of_externals_are_all_named() -> None:
    parts = [{"dataset": name, "fingerprint": "x"} for name in ("a", "b")]
    made_from = CARD["made_from"] | {
        "external": {"dataset": "a + b", "fingerprint": "y", "parts": parts}
    }
    assert settings_of(_other(made_from=made_from))["externals"] == "a + b"


@pytest.mark.parametrize("changed", [{"layer": "dense"}, {"model": "other"}, {"seeds": [0]}])
def test_same_test__layer_model_and_number_of_seeds_do_not_change_the_images(
    changed: dict[str, Any],
) -> None:
    assert same_test([CARD, _other(**changed)])


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"overlap": {"allowed": True}},
        {"made_from": CARD["made_from"] | {"external": {"dataset": "out", "fingerprint": "3"}}},
    ],
)
def test_same_test__seed_data_and_overlap_do(changed: dict[str, Any]) -> None:
    assert not same_test([CARD, _other(**changed)])
    assert split_of(CARD) != split_of(_other(**changed))
