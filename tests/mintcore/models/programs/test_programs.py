"""Programs of torch.export: what they compute, what can be tapped, and what is refused."""

import contextlib
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.audited import ready
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.programs.archive import read_archive
from mintcore.models.programs.fresh import fresh_copy
from mintcore.models.programs.module import ProgramModule
from mintcore.models.registration import add_model, fresh_twin, load_model
from mintcore.models.suggestions import suggest
from mintcore.models.taps import tap
from mintcore.models.tracing import trace
from store.artefacts import Home

PREPROCESSING = Preprocessing((16, 16), (0.5,) * 3, (0.25,) * 3)
DYNAMIC = ({0: torch.export.Dim.DYNAMIC},)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.bn = nn.BatchNorm2d(4)
        self.act = nn.PReLU(4)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.act(self.bn(self.conv(x)))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2)
        self.relu = nn.ReLU(inplace=True)
        self.blocks = nn.Sequential(Block(), Block())
        self.scale = nn.Parameter(torch.rand(1, 4, 1, 1))
        self.register_buffer("shift", torch.rand(1, 4, 1, 1))
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.relu(self.stem(x))) * self.scale + self.shift
        # its size in the graph is a computed number
        return self.fc(x.flatten(2).mean(2).reshape(x.shape[0], -1))


def trained() -> nn.Module:
    torch.manual_seed(0)
    net = Net()
    net(torch.randn(8, 3, 16, 16))  # moves the statistics of the norms
    return net.eval()


def exported(net: nn.Module, file: Path, *, decomposed: bool = False, **options: Any) -> Path:
    options = {"dynamic_shapes": DYNAMIC} | options
    program = torch.export.export(net, (torch.zeros(2, 3, 16, 16),), **options)
    torch.export.save(program.run_decompositions() if decomposed else program, file)
    return file


@pytest.fixture(scope="module")
def net() -> nn.Module:
    return trained()


@pytest.fixture(scope="module")
def file(net: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(net, tmp_path_factory.mktemp("program") / "net.pt2")


def module_of(file: Path) -> ProgramModule:
    module = ProgramModule(*read_archive(file))
    ready(module, "cpu")
    return module


@pytest.mark.parametrize("images", [1, 5])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_program__computes_what_the_model_computes(
    net: nn.Module, file: Path, images: int, layout: torch.memory_format
) -> None:
    batch = torch.randn(images, 3, 16, 16).contiguous(memory_format=layout)
    with torch.no_grad():
        assert torch.allclose(module_of(file)(batch), net(batch), atol=1e-6)


def test_program__decomposed_to_core_operations_computes_the_same(
    net: nn.Module, tmp_path: Path
) -> None:
    batch = torch.randn(3, 3, 16, 16)
    program = module_of(exported(net, tmp_path / "core.pt2", decomposed=True))
    with torch.no_grad():
        assert torch.allclose(program(batch), net(batch), atol=1e-6)


def test_program__weights_have_the_names_of_the_model(net: nn.Module, file: Path) -> None:
    program = module_of(file)
    weights = net.state_dict()
    assert set(program.state_dict()) == set(weights)
    assert {name for name, _ in program.named_parameters()} == {
        name for name, _ in net.named_parameters()
    }
    assert torch.equal(
        program.state_dict()["blocks.1.bn.running_var"], weights["blocks.1.bn.running_var"]
    )


def test_program__layers_are_those_of_the_model(file: Path) -> None:
    of_program = trace(module_of(file), (3, 16, 16))
    of_model = trace(ready(trained(), "cpu"), (3, 16, 16))
    assert [(c.layer.name, c.layer.shape) for c in of_program] == [
        (c.layer.name, c.layer.shape) for c in of_model
    ]
    assert [layer.name for layer in suggest(module_of(file), of_program)] == [
        "input",
        "relu",
        "blocks.0",
        "blocks.1",
        "output",
    ]


@pytest.fixture(scope="module")
def home(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    add_model(home, "p", f"export:{file}", None, PREPROCESSING, classes=list("abcde"))
    return home


def test_add_model__card_of_a_program(home: Home, file: Path) -> None:
    card = home.card("models", "p")
    assert (card["arch"], card["num_classes"], card["classes"]) == (
        "export:net.pt2",
        5,
        list("abcde"),
    )
    assert card["made_from"] == {"program": str(file)}
    assert card["parameters"] == sum(p.numel() for p in trained().parameters())


def test_load_model__program_is_kept_in_the_home_folder(
    home: Home, net: nn.Module, tmp_path: Path
) -> None:
    assert {path.name for path in home.folder("models", "p").iterdir()} == {
        "card.json",
        "program.json",
        "weights.safetensors",
    }
    batch = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(load_model(home, "p").module(batch), net(batch), atol=1e-6)


def test_add_model__program_is_part_of_the_fingerprint(home: Home, tmp_path: Path) -> None:
    class Other(Net):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * super().forward(x)

    other = Other().eval()
    other.load_state_dict(trained().state_dict())
    file = exported(other, tmp_path / "net.pt2")
    card = add_model(home, "other", f"export:{file}", None, PREPROCESSING)
    assert card["arch"] == home.card("models", "p")["arch"]
    assert card["fingerprint"] != home.card("models", "p")["fingerprint"]


def test_add_model__same_program_from_another_file_is_the_same(home: Home, tmp_path: Path) -> None:
    file = exported(trained(), tmp_path / "again.pt2")
    card = add_model(home, "again", f"export:{file}", None, PREPROCESSING)
    assert card["fingerprint"] == home.card("models", "p")["fingerprint"]


def test_tap__block_of_a_program(home: Home, net: nn.Module) -> None:
    batch = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        expected = net.get_submodule("blocks.0")(torch.relu(net.get_submodule("stem")(batch)))
    found = tap(load_model(home, "p"), batch, ["blocks.0", "stem"])
    assert torch.allclose(found["blocks.0"], expected, atol=1e-6)
    # before the activation that works in place
    assert found["stem"].min() < 0


def test_fresh_twin__parameters_are_drawn_and_norms_settled(home: Home) -> None:
    model = load_model(home, "p")
    twin = fresh_twin(model, 4)
    old, new = model.module.state_dict(), twin.module.state_dict()
    for name in (
        "stem.weight",
        "blocks.0.conv.bias",
        "blocks.1.bn.running_mean",
        "scale",
        "fc.weight",
    ):
        assert not torch.equal(old[name], new[name]), name
    assert torch.equal(old["shift"], new["shift"])
    assert torch.equal(new["blocks.0.bn.weight"], torch.ones(4))
    assert torch.equal(new["blocks.0.act.weight"], torch.full((4,), 0.25))
    assert twin.fingerprint == fresh_twin(model, 4).fingerprint != fresh_twin(model, 5).fingerprint


def test_fresh_twin__takes_nothing_from_the_statistics_of_the_trained(home: Home) -> None:
    model = load_model(home, "p")
    moved = load_model(home, "p")
    for name, buffer in moved.module.named_buffers():
        if "running" in name:
            buffer.fill_(9)
    assert fresh_twin(model, 4).fingerprint == fresh_twin(moved, 4).fingerprint


def test_fresh_twin__of_a_decomposed_program_settles_its_norms(tmp_path: Path) -> None:
    file = exported(trained(), tmp_path / "core.pt2", decomposed=True)
    add_model(Home(tmp_path / "home"), "p", f"export:{file}", None, PREPROCESSING)
    model = load_model(Home(tmp_path / "home"), "p")
    name = "blocks.1.bn.running_mean"
    twin = fresh_twin(model, 0)
    assert not torch.equal(twin.module.get_buffer(name), model.module.get_buffer(name))


def test_fresh_copy__weights_kept_as_constants_are_refused(tmp_path: Path) -> None:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("weight", torch.randn(5, 768))
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.linear(x.flatten(1), self.weight) * self.scale

    module = module_of(exported(Frozen().eval(), tmp_path / "f.pt2"))
    with pytest.raises(MintError, match=r"keeps weights as constants \(weight\)"):
        fresh_copy(module, 0)


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
