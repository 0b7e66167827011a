import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mintcore.activation_maps import (
    average_maps,
    coarse,
    image_activation,
    model_store,
    stored_array,
    stored_arrays,
)
from mintcore.datasets.reading import read_pixels, samples
from mintcore.errors import MintError
from mintcore.image_audit import ImageAuditor, load_image_auditor
from store.artefacts import Home

KEY = "block2/map4"


@pytest.fixture
def auditor(digits_home: Home) -> ImageAuditor:
    card = digits_home.cards("auditors")[0]
    return load_image_auditor(digits_home, card["id"], device="cpu")


def test_stored_arrays__of_each_layer_that_keeps_the_view(
    digits_home: Home, auditor: ImageAuditor
) -> None:
    assert stored_arrays(digits_home, auditor.card, "map")["block2"].key == KEY
    assert set(stored_arrays(digits_home, auditor.card, "pooled")) == {"block2", "output"}


def test_average_maps__of_all_are_those_of_the_store(
    digits_home: Home, auditor: ImageAuditor
) -> None:
    average = average_maps(digits_home, auditor.card, KEY, auditor.known)
    store = model_store(digits_home, auditor.card)
    is_member = auditor.known.column("is_member").to_numpy()
    ids = np.array(auditor.known.column("sample_id").to_pylist())
    members, externals = (
        store.read(KEY, store.locate(KEY, ids[side].tolist())).astype(np.float64)
        for side in (is_member, ~is_member)
    )
    assert (average.n_members, average.n_externals) == (len(members), len(externals))
    np.testing.assert_allclose(average.members, members.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(average.externals, externals.mean(axis=0), rtol=1e-5)
    levels = [side.mean(axis=(2, 3)) for side in (members, externals)]
    spread = np.sqrt(np.concatenate([one - one.mean(axis=0) for one in levels]).var(axis=0))
    expected = (levels[0].mean(axis=0) - levels[1].mean(axis=0)) / np.where(spread, spread, 1)
    np.testing.assert_allclose(average.effect, expected, rtol=1e-4, atol=1e-6)
    assert average.most_different(1)[0] == int(np.abs(expected).argmax())


def test_average_maps__a_sample_is_the_same_each_time(
    digits_home: Home, auditor: ImageAuditor
) -> None:
    first, second = (
        average_maps(digits_home, auditor.card, KEY, auditor.known, sample=20) for _ in range(2)
    )
    assert (first.n_members, first.n_externals) == (20, 20)
    np.testing.assert_array_equal(first.members, second.members)


def test_average_maps__labels_that_mean_nothing_give_effects_of_chance(
    digits_home: Home, auditor: ImageAuditor
) -> None:
    """Over many shuffles the largest effect stays below ``by_chance`` in about 95 of 100."""
    rng, beyond = np.random.default_rng(0), 0
    for _ in range(40):
        shuffled = pa.array(rng.permutation(auditor.known.column("is_member").to_numpy()))
        known = pa.table({"sample_id": auditor.known.column("sample_id"), "is_member": shuffled})
        found = average_maps(digits_home, auditor.card, KEY, known, sample=100)
        beyond += bool(np.abs(found.effect).max() > found.by_chance)
    assert (
        beyond <= 7
    )  # of 40 at 5%, more than 7 come once in 500 times; channels are not independent


def test_average_maps__nothing_stored_of_one_side_is_refused(
    digits_home: Home, auditor: ImageAuditor
) -> None:
    known = pa.table({"sample_id": ["0" * 32, "1" * 32], "is_member": [True, False]})
    with pytest.raises(MintError, match=f"keeps no {KEY}"):
        average_maps(digits_home, auditor.card, KEY, known)


def test_image_activation__is_what_the_store_keeps(
    digits_home: Home, auditor: ImageAuditor
) -> None:
    row = samples(digits_home, "members", limit=1).to_pylist()[0]
    spec = stored_array(digits_home, auditor.card, KEY)
    found = image_activation(auditor, spec, "one", read_pixels(row["uri"]))
    store = model_store(digits_home, auditor.card)
    (kept,) = store.read(KEY, store.locate(KEY, [row["sample_id"]]))
    np.testing.assert_allclose(found, kept.astype(np.float32), rtol=1e-2, atol=1e-3)


@given(
    values=arrays(
        np.float64,
        st.tuples(st.integers(1, 40), st.integers(1, 40)),
        elements=st.floats(-100, 100),
    )
)
def test_coarse__stays_within_the_map_and_its_cells(values: np.ndarray) -> None:
    found = coarse(values, 8)
    assert found.shape == (min(8, values.shape[0]), min(8, values.shape[1]))
    assert values.min() - 1e-9 <= found.min()
    assert found.max() <= values.max() + 1e-9
    if max(values.shape) <= 8:
        np.testing.assert_array_equal(found, values)
