"""What the demo tells must be what EVALUATION asks for: memory where there is some, and shift called shift."""

from pathlib import Path

import pytest

from mintcore.demo.story import Told, tell
from mintcore.progress import SilentReporter
from store.artefacts import Home


class Counting(SilentReporter):
    def __init__(self) -> None:
        self.networks = 0

    def measure(self, values: object) -> None:
        self.networks += 1


@pytest.fixture(scope="module")
def retold(told_home: Path) -> tuple[Told, Counting]:
    """The demo told a second time in its own home folder."""
    reporter = Counting()
    return tell(Home(told_home), device="cpu", reporter=reporter), reporter


def test_demo__a_second_run_trains_nothing(retold: tuple[Told, Counting]) -> None:
    assert retold[1].networks == 0


def test_demo__the_model_was_made_to_remember(retold: tuple[Told, Counting]) -> None:
    model = retold[0].model
    assert model["wrong_labels"] == 540
    assert model["train_accuracy"] > 0.99
    assert 0.7 < model["external_accuracy"] < 0.95


def test_demo__every_layer_is_read_by_every_kind_that_can(retold: tuple[Told, Counting]) -> None:
    blocks = [(f"block{n}", kind) for n in (1, 2, 3) for kind in ("vanilla", "cnn")]
    found = [(row["layer"], row["kind"]) for row in retold[0].sweep]
    assert found == [*blocks, ("dense", "vanilla"), ("output", "vanilla")]


def test_demo__memory_is_found_in_the_last_layers_only(retold: tuple[Told, Counting]) -> None:
    tiers = {(row["layer"], row["kind"]): row["tier"] for row in retold[0].sweep}
    assert tiers["block1", "vanilla"] == tiers["block1", "cnn"] == "no evidence"
    assert tiers["output", "vanilla"] in ("moderate", "strong")
    assert tiers["dense", "vanilla"] in ("moderate", "strong")


def test_demo__all_layers_together_find_more_than_one_layer_and_than_other_methods(
    retold: tuple[Told, Counting],
) -> None:
    """Its interval is above what each of the others reaches."""
    lowest = retold[0].together["auc_ci"][0]
    assert lowest > max(row["auc"] for row in retold[0].sweep)
    assert lowest > max(row["auc"] for row in retold[0].methods["rows"])


def test_demo__against_another_database_shift_is_called_shift(
    retold: tuple[Told, Counting],
) -> None:
    cells = {(cell["train_external"], cell["test_external"]): cell for cell in retold[0].comparison}
    other = cells["digits-external", "digits-external"]
    assert other["auc"] > 0.99
    assert other["tier"] == "dataset shift: membership not shown"
    assert cells["mnist-external", "mnist-external"]["tier"] in ("moderate", "strong")


def test_demo__audits_two_images_and_finds_the_mixed_dataset(
    retold: tuple[Told, Counting],
) -> None:
    audits = retold[0].audits
    assert [audit["kind"] for audit in audits] == ["image", "image", "dataset"]
    assert all(audit["verdict"] and audit["auditor"] for audit in audits)
    dataset = audits[-1]
    assert dataset["p_value"] < 1e-4
    assert dataset["tier"] in ("weak", "moderate", "strong")
