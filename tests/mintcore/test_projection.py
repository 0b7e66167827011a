from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from small_experiment import IDS, PART, make_experiment

from mintcore.errors import MintError
from mintcore.projection import principal_plane, project
from store.artefacts import Home


def test_principal_plane__is_scikit_learns_of_standardised_channels() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6))
    fitted = PCA(2)
    expected = fitted.fit_transform((values - values.mean(0)) / values.std(0))
    plane = principal_plane(values)
    assert np.abs(plane.points) == pytest.approx(np.abs(expected), abs=1e-4)
    assert plane.explained == pytest.approx(tuple(fitted.explained_variance_ratio_))


def test_principal_plane__one_channel_has_one_axis() -> None:
    plane = principal_plane(np.array([[1.0], [2.0], [3.0]]))
    assert plane.points[:, 1].tolist() == [0, 0, 0]
    assert plane.explained == (1, 0)


def test_principal_plane__nothing_varies() -> None:
    plane = principal_plane(np.ones((4, 3)))
    assert not plane.points.any()
    assert plane.explained == (0, 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_principal_plane__shares_are_shares_and_largest_first(
    images: int, channels: int, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(images, channels))
    first, second = principal_plane(values).explained
    assert 1 + 1e-6 >= first >= second >= 0


def test_project__held_out_images_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    found = project(home, make_experiment(home))
    ids = found.images.column("sample_id").to_pylist()
    assert ids == [name for name, part in zip(IDS, PART, strict=True) if part == "test"]
    assert found.images.column("score").to_pylist() == [IDS.index(name) for name in ids]
    assert found.images.column("uri").null_count == len(ids)


def test_project__members_that_stand_apart_are_apart(tmp_path: Path) -> None:
    home = Home(tmp_path)
    images = project(home, make_experiment(home)).images.to_pandas()
    assert abs(images["x"].corr(images["is_member"].astype(float))) > 0.5


def test_project__a_layer_that_is_not_stored_is_one_sentence(tmp_path: Path) -> None:
    home = Home(tmp_path)
    card = make_experiment(home) | {"layer": "nowhere"}
    with pytest.raises(MintError, match="keeps no channel means of layer nowhere"):
        project(home, card)
