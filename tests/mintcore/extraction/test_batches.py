import pytest
import torch

from mintcore.errors import MintError
from mintcore.extraction.batches import choose_batch, within_memory
from mintcore.models.registration import load_model
from store.artefacts import Home

CPU = torch.device("cpu")


def runs_with(most: int, images: int = 100) -> tuple[list[int], list[int]]:
    """Run something that has memory for so many images; gives what was tried and the parts that ran."""
    tried: list[int] = []

    def run(limit: int) -> list[int]:
        tried.append(limit)
        if limit > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [min(limit, images - start) for start in range(0, images, limit)]

    parts, _ = within_memory(run, 64, CPU)
    return tried, parts


def test_within_memory__halves_until_it_fits() -> None:
    assert runs_with(most=20) == ([64, 32, 16], [16] * 6 + [4])


def test_within_memory__what_fits_is_run_once() -> None:
    assert runs_with(most=64)[0] == [64]


def test_within_memory__the_cpus_own_words_count_too() -> None:
    def run(limit: int) -> int:
        if limit > 2:
            torch.empty(2**50)
        return limit

    assert within_memory(run, 8, CPU) == (2, 2)


def test_within_memory__one_image_too_many_is_one_sentence() -> None:
    with pytest.raises(MintError, match="One image does not fit into the memory of cpu"):
        runs_with(most=0)


def test_within_memory__other_errors_are_not_hidden() -> None:
    def run(limit: int) -> int:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        within_memory(run, 8, CPU)


def test_choose_batch__hangs_on_the_model_alone(digits_home: Home) -> None:
    model = load_model(digits_home, "net")
    # the largest activation is 16 maps of 28 x 28: 49 KiB, of which 64 fit into 4 MiB
    assert choose_batch(model) == choose_batch(model) == 64
