"""The floors, on a few images."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks import floor_audits
from benchmarks.auditor_exercises import Sizes, SyntheticLayers
from benchmarks.floor_audits import BARE, STORED, WHOLE, Audits
from benchmarks.floor_products import Products
from benchmarks.floors import EPOCHS, PAGE_ROWS, PART, beside_floor, pages, processor_seconds
from mintcore.auditors.settings import FitSettings


def test_processor_seconds__the_least_of_each_after_a_turn_to_warm_up() -> None:
    calls: list[str] = []
    actions = {name: lambda name=name: calls.append(name) for name in ("floor", "whole")}
    seconds = processor_seconds(actions, 2)
    assert calls == ["floor", "whole"] * 3
    assert all(0 <= taken < 1 for taken in seconds.values())


def test_beside_floor__the_whole_alone_has_a_share() -> None:
    seconds = {"bare": 2.0, WHOLE: 4.0, f"{PART}reading": 0.5}
    floor, whole, part = beside_floor("work", seconds, 1000, "an image", "a note")
    assert (floor.value, floor.ratio) == (2.0, None)
    assert (whole.what, whole.value, whole.ratio, whole.note) == (
        f"work: {WHOLE}",
        4.0,
        0.5,
        "a note",
    )
    assert whole.beside == "bare 2 ms an image"
    assert (part.value, part.ratio, part.beside) == (0.5, None, "")


def test_pages__are_those_of_the_last_run(tmp_path: Path) -> None:
    rows = [
        {"what": what, "value": 800.0, "unit": "ms", "ratio": 0.9, "aim": 0.5}
        for what in (*PAGE_ROWS, "a click")
    ]
    (tmp_path / "dashboard.json").write_text(json.dumps({"rows": rows}))
    assert [(row.what, row.value, row.ratio, row.aim) for row in pages(tmp_path)] == [
        (f"page: {what}", 800.0, 0.9, None) for what in PAGE_ROWS
    ]


def test_products__as_many_as_a_training_multiplies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = SyntheticLayers(tmp_path, [16], Sizes(train=300, validation=100, test=2))
    shapes: list[tuple[int, ...]] = []
    settings = FitSettings(epochs=EPOCHS, batch_size=128)
    products = Products([layers.exercise(0)], settings, seeds=[0])
    monkeypatch.setattr(
        torch, "bmm", lambda one, other: shapes.append((*one.shape, other.shape[2]))
    )
    products.run()
    steps = EPOCHS * 3  # of 300 images
    assert {shape: shapes.count(shape) for shape in shapes} == {
        (1, 128, 16, 128): steps,
        (1, 16, 128, 128): steps,
        (1, 100, 16, 128): EPOCHS,
        (1, 128, 128, 64): 2 * steps,  # forward, and the slope of the weight
        (1, 128, 64, 128): steps,
        (1, 100, 128, 64): EPOCHS,
    }


def test_audits__an_image_and_new_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor_audits, "LEARNED_FROM", 100)
    audits = Audits(tmp_path, count=24, repeats=1, asked={"vanilla": "output"})
    actions, queries = audits.of_an_image()["vanilla"]
    assert (list(actions), queries) == ([BARE, WHOLE], 1)
    for action in (*actions.values(), *audits.of_a_dataset().values()):
        action()
    assert list(audits.of_a_dataset()) == [BARE, WHOLE, STORED]
    (card,) = audits.home.cards("audits")
    assert card["n_audited"] == 24
