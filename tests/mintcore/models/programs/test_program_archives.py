"""Files of torch.export that are refused, and what never happens when one is read."""

import contextlib
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exported_nets import PREPROCESSING, Net, exported, module_of
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.programs.archive import read_archive
from mintcore.models.registration import add_model
from store.artefacts import Home


class Ratio(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + torch.linalg.matrix_norm(x).mean() + torch.erfinv(x).mean()


class Two(Net):
    def forward(self, x: Tensor) -> Any:
        y = super().forward(x)
        return y, y + 1


@pytest.mark.parametrize(
    ("make", "options", "reason"),
    [
        (Net, {"dynamic_shapes": None}, "exported for batches of exactly 2 images: export it with"),
        (Two, {}, "returns something else than one tensor"),
        (Ratio, {}, r"uses torch\.ops\.aten\.\w+\.\w+, which is not among the operations"),
    ],
)
def test_read_archive__what_cannot_be_audited_is_said(
    tmp_path: Path, make: Callable[[], nn.Module], options: dict[str, Any], reason: str
) -> None:
    file = exported(make().eval(), tmp_path / "x.pt2", **options)
    with pytest.raises(MintError, match=reason):
        read_archive(file)


def test_read_archive__program_in_training_mode_is_refused(tmp_path: Path) -> None:
    file = exported(Net().train(), tmp_path / "x.pt2")
    with pytest.raises(MintError, match=r"in training mode: .*model\.eval\(\)"):
        read_archive(file)


class Standardised(nn.Module):
    """Standardises its weights by a batch norm without statistics, as NFNets do."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5, 768))

    def forward(self, x: Tensor) -> Tensor:
        weight = nn.functional.batch_norm(self.weight[None], None, None, training=True)
        return nn.functional.linear(x.flatten(1), weight[0])


def test_read_archive__norm_of_weights_is_not_training(tmp_path: Path) -> None:
    net, batch = Standardised().eval(), torch.randn(3, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(module_of(exported(net, tmp_path / "x.pt2"))(batch), net(batch))


def test_add_model__other_size_than_exported_says_which(file: Path, tmp_path: Path) -> None:
    large = Preprocessing((32, 32), PREPROCESSING.mean, PREPROCESSING.std)
    with pytest.raises(MintError, match=r"16 x 16 pixels, not 3 and 32 x 32: give --size 16x16"):
        add_model(Home(tmp_path), "p", f"export:{file}", None, large)


def test_add_model__weights_beside_a_program_are_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(MintError, match="holds its weights already"):
        add_model(Home(tmp_path), "p", f"export:{file}", file, PREPROCESSING)


@pytest.mark.parametrize("content", [b"", b"rubbish" * 99])
def test_read_archive__rubbish_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pt2").write_bytes(content)
    with pytest.raises(MintError, match=r"x\.pt2 is not a readable torch\.export program"):
        read_archive(tmp_path / "x.pt2")


def test_read_archive__other_archive_is_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "x.pt2")
    with pytest.raises(MintError, match=r"does not hold one torch\.export program"):
        read_archive(tmp_path / "x.pt2")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("promised", [10_000_000, 1])
def test_read_archive__packed_archive_is_refused_before_it_is_unpacked(
    tmp_path: Path, method: int, promised: int
) -> None:
    with zipfile.ZipFile(tmp_path / "x.pt2", "w", method) as archive:
        archive.writestr("x/models/model.json", b" " * 10_000_000)
        archive.infolist()[0].file_size = promised  # as the list of entries will say
    with pytest.raises(MintError, match="is packed"):
        read_archive(tmp_path / "x.pt2")


def test_read_archive__damage_raises_nothing_else(file: Path, tmp_path: Path) -> None:
    whole, rng, refused = file.read_bytes(), np.random.default_rng(0), 0
    for _ in range(150):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), rng.integers(1, 6)):
            content[place] = rng.integers(256)
        (tmp_path / "x.pt2").write_bytes(content)
        try:
            read_archive(tmp_path / "x.pt2")
        except MintError:
            refused += 1
    assert refused > 50


def test_read_archive__missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"gone\.pt2 is not a file"):
        read_archive(tmp_path / "gone.pt2")


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.marker,)


def rewritten(file: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """Write an archive anew with some of its members changed."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        for member in old.infolist():
            new.writestr(member.filename, change(member.filename, old.read(member)))
    return target


def evil_expression(marker: Path) -> Callable[[str, bytes], bytes]:
    code = f"__import__('pathlib').Path({str(marker)!r}).touch() or 2"

    def change(name: str, data: bytes) -> bytes:
        if not name.endswith("models/model.json"):
            return data
        graph = json.loads(data)
        values = graph["graph_module"]["graph"]["tensor_values"]
        for value in values.values():
            for size in value["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = code
        return json.dumps(graph).encode()

    return change


def evil_pickle(marker: Path) -> Callable[[str, bytes], bytes]:
    return lambda name, data: (
        pickle.dumps(Bomb(marker), protocol=2) if name.endswith("sample_inputs/model.pt") else data
    )


@pytest.mark.parametrize("evil", [evil_expression, evil_pickle])
def test_read_archive__code_in_a_file_does_not_run(
    net: nn.Module, file: Path, tmp_path: Path, evil: Callable[[Path], Any]
) -> None:
    changed = rewritten(file, tmp_path / "evil.pt2", evil(tmp_path / "ran"))
    batch = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(module_of(changed)(batch), net(batch), atol=1e-6)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("evil", [evil_expression, evil_pickle])
def test_read_archive__the_code_of_these_tests_runs_elsewhere(
    file: Path, tmp_path: Path, evil: Callable[[Path], Any]
) -> None:
    changed = rewritten(file, tmp_path / "evil.pt2", evil(tmp_path / "ran"))
    # what it raises after it ran the code does not matter
    with contextlib.suppress(Exception):
        torch.export.load(changed)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "target",
    [
        "torch.os.system",
        "torch.load",
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.save.default",
        "torch.ops.prim.device.default",
        "torch.ops.aten.relu.default.__class__",
        "_operator.methodcaller",
        "#evil:thing",
    ],
)
def test_read_archive__operations_that_are_not_listed_are_refused(
    file: Path, tmp_path: Path, target: str
) -> None:
    def change(name: str, data: bytes) -> bytes:
        return data.replace(b"torch.ops.aten.linear.default", target.encode())

    changed = rewritten(file, tmp_path / "evil.pt2", change)
    with pytest.raises(MintError, match="not among the operations"):
        read_archive(changed)


@pytest.mark.parametrize("cut", [4, 1, 10_000])
def test_read_archive__tensor_that_reaches_beyond_its_bytes_is_refused(
    file: Path, tmp_path: Path, cut: int
) -> None:
    def change(name: str, data: bytes) -> bytes:
        return data[:-cut] if name.endswith("weights/weight_0") else data

    changed = rewritten(file, tmp_path / "short.pt2", change)
    with pytest.raises(MintError, match=r"short\.pt2 is not a readable torch\.export program"):
        read_archive(changed)
