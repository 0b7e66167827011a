"""The store against a dictionary: any sequence of runs must give what the dictionary gives."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.artefacts import Home
from store.feature_store import FeatureStore, create_store, open_store
from store.layout import ArraySpec

SPECS = {
    "a/pooled": ArraySpec("a", "pooled", (3,)),
    "a/map": ArraySpec("a", "map", (2, 2, 2), "float32"),
    "b/pooled": ArraySpec("b", "pooled", (1,), "float32"),
}
Model = dict[tuple[str, int], float]

runs = st.lists(
    st.tuples(
        st.lists(st.integers(0, 30), min_size=1, max_size=12),
        st.lists(st.sampled_from(sorted(SPECS)), min_size=1, max_size=3, unique=True),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def name(number: int) -> str:
    return f"{number:032x}"


def run(store: FeatureStore, model: Model, numbers: list[int], keys: list[str], now: int) -> None:
    """Compute what is missing, as an extraction does; the value tells when it was computed."""
    for group, sample_ids in store.plan([name(n) for n in numbers], keys).missing.items():
        content = [now * 100 + int(sample_id, 16) for sample_id in sample_ids]
        specs = [SPECS[key] for key in group]
        arrays = {s.key: filled(s, content) for s in specs}
        with store.writer(specs, len(sample_ids)) as writer:
            writer.commit(sample_ids, arrays)
    for key in keys:
        for number in numbers:
            model.setdefault((key, number), now * 100 + number)


def filled(spec: ArraySpec, content: list[int]) -> np.ndarray:
    column = np.array(content, spec.dtype).reshape(-1, *[1] * len(spec.shape))
    return column + np.zeros(spec.shape, spec.dtype)


def check(store: FeatureStore, model: Model, numbers: list[int]) -> None:
    sample_ids = [name(number) for number in numbers]
    for key in store.specs():
        rows = store.locate(key, sample_ids)
        held = [number for number in numbers if (key, number) in model]
        assert [n for n, row in zip(numbers, rows, strict=True) if row >= 0] == held
        expected = filled(SPECS[key], [int(model[key, number]) for number in held])
        np.testing.assert_array_equal(store.read(key, rows[rows >= 0]), expected)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs, st.lists(st.integers(0, 31), max_size=40))
def test_feature_store__is_a_dictionary(
    history: list[tuple[list[int], list[str], bool]], asked: list[int]
) -> None:
    model: Model = {}
    with tempfile.TemporaryDirectory() as folder:
        store = create_store(Home(Path(folder)), "s", expected_rows=0)
        for now, (numbers, keys, reopen) in enumerate(history):
            run(store, model, numbers, keys, now)
            if reopen:
                store = open_store(store.folder)
            check(store, model, asked)
