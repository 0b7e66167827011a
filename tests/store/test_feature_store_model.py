"""The store against a plain model: whatever runs, dies, seals and cleans, both say the same."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from killing import dying

from store.artefacts import Home
from store.feature_store import FeatureStore, create_store, open_store
from store.garbage import find_garbage, remove_garbage
from store.layout import ArraySpec
from store.query import Query
from store.repair import repair
from store.samples import SAMPLES_SCHEMA

SPECS = {
    "a/pooled": ArraySpec("a", "pooled", (3,)),
    "a/map": ArraySpec("a", "map", (2, 2, 2), "float32"),
    "b/pooled": ArraySpec("b", "pooled", (1,), "bfloat16"),
}
IMAGES = 12
BLOCK_ROWS = 1024

images = st.lists(st.integers(0, IMAGES - 1), min_size=1, max_size=6, unique=True)
keys = st.lists(st.sampled_from(sorted(SPECS)), min_size=1, max_size=3, unique=True)
failing = st.sets(st.integers(0, IMAGES - 1), max_size=2)
datasets = st.sampled_from(["x", "y"])
moments = st.integers(0, 31)  # of renames and flushes: a commit of three new arrays has 31


def name(number: int) -> str:
    return f"{number:032x}"


def values(spec: ArraySpec, numbers: Sequence[int], run: int) -> np.ndarray:
    column = np.array(numbers, spec.values_dtype).reshape(-1, *[1] * len(spec.shape))
    return column + np.full(spec.shape, 16 * run % 128, spec.values_dtype)


@dataclass
class Block:
    """What one commit wrote: its run, its arrays, its images with a status each."""

    run: int
    keys: list[str]
    rows: list[tuple[int, str]]


@dataclass
class Model:
    """All that a store should know, in plain dictionaries."""

    blocks: dict[int, Block] = field(default_factory=dict)
    listings: dict[str, list[int]] = field(default_factory=dict)

    def next_block(self) -> int:
        return next(n for n in range(len(self.blocks) + 1) if n not in self.blocks)

    def rows(self, key: str | None = None) -> Iterator[tuple[int, int, str, int]]:
        """Give row, image, status and run of all rows of an array, or of all rows, ascending."""
        for number, block in sorted(self.blocks.items()):
            if key is None or key in block.keys:
                for place, (image, status) in enumerate(block.rows):
                    yield number * BLOCK_ROWS + place, image, status, block.run

    def located(self, key: str) -> dict[int, tuple[int, int]]:
        """Give the row and run of every image that an array has."""
        found: dict[int, tuple[int, int]] = {}
        for row, image, status, run in self.rows(key):
            if status == "ok":
                found.setdefault(image, (row, run))
        return found

    def failures(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for _, image, status, _ in self.rows():
            if status != "ok":
                found.setdefault(image, status)
        return found

    def status(self, image: int) -> str:
        there = {found for _, found, _, _ in self.rows()}
        return self.failures().get(image, "ok" if image in there else "absent")

    def missing(self, numbers: Sequence[int], wanted: Sequence[str]) -> dict[Any, list[str]]:
        groups: dict[tuple[str, ...], list[str]] = {}
        present = {key: {image for _, image, _, _ in self.rows(key)} for key in wanted}
        for image in numbers:
            if group := tuple(key for key in wanted if image not in present[key]):
                groups.setdefault(group, []).append(name(image))
        return groups


class StoreMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.store = create_store(Home(Path(self.folder)), "s", expected_rows=0)
        self.long_lived = open_store(self.store.folder)
        self.model = Model()
        self.runs = 0

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def commit(self, numbers: list[int], wanted: Sequence[str], failed: set[int]) -> None:
        """Write one block; tell the model of it if it is there, however the writing ended."""
        self.runs += 1
        block = self.model.next_block()
        failures = {name(n): (f"bad{self.runs}", "why") for n in numbers if n in failed}
        arrays = {key: values(SPECS[key], numbers, self.runs) for key in wanted}
        try:
            with self.store.writer([SPECS[key] for key in wanted], len(numbers)) as writer:
                assert writer.commit([name(n) for n in numbers], arrays, failures) == block
        finally:
            if (self.store.folder / "index" / f"part-{block:06d}.parquet").exists():
                rows = [(n, failures.get(name(n), ("ok", ""))[0]) for n in numbers]
                self.model.blocks[block] = Block(self.runs, list(wanted), rows)

    @rule(numbers=images, wanted=keys, failed=failing)
    def append(self, numbers: list[int], wanted: list[str], failed: set[int]) -> None:
        self.commit(numbers, wanted, failed)

    @rule(numbers=images, wanted=keys, failed=failing, moment=moments)
    def die_while_appending(
        self, numbers: list[int], wanted: list[str], failed: set[int], moment: int
    ) -> None:
        with dying(self.store.folder, moment):
            self.commit(numbers, wanted, failed)

    @rule(numbers=images, wanted=keys)
    def die_just_before_the_commit(self, numbers: list[int], wanted: list[str]) -> None:
        before = len(self.model.blocks)
        with dying(self.store.folder) as die, patch("store.shelf.write_segment", die):
            self.commit(numbers, wanted, set())
        assert len(self.model.blocks) == before

    @rule(numbers=images, wanted=keys)
    def resume(self, numbers: list[int], wanted: list[str]) -> None:
        """Compute what is missing, as an extraction does."""
        missing = self.store.plan([name(n) for n in numbers], wanted).missing
        assert dict(missing) == self.model.missing(numbers, wanted)
        for group, sample_ids in missing.items():
            self.commit([int(sample_id, 16) for sample_id in sample_ids], group, set())
        assert not self.store.plan([name(n) for n in numbers], wanted).missing

    @rule()
    def reopen(self) -> None:
        self.store = open_store(self.store.folder)

    @rule()
    def seal(self) -> None:
        sealed = self.store.seal()
        assert (sealed is None) == (not self.model.blocks and not self.model.listings)
        assert self.store.info()["unsealed_segments"] == 0

    @rule(moment=st.integers(0, 6))
    def die_while_sealing(self, moment: int) -> None:
        with dying(self.store.folder, moment):
            self.store.seal()

    def write_samples(self, numbers: list[int]) -> Path:
        rows = [
            dict.fromkeys(SAMPLES_SCHEMA.names)
            | {"sample_id": name(n), "uri": "x", "membership": "member", "status": "ok"}
            for n in numbers
        ]
        file = Path(self.folder) / "samples.parquet"
        pq.write_table(pa.Table.from_pylist(rows, SAMPLES_SCHEMA), file)
        return file

    @rule(dataset=datasets, numbers=images)
    def list_dataset(self, dataset: str, numbers: list[int]) -> None:
        self.runs += 1
        self.store.list_dataset(dataset, str(self.runs), self.write_samples(numbers))
        self.model.listings[dataset] = numbers

    @rule(dataset=datasets, numbers=images, moment=st.integers(0, 1))
    def die_while_listing(self, dataset: str, numbers: list[int], moment: int) -> None:
        self.runs += 1
        with dying(self.store.folder, moment):  # of one flush and one rename
            self.store.list_dataset(dataset, str(self.runs), self.write_samples(numbers))

    @rule()
    def collect_garbage(self) -> None:
        garbage = find_garbage(self.store)
        remove_garbage(self.store, garbage)
        assert find_garbage(self.store).items == ()

    @precondition(lambda self: self.model.blocks)
    @rule(data=st.data())
    def collect_an_array(self, data: st.DataObject) -> None:
        held = sorted({key for block in self.model.blocks.values() for key in block.keys})
        unwanted = data.draw(st.sampled_from(held))
        remove_garbage(self.store, find_garbage(self.store, [unwanted]))
        for number, block in list(self.model.blocks.items()):
            block.keys = [key for key in block.keys if key != unwanted]
            if not block.keys:
                del self.model.blocks[number]

    @rule()
    def repair_nothing(self) -> None:
        repaired = repair(self.store)
        assert (repaired.problems, dict(repaired.dropped), repaired.lost) == ((), {}, ())

    @invariant()
    def all_say_the_same(self) -> None:
        if hasattr(self, "model"):
            for store in (self.long_lived, open_store(self.store.folder)):
                check_arrays(store, self.model)
                check_index(store, self.model)


def check_arrays(store: FeatureStore, model: Model) -> None:
    held = {key for block in model.blocks.values() for key in block.keys}
    assert store.specs() == {key: SPECS[key] for key in sorted(held)}
    for key in held:
        located = model.located(key)
        rows = store.locate(key, map_names(range(IMAGES)))
        assert rows.tolist() == [located.get(number, (-1, 0))[0] for number in range(IMAGES)]
        stored = store.read(key, rows[rows >= 0])
        there = [number for number in range(IMAGES) if number in located]
        for number, row in zip(there, stored, strict=True):
            run = located[number][1]
            np.testing.assert_array_equal(row, values(SPECS[key], [number], run)[0])


def check_index(store: FeatureStore, model: Model) -> None:
    everything = list(range(IMAGES))
    wanted = sorted(SPECS)
    plan = store.plan(map_names(everything), wanted)
    assert dict(plan.missing) == model.missing(everything, wanted)
    failures = {int(f["sample_id"], 16): f["status"] for f in store.failures(map_names(everything))}
    assert failures == model.failures()
    listed = [
        (dataset, position, number, model.status(number))
        for dataset, numbers in sorted(model.listings.items())
        for position, number in enumerate(numbers)
    ]
    selected = store.select(Query()).to_pylist()
    assert [
        (row["dataset"], row["position"], int(row["sample_id"], 16), row["status"])
        for row in selected
    ] == listed
    counted = {(g["dataset"], g["status"]): g["images"] for g in store.count(["dataset", "status"])}
    statuses = [(dataset, status) for dataset, _, _, status in listed]
    assert counted == {group: statuses.count(group) for group in statuses}


def map_names(numbers: Sequence[int]) -> list[str]:
    return [name(number) for number in numbers]


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=int(os.environ.get("MINT_TEST_HISTORIES", "20")),
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
