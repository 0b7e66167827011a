import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.cluster.devices import Devices, divide
from mintcore.cluster.places import Place, place
from mintcore.errors import MintError


@pytest.mark.parametrize(
    ("device", "cluster", "resources", "divided"),
    [
        ("auto", "head:6379", {"CPU": 64, "GPU": 8}, Devices(8, 1, 8)),
        ("cuda", "local", {"CPU": 16, "GPU": 2}, Devices(2, 1, 8)),
        ("auto", "local:2", {"CPU": 16, "GPU": 4}, Devices(2, 1, 8)),
        ("auto", "local:9", {"CPU": 16, "GPU": 4}, Devices(4, 1, 4)),
        ("cpu", "head:6379", {"CPU": 64, "GPU": 8}, Devices(64, 0, 1)),
        ("auto", "local", {"CPU": 2}, Devices(2, 0, 1)),
        ("cpu", "local:1", {"CPU": 2}, Devices(1, 0, 2)),
        ("cpu", "local:4", {"CPU": 4}, Devices(4, 0, 1)),
    ],
)
def test_divide__a_device_each(
    device: str, cluster: str, resources: dict[str, float], divided: Devices
) -> None:
    assert divide(resources, place(device, cluster)) == divided


@given(
    cores=st.integers(1, 512),
    gpus=st.integers(0, 64),
    workers=st.integers(1, 64),
    device=st.sampled_from(["auto", "cpu"]),
)
def test_divide__gives_no_more_than_there_is(
    cores: int, gpus: int, workers: int, device: str
) -> None:
    available = max(cores, workers)  # a machine's processors are counted as no fewer
    divided = divide({"CPU": available, "GPU": gpus}, Place(device, f"local:{workers}"))
    assert 1 <= divided.workers <= workers
    assert divided.workers * divided.gpus <= gpus
    assert divided.workers * divided.threads <= available


def test_divide__what_is_not_there() -> None:
    with pytest.raises(MintError, match=r"head:6379 has no GPU\. Use --device cpu"):
        divide({"CPU": 4}, place("cuda", "head:6379"))
    with pytest.raises(MintError, match="has no processors"):
        divide({"GPU": 1}, place("auto", "head:6379"))
