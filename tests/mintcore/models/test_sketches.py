import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mintcore.models.sketches import CountSketch

CPU = torch.device("cpu")


def sketch(name: str, length: int, size: int) -> CountSketch:
    return CountSketch(name, length, size, CPU)


def dense(name: str, length: int, size: int) -> torch.Tensor:
    """The sketch as a matrix (size, length): what it makes of each unit vector."""
    return sketch(name, length, size)(torch.eye(length)).T


@given(st.text(max_size=8), st.integers(1, 40), st.integers(1, 40))
def test_count_sketch__every_value_goes_to_one_bucket_with_a_sign(
    name: str, length: int, size: int
) -> None:
    matrix = dense(name, length, size)
    assert matrix.abs().sum(0).tolist() == [1.0] * length
    runs = matrix.abs().split(size, dim=1)
    assert all(run.sum(1).max() == 1 for run in runs)


def test_count_sketch__is_the_product_with_its_matrix() -> None:
    vectors = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    expected = vectors.double() @ dense("layer", 50, 8).double().T
    torch.testing.assert_close(sketch("layer", 50, 8)(vectors).double(), expected)


@given(st.floats(-4, 4), st.integers(0, 2**31))
def test_count_sketch__is_linear(factor: float, seed: int) -> None:
    x, y = torch.randn(2, 1, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    reduce = sketch("layer", 30, 7)
    torch.testing.assert_close(reduce(factor * x + y), factor * reduce(x) + reduce(y))


def test_count_sketch__without_collisions_inner_products_are_exact() -> None:
    x, y = torch.randn(2, 1, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    reduce = sketch("layer", 32, 32)
    torch.testing.assert_close((reduce(x) * reduce(y)).sum(), (x * y).sum())


def test_count_sketch__inner_products_are_kept_in_expectation() -> None:
    x, y = torch.randn(2, 1, 200, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    y = x + y
    found = []
    for seed in range(400):
        reduce = sketch(f"layer{seed}", 200, 20)
        found.append(float((reduce(x) * reduce(y)).sum()))
    error = np.mean(found) - float((x * y).sum())
    deviation = np.std(found) / np.sqrt(len(found))
    bound = float(2 * (x * x).sum() * (y * y).sum() / 20) ** 0.5
    assert abs(error) < 4 * deviation
    assert 0 < np.std(found) < bound


def test_count_sketch__is_the_same_on_every_machine() -> None:
    # Added up by hand from the stream of PCG64; other numbers would part stores of two machines.
    found = sketch("linear", 7, 3)(torch.arange(1.0, 8.0)[None])
    assert found.tolist() == [[-14.0, 5.0, -7.0]]


def test_count_sketch__names_give_other_sketches() -> None:
    assert not torch.equal(dense("layer1", 20, 5), dense("layer2", 20, 5))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_count_sketch__is_the_same_on_a_gpu() -> None:
    vectors = torch.randn(3, 1000, generator=torch.Generator().manual_seed(0))
    on_gpu = CountSketch("layer", 1000, 16, torch.device("cuda"))(vectors.cuda())
    torch.testing.assert_close(on_gpu.cpu(), sketch("layer", 1000, 16)(vectors))
