import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.weights import apply_weights, load_weights

STATE = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}


@pytest.mark.parametrize("key", [None, "state_dict", "model", "net_state_dict"])
def test_load_weights__checkpoint_bare_or_under_a_known_key(
    tmp_path: Path, key: str | None
) -> None:
    torch.save(STATE if key is None else {key: STATE, "epoch": 7}, tmp_path / "w.pth")
    assert load_weights(tmp_path / "w.pth")["weight"].tolist() == [[1.0, 2.0]]


def test_load_weights__safetensors(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "w.safetensors")
    assert load_weights(tmp_path / "w.safetensors")["bias"].tolist() == [3.0]


def test_load_weights__prefix_of_data_parallel_is_removed(tmp_path: Path) -> None:
    torch.save({f"module.{key}": tensor for key, tensor in STATE.items()}, tmp_path / "w.pth")
    assert set(load_weights(tmp_path / "w.pth")) == {"weight", "bias"}


def test_load_weights__prefix_of_only_some_names_stays(tmp_path: Path) -> None:
    torch.save({"module.a": STATE["bias"], "b": STATE["bias"]}, tmp_path / "w.pth")
    assert set(load_weights(tmp_path / "w.pth")) == {"module.a", "b"}


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.marker,)


def test_load_weights__code_in_a_checkpoint_does_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    torch.save({"state_dict": STATE, "extra": Bomb(marker)}, tmp_path / "w.pth")
    with pytest.raises(MintError, match=r"its code is never run: .* save its state_dict"):
        load_weights(tmp_path / "w.pth")
    assert not marker.exists()


def test_load_weights__code_in_a_bare_pickle_does_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (tmp_path / "w.pkl").write_bytes(pickle.dumps(Bomb(marker), protocol=2))
    with pytest.raises(MintError):
        load_weights(tmp_path / "w.pkl")
    assert not marker.exists()


def test_load_weights__archive_that_unpacks_to_more_than_it_is(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(2**20)}, tmp_path / "w.pt")
    with (
        zipfile.ZipFile(tmp_path / "w.pt") as plain,
        zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for entry in plain.infolist():
            packed.writestr(entry.filename, plain.read(entry))
    assert torch.load(tmp_path / "packed.pt", weights_only=True)["w"].numel() == 2**20
    with pytest.raises(MintError, match="is packed, as torch"):
        load_weights(tmp_path / "packed.pt")


@pytest.mark.filterwarnings("ignore:Validating sparse tensor invariants")
@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(10**6, 10**6),
        torch.zeros(1).expand(3),
        torch.zeros(2, 2).to_sparse().sparse_resize_((10**6, 10**6), 2, 0),
        torch.empty((10**6, 10**6), device="meta"),
    ],
)
def test_load_weights__a_few_bytes_that_stand_for_terabytes(tmp_path: Path, tensor: Tensor) -> None:
    torch.save({"fc.weight": tensor}, tmp_path / "w.pt")
    with pytest.raises(MintError, match=r"^fc\.weight in .* repeats its values"):
        load_weights(tmp_path / "w.pt")


def test_load_weights__tensors_that_share_their_values_are_taken(tmp_path: Path) -> None:
    shared = torch.arange(4.0)
    torch.save({"a": shared, "b": shared[1:], "c": shared.view(2, 2).T}, tmp_path / "w.pt")
    assert load_weights(tmp_path / "w.pt")["b"].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("kind", ["zip", "old", "safetensors"])
def test_load_weights__damage_raises_nothing_else(tmp_path: Path, kind: str) -> None:
    file = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pt")
    if kind == "safetensors":
        save_file(STATE, file)
    else:
        torch.save(STATE, file, _use_new_zipfile_serialization=kind == "zip")
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            content[place] = rng.integers(256)
        file.write_bytes(content)
        try:
            load_weights(file)
        except MintError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("name", ["a\ud800", "a\0b", "x" * 10_000, "a\u202eb"])
def test_apply_weights__names_in_a_sentence_can_be_seen(name: str) -> None:
    with pytest.raises(MintError, match="1 unexpected, first") as raised:
        apply_weights(nn.Linear(2, 1), {**STATE, name: STATE["bias"]})
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 400


def test_load_weights__the_bomb_of_these_tests_is_a_real_one(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "ran")))  # noqa: S301 - made two words earlier
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_load_weights__rubbish_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"rubbish" * 100)
    with pytest.raises(MintError, match=name):
        load_weights(tmp_path / name)


@pytest.mark.parametrize(
    "content", [b"", b"<!DOCTYPE html>404", b"version https://git-lfs.github.com/spec/v1"]
)
def test_load_weights__what_is_no_pickle_is_not_taken_for_code(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(MintError, match=r"w\.pth is not a torch checkpoint: get it again"):
        load_weights(tmp_path / "w.pth")


def test_load_weights__safetensors_under_another_ending_says_which(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "w.pt")
    with pytest.raises(MintError, match=r"give a safetensors file the ending \.safetensors"):
        load_weights(tmp_path / "w.pt")


@pytest.mark.filterwarnings("ignore")
def test_load_weights__torchscript_says_how_to_convert(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(nn.Linear(2, 1)), str(tmp_path / "w.pt"))  # type: ignore[no-untyped-call]
    with pytest.raises(MintError, match=r"is a TorchScript program, which holds code: load it"):
        load_weights(tmp_path / "w.pt")


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_load_weights__truncated_file_is_refused(tmp_path: Path, name: str) -> None:
    save = torch.save if name.endswith("pth") else save_file
    save({"weight": torch.zeros(1000)}, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MintError, match="get it again"):
        load_weights(tmp_path / name)


def test_load_weights__missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"gone\.pth is not a file"):
        load_weights(tmp_path / "gone.pth")


def test_load_weights__checkpoint_without_weights_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "w.pth")
    with pytest.raises(MintError, match="holds no state dict"):
        load_weights(tmp_path / "w.pth")


def test_apply_weights__every_value_arrives() -> None:
    module = nn.Linear(2, 1)
    apply_weights(module, STATE)
    assert module(torch.tensor([[10.0, 100.0]])).item() == 213.0


def test_apply_weights__names_the_first_of_each_difference() -> None:
    weights = {"weight": torch.zeros(1, 5), "scale": torch.zeros(1)}
    with pytest.raises(MintError) as caught:
        apply_weights(nn.Linear(2, 1), weights)
    sentence = str(caught.value)
    assert "1 missing, first bias" in sentence
    assert "1 unexpected, first scale" in sentence
    assert "weight ((1, 5) in the file, (1, 2) in the model)" in sentence


@pytest.mark.parametrize(
    ("weight", "kind"),
    [
        (torch.ones(1, 2).to_sparse(), "float32, packed"),
        (torch.ones(1, 2, device="meta"), "float32, packed or without values"),
        (torch.ones(1, 2, dtype=torch.complex64), "complex64:"),
        (torch.ones(1, 2, dtype=torch.int8), "int8:"),
    ],
)
def test_apply_weights__other_than_plain_numbers_are_refused(weight: Tensor, kind: str) -> None:
    with pytest.raises(MintError, match=f"The weights hold weight as {kind}"):
        apply_weights(nn.Linear(2, 1), {**STATE, "weight": weight})


def test_apply_weights__half_precision_is_taken() -> None:
    module = nn.Linear(2, 1)
    apply_weights(module, {key: tensor.half() for key, tensor in STATE.items()})
    assert (module.weight.dtype, module.weight.tolist()) == (torch.float32, [[1.0, 2.0]])


def test_apply_weights__failure_changes_nothing() -> None:
    module = nn.Linear(2, 1)
    before = module.weight.clone()
    with pytest.raises(MintError):
        apply_weights(module, {"weight": torch.zeros(1, 2)})
    assert torch.equal(module.weight, before)


def test_apply_weights__counter_of_batches_may_be_missing() -> None:
    norm = nn.BatchNorm2d(2)
    weights = {key: tensor for key, tensor in norm.state_dict().items() if "batches" not in key}
    apply_weights(norm, {**weights, "weight": torch.tensor([4.0, 5.0])})
    assert norm.weight.tolist() == [4.0, 5.0]
