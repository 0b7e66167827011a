import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.cluster.places import SPREAD, Place, described, parse_place, place, place_of_jobs
from mintcore.devices import choose_device
from mintcore.errors import MintError
from mintcore.jobs.kinds import KINDS


@pytest.mark.parametrize(
    ("cluster", "local", "workers"),
    [
        ("local", True, None),
        ("local:4", True, 4),
        ("auto", False, None),
        ("10.0.0.1:6379", False, None),
        ("head.example:6379", False, None),
        ("ray://head:10001", False, None),
        ("[::1]:6379", False, None),
    ],
)
def test_place__clusters(cluster: str, local: bool, workers: int | None) -> None:
    found = place("cpu", cluster)
    assert (found.local, found.workers) == (local, workers)
    assert parse_place(str(found)) == found


@pytest.mark.parametrize(
    "cluster", ["local:0", "local:x", "somewhere", "a b:1", "x:1; rm", "@", "local:99999"]
)
def test_place__no_cluster(cluster: str) -> None:
    with pytest.raises(MintError, match="is no place: give local, local:N"):
        place("auto", cluster)


def test_place__one_gpu_for_all_workers() -> None:
    with pytest.raises(MintError, match=r"cuda:1 is one GPU, .* use --device cuda\.$"):
        place("cuda:1", "local:2")
    assert place("cuda:1", None) == parse_place("cuda:1") == Place("cuda:1")


def test_choose_device__of_the_machine_that_spreads_work() -> None:
    assert str(choose_device("cpu@local:2")) == "cpu"
    assert choose_device("cuda@head:6379") == choose_device("auto")


@given(st.sampled_from(["auto", "cpu", "cuda"]), st.none() | st.integers(1, 9999))
def test_place__is_read_as_it_was_written(device: str, workers: int | None) -> None:
    for found in (Place(device), Place(device, f"local:{workers}" if workers else "local")):
        assert parse_place(str(found)) == found


def test_place_of_jobs__follows_the_setting_where_work_can_be_spread() -> None:
    setting = {"MINT_RAY": "local:2"}
    assert {kind for kind in KINDS if place_of_jobs(kind, setting).cluster} == SPREAD
    assert place_of_jobs("sweep", {}) == place_of_jobs("sweep", {"MINT_RAY": ""}) == Place("auto")


def test_described__for_a_person() -> None:
    assert described("cpu") == "cpu"
    assert described("auto@local:2") == "auto, spread over local:2"
