import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.arrays import View, array_specs, parse_view, signals_key, signals_view
from mintcore.errors import MintError
from mintcore.models.layers import Layer
from store.layout import STORED_DTYPES

BLOCK = Layer("block", "map", (16, 14, 14), 100)
OUTPUT = Layer("output", "vector", (10,), 100)

DTYPES = st.sampled_from(list(STORED_DTYPES))
QUERIES = st.integers(1, 64)
VIEWS = st.one_of(
    st.builds(
        View, st.sampled_from(["pooled", "std", "max", "vector"]), queries=QUERIES, dtype=DTYPES
    ),
    st.builds(View, st.just("map"), st.integers(1, 99), queries=QUERIES, dtype=DTYPES),
    st.builds(
        View,
        st.just("gradient"),
        st.integers(1, 4096),
        st.sampled_from(["label", "predicted"]),
        QUERIES,
        DTYPES,
    ),
    st.builds(signals_view, st.sampled_from(["label", "predicted"]), QUERIES),
    st.builds(View, st.just("pooled"), queries=st.integers(1, 15), stressed=st.just(True)),
)


@given(VIEWS)
def test_view__its_name_says_all_of_it(view: View) -> None:
    assert parse_view(view.name) == view


@pytest.mark.parametrize(
    ("view", "name"),
    [
        (View("pooled"), "pooled"),
        (View("map", 8), "map8"),
        (View("map", 8, dtype="float32"), "map8-float32"),
        (View("pooled", queries=10), "pooled-q10"),
        (View("gradient", 512, "label", 2, "bfloat16"), "gradient512-label-q2-bfloat16"),
        (signals_view(), "signals-label"),
        (signals_view("predicted", 10), "signals-predicted-q10"),
        (View("pooled", queries=15, stressed=True), "pooled-s15"),
        (View("pooled", queries=1, stressed=True), "pooled-s1"),
    ],
)
def test_view__names_that_are_in_the_stores(view: View, name: str) -> None:
    assert view.name == name


def test_parse_view__refuses_what_names_none() -> None:
    with pytest.raises(ValueError, match="names no view"):
        parse_view("Pooled!")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kind": "poled"}, "no view 'poled'"),
        ({"kind": "map", "size": 0}, "keeps nothing"),
        ({"kind": "gradient", "size": 8}, "label or predicted"),
        ({"kind": "gradient", "size": 8, "target": "other"}, "label or predicted"),
        ({"kind": "pooled", "target": "label"}, "target of a pooled view cannot be 'label'"),
        ({"kind": "signals", "dtype": "float32"}, "label or predicted"),
        ({"kind": "signals", "target": "label"}, "kept as float32, not as float16"),
        ({"kind": "pooled", "queries": 0}, "give 1 to 64"),
        ({"kind": "pooled", "queries": 65}, "give 1 to 64"),
        ({"kind": "pooled", "queries": 16, "stressed": True}, "16 stressed queries .* 1 to 15"),
        ({"kind": "pooled", "dtype": "int8"}, "keeps float16, float32, bfloat16"),
    ],
)
def test_view__what_cannot_be_is_one_sentence(settings: dict, sentence: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(MintError, match=sentence):
        View(**settings)


def test_array_specs__a_layer_without_the_view_gives_none() -> None:
    specs = array_specs([BLOCK, OUTPUT], [View("pooled"), View("map", 8)])
    assert [spec.key for spec in specs] == ["block/pooled", "block/map8", "output/pooled"]


def test_array_specs__signals_are_of_the_logits_alone() -> None:
    (spec,) = array_specs([BLOCK, OUTPUT], [signals_view("label", 10)])
    assert (spec.key, spec.shape[0], spec.dtype) == (signals_key("label", 10), 10, "float32")


def test_array_specs__queries_are_the_first_axis() -> None:
    (spec,) = array_specs([BLOCK], [View("map", 8, queries=10)])
    assert spec.shape == (10, 16, 8, 8)
