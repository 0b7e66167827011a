"""Programs of torch.export: what they compute, what can be tapped, and their untrained twins."""

import re
from pathlib import Path

import pytest
import torch
from exported_nets import PREPROCESSING, Net, exported, module_of, trained
from torch import Tensor, nn

from mintcore.errors import MintError
from mintcore.models.audited import ready
from mintcore.models.programs.fresh import fresh_copy
from mintcore.models.registration import add_model, fresh_twin, load_model
from mintcore.models.suggestions import suggest
from mintcore.models.taps import tap
from mintcore.models.tracing import trace
from store.artefacts import Home


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


def test_docs__example_makes_a_program_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[4] / "docs" / "bring-your-own-model.md").read_text()
    (example,) = [text for text in re.findall(r"```python\n(.*?)```", page, re.S) if ".pt2" in text]
    monkeypatch.chdir(tmp_path)
    exec(example, {"model": Net()})  # noqa: S102 - the project's own page
    assert module_of(tmp_path / "net.pt2")(torch.zeros(5, 3, 32, 32)).shape == (5, 5)


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
