"""The cost model and the simulation of large extractions."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import scale
from benchmarks.scale_devices import A100, ARCFACE
from benchmarks.scale_predictions import Assumed, bytes_by_stage, predict, scaling
from benchmarks.scale_runs import ALL, FEW, beside, lacking, threads_of
from benchmarks.scale_simulation import Driver, Site, Worker, simulate
from benchmarks.scale_workloads import MAP_SIDE, Workload, maps, network, pooled
from store.layout import ArraySpec

SPEC = ArraySpec("layer", "pooled", (512,))
FOUR_PIECES = Workload("one layer", 4096, (SPEC,), flops=10**9)
MANY_PIECES = replace(FOUR_PIECES, images=4_000_000)
FREE = Driver()


def seconds(workload: Workload, workers: int, worker: Worker, driver: Driver = FREE) -> float:
    return simulate(workload, Site(workers, worker, driver)).seconds


def test_simulate__one_worker_takes_the_sum_of_the_parts() -> None:
    driver = Driver(plan_s=2, count_row_s=0.001, hand_s=0.5, publish_s=3, seal_row_s=0.01)
    # a publication but the last runs beside the next piece
    parts = 2 + 5 + 2 + 4 * (0.5 + 1024 / 100) + 3 + 4096 * 0.001 + 4096 * 0.01
    assert seconds(FOUR_PIECES, 1, Worker(100, start_s=5), driver) == pytest.approx(parts)


def test_simulate__twice_the_images_take_twice_the_time_of_the_driver() -> None:
    driver = Driver(plan_s=2, count_row_s=1e-6, hand_s=0.5, publish_s=3, seal_row_s=1e-6)
    one, two = (replace(FOUR_PIECES, images=windows * 262_144) for windows in (8, 16))
    fast = Worker(1e12)
    assert seconds(two, 4, fast, driver) == pytest.approx(
        2 * seconds(one, 4, fast, driver), rel=0.01
    )


def test_simulate__a_piece_takes_as_long_as_what_is_slowest_of_it() -> None:
    bytes_of_all = 4096 * 1024
    assert seconds(FOUR_PIECES, 1, Worker(1e9, write_bytes_s=1024)) == pytest.approx(4096)
    storage = Site(4, Worker(1e9), FREE, storage_bytes_s=bytes_of_all / 50)
    assert simulate(FOUR_PIECES, storage).seconds == pytest.approx(50)
    assert simulate(FOUR_PIECES, storage).limit == "storage"


@given(
    st.floats(1, 1e5),
    st.floats(0, 10),
    st.floats(0, 10),
    st.floats(1e5, 1e12),
    st.sampled_from([0.0, 0.05]),
)
def test_simulate__more_workers_are_never_slower(
    images_s: float, publish_s: float, start_s: float, storage_bytes_s: float, jitter: float
) -> None:
    driver = Driver(plan_s=1.0, hand_s=0.01, publish_s=publish_s, seal_row_s=1e-6)
    site = Site(1, Worker(images_s, start_s=start_s), driver, storage_bytes_s, jitter)
    taken = [
        simulate(MANY_PIECES, replace(site, workers=workers)).seconds
        for workers in (1, 2, 3, 4, 8, 64)
    ]
    slowed = [more / fewer for fewer, more in pairwise(taken)]
    assert max(slowed) < 1.02


def test_simulate__too_few_pieces_for_the_workers_are_the_limit() -> None:
    course = simulate(FOUR_PIECES, Site(64, Worker(100), FREE))
    assert course.seconds == pytest.approx(1024 / 100)
    assert course.limit == "pieces"
    assert course.efficiency == pytest.approx(4 / 64)


def test_simulate__what_died_with_its_worker_is_done_again() -> None:
    site = Site(8, Worker(100, start_s=60), FREE, jitter=0.03, lifetime_s=5_000)
    course = simulate(MANY_PIECES, site)
    undisturbed = simulate(MANY_PIECES, replace(site, lifetime_s=None))
    assert course.lost > 0 == undisturbed.lost
    assert (course.images, course.pieces) == (undisturbed.images, undisturbed.pieces)
    assert course.images == MANY_PIECES.images
    assert course.seconds > undisturbed.seconds


def test_simulate__chance_hangs_on_the_seed() -> None:
    site = Site(8, Worker(100), FREE, jitter=0.05, lifetime_s=50_000)
    assert simulate(MANY_PIECES, site) == simulate(MANY_PIECES, site)
    assert simulate(MANY_PIECES, site) != simulate(MANY_PIECES, replace(site, seed=1))


def test_workloads__are_what_the_network_has() -> None:
    layers = network()
    study, of_maps = pooled(layers, 22_000_000), maps(layers, 22_000_000, share=0.5)
    assert (len(study.arrays), len(of_maps.arrays)) == (49, 4)
    stages = bytes_by_stage(layers, MAP_SIDE)
    assert sum(stage["pooled"] for stage in stages) == study.row_bytes == study.raw_bytes
    assert sum(stage["map"] for stage in stages) == of_maps.raw_bytes == 2 * of_maps.row_bytes
    # ResNet-100 has 12.1 billion multiply-adds by the count of those who published it
    assert study.flops / 2e9 == pytest.approx(12.1, abs=0.1)
    assert sum(1 for window in study.windows() for _ in study.pieces(window)) == 336


def test_pieces__are_all_images_once() -> None:
    of_maps = maps(network(), 1_000_000, share=1.0)
    assert sum(rows for window in of_maps.windows() for rows in of_maps.pieces(window)) == 10**6


def test_predict__says_what_half_and_twice_the_rate_give() -> None:
    site = Assumed(None, 1e12)
    (line,) = predict(pooled(network(), 1_000_000), FREE, site, workers=[1])
    busy_s = 1_000_000 / A100.images_s(pooled(network(), 1).flops)
    assert line["hours"] * 3600 == pytest.approx(busy_s + 20, rel=0.05)
    assert line["fast"] < line["hours"] < line["slow"]
    (measured,) = predict(pooled(network(), 1_000_000), FREE, Assumed(100.0, 1e12), workers=[1])
    assert measured["hours"] * 3600 == pytest.approx(10_000 + 20, rel=0.05)


def test_scaling__ends_where_there_are_no_more_pieces() -> None:
    study = pooled(network(), 1_000_000)
    lines = list(scaling(study, FREE, Assumed(100.0, 1e12), workers=[1, 16, 64]))
    assert [line["limit"] for line in lines] == ["workers", "workers", "pieces"]
    assert lines[1]["hours"] == pytest.approx(lines[2]["hours"], rel=0.1)


def test_arcface__utilisation_is_that_of_a_convolutional_network() -> None:
    assert A100.lowest < ARCFACE.utilisation < A100.highest
    assert ARCFACE.utilisation == pytest.approx(A100.utilisation, rel=0.05)


@pytest.mark.parametrize(("workers", "threads"), [(1, 2), (2, 1), (4, 1)])
def test_beside__more_workers_than_cores_share_them(workers: int, threads: int) -> None:
    assert threads_of(workers, cores=2) == threads
    rates = {1: 100.0, 2: 190.0}
    seconds = {(FEW, workers): 20.0, (ALL, workers): 60.0}
    found = beside(FOUR_PIECES, FREE, workers=workers, cores=2, rates=rates, seconds=seconds)
    rounds = {1: 4096 / 190, 2: 4096 / 200, 4: 4096 / 200}
    assert found.predicted_s == pytest.approx(20 + rounds[workers])
    assert found.error == pytest.approx(found.predicted_s / 60 - 1)


def test_lacking__names_what_is_not_there(tmp_path: Path) -> None:
    assert "cifar10_resnet56" in str(lacking(tmp_path))


def run(file: Path, data: Path, options: Sequence[str] = ()) -> dict[str, object]:
    small = ["--index-rows", "3000", "--jpegs", "64"]
    scale.main([*small, "--data", str(data), "--json", str(file), *options])
    found: dict[str, object] = json.loads(file.read_text())
    return found


def test_scale_benchmark__prints_and_writes_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale, "STUDY", 300_000)
    monkeypatch.setattr(scale, "BILLION", 600_000)
    written = run(tmp_path / "scale.json", tmp_path, ["--rate", "1234"])
    printed = capsys.readouterr().out
    assert "No real runs:" in printed
    assert "| images of a GPU | 1,234 images/s | given with --rate |" in printed
    assert "| maps after zstd | 1 | assumed: the real faces are not here |" in printed
    assert "| layer3 | 30 | 256 x 14 x 14 | 15,360 | 100,352 |" in printed
    assert written["runs"] == []
    assert len(written["predictions"]) == 12  # type: ignore[arg-type]
    assert written["machine"] in printed
