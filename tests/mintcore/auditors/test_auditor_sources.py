import pytest
from torch import nn

from mintcore.auditors.sources import (
    asked_arrays,
    fused_sources,
    joint_source,
    single_sources,
    usual_sources,
)
from mintcore.errors import MintError
from mintcore.models.audited import AuditedModel, ready
from mintcore.models.layers import Layer
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.taps import layers

STEM = Layer("stem", "map", (16, 32, 32), 0)
BLOCK = Layer("block1", "map", (32, 8, 8), 0)
OUTPUT = Layer("output", "vector", (10,), 0)
LAYERS = [STEM, BLOCK, OUTPUT]


def keys(sources: object) -> list[tuple[str, ...]]:
    return [(source.kind, *source.keys) for source in sources]  # type: ignore[attr-defined]


def test_single_sources__a_kind_reads_the_view_that_it_is_made_for() -> None:
    assert keys(single_sources(LAYERS, "vanilla", None, 8)) == [
        ("vanilla", "stem/pooled"),
        ("vanilla", "block1/pooled"),
        ("vanilla", "output/pooled"),
    ]
    assert keys(single_sources(LAYERS, "cnn", None, 4)) == [
        ("cnn", "stem/map4"),
        ("cnn", "block1/map4"),
    ]


def test_single_sources__another_view_can_be_named() -> None:
    assert keys(single_sources([BLOCK], "linear", "std", 8)) == [("linear", "block1/std")]


def test_single_sources__a_perceptron_reads_no_map_and_a_cnn_nothing_else() -> None:
    with pytest.raises(MintError, match="'vanilla' cannot read the view 'map8'"):
        single_sources(LAYERS, "vanilla", "map8", 8)
    with pytest.raises(MintError, match="'cnn' cannot read the view 'pooled'"):
        single_sources(LAYERS, "cnn", "pooled", 8)


def test_single_sources__queries_are_read_from_the_signals_or_from_another_view_of_several() -> (
    None
):
    assert keys(single_sources(LAYERS, "queries", None, 8)) == [
        ("queries", "output/signals-predicted-q10")
    ]
    assert keys(single_sources([BLOCK], "queries", "pooled-q4", 8)) == [
        ("queries", "block1/pooled-q4")
    ]
    with pytest.raises(MintError, match="reads a view of several queries, not 'pooled'"):
        single_sources(LAYERS, "queries", "pooled", 8)


def test_single_sources__what_is_no_view_is_named_in_the_error() -> None:
    with pytest.raises(MintError, match="no view 'poled'"):
        single_sources(LAYERS, "vanilla", "poled", 8)


def test_fused_sources__globs_take_every_layer_that_has_the_view() -> None:
    assert keys(fused_sources(LAYERS, ["*/pooled", "*/map8", "block*/pooled"])) == [
        ("vanilla", "stem/pooled"),
        ("vanilla", "block1/pooled"),
        ("vanilla", "output/pooled"),
        ("cnn", "stem/map8"),
        ("cnn", "block1/map8"),
    ]


def test_fused_sources__signals_of_several_queries_have_the_network_for_them() -> None:
    asked = ["output/signals-label-q4", "output/signals-label", "block1/pooled-q4"]
    assert [kind for kind, _ in keys(fused_sources(LAYERS, asked))] == [
        "queries",
        "vanilla",
        "vanilla",
    ]


@pytest.mark.parametrize("asked", ["blok1/pooled", "output/map8"])
def test_fused_sources__one_that_is_not_there_is_an_error_that_names_it(asked: str) -> None:
    with pytest.raises(MintError, match=f"'{asked}' names no layer with such a view"):
        fused_sources(LAYERS, ["stem/pooled", asked])


def test_fused_sources__one_is_not_enough() -> None:
    with pytest.raises(MintError, match="reads two or more: name more with --sources"):
        fused_sources(LAYERS, ["stem/pooled"])


def test_fused_sources__a_key_without_a_view_is_no_source() -> None:
    with pytest.raises(MintError, match="no view 'stem'"):
        fused_sources(LAYERS, ["stem", "block1/pooled"])


def test_fused_sources__stressed_signals_are_read_one_by_one() -> None:
    asked = ["output/signals-label-q4", "output/signals-label-s4"]
    assert [kind for kind, _ in keys(fused_sources(LAYERS, asked))] == ["queries", "vanilla"]


def test_joint_source__is_one_for_all() -> None:
    assert keys([joint_source(LAYERS, ["*/pooled", "output/signals-label-q4"])]) == [
        ("joint", "stem/pooled", "block1/pooled", "output/pooled", "output/signals-label-q4")
    ]


def test_joint_source__a_map_is_refused() -> None:
    with pytest.raises(MintError, match="cannot read the map 'block1/map8'"):
        joint_source(LAYERS, ["stem/pooled", "block1/map8"])


def test_asked_arrays__a_glob_never_means_the_image_itself() -> None:
    image = Layer("input", "map", (3, 32, 32), 0)
    of_all = asked_arrays([image, *LAYERS], ["*/pooled"])
    assert [spec.layer for spec in of_all] == ["stem", "block1", "output"]
    named = asked_arrays([image, *LAYERS], ["input/map8", "stem/pooled"])
    assert [spec.key for spec in named] == ["input/map8", "stem/pooled"]


@pytest.mark.parametrize(
    ("head", "kind", "signals"),
    [
        ("classifier", "fused", ["predicted", "predicted-q10"]),
        ("classifier", "joint", ["predicted", "predicted-q32", "predicted-s15"]),
        ("embedding", "joint", []),
    ],
)
def test_usual_sources__are_every_layer_and_the_signals_that_a_classifier_has(
    head: str, kind: str, signals: list[str]
) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4))
    preprocessing = Preprocessing((8, 8), (0.5,) * 3, (0.5,) * 3)
    model = AuditedModel({"id": "m", "head": head}, ready(module, "cpu"), preprocessing)
    usual = usual_sources(layers(model), model.head, kind)
    assert [key for key in usual if key.startswith("output/signals")] == [
        f"output/signals-{each}" for each in signals
    ]
    assert {"0/pooled", "output/pooled"} < set(usual)
    assert "input/pooled" not in usual
