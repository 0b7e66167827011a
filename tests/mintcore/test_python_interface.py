"""What ``import mintcore`` gives, and the example in docs/python.md as it stands there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn

import mintcore
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import load_model
from store.artefacts import Home

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
README = PAGE.parents[1] / "README.md"
SIDES = {"seen": slice(0, 150), "unseen": slice(150, 300), "bought": slice(300, 400)}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a person who has photos and a network: small digits, and one that was not trained."""
    folder = tmp_path / "Mein Projekt für Bilder"
    images = np.round(load_digits().images * (255 / 16)).astype(np.uint8)
    for name, part in SIDES.items():
        (folder / "photos" / name).mkdir(parents=True)
        for number, image in enumerate(images[part]):
            Image.fromarray(image).save(folder / "photos" / name / f"{number}.png")
    (folder / "my_project.py").write_text(
        "import torch\ntorch.manual_seed(0)\n"
        "network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(),"
        " torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 10))\n"
    )
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("MINT_HOME", str(folder / "mint-home"))
    yield folder
    sys.modules.pop("my_project", None)


def test_example__of_the_page_runs_as_it_stands_there(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block in README.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - that is what is tested
    home, auditor, audit = names["home"], names["auditor"], names["audit"]
    assert isinstance(home, Home)
    assert isinstance(auditor, dict)
    assert isinstance(audit, dict)
    said = capsys.readouterr().out
    assert said.startswith(audit["verdict"])
    assert [card["id"] for card in home.cards("auditors")] == [auditor["id"]]
    assert audit == home.card("audits", audit["id"])
    again = mintcore.audit_image(home, auditor["id"], project / "photos" / "seen" / "0.png")
    pixels = np.asarray(Image.open(project / "photos" / "seen" / "0.png").convert("RGB"))
    assert again["name"] == "0.png"
    assert again["registered_as"] == "member"
    assert mintcore.audit_image(home, auditor["id"], pixels)["score"] == again["score"]
    cards = mintcore.sweep_layers(
        home, "mine", members="seen", external="unseen", layers="output", kinds=["vanilla"]
    )
    assert cards == [auditor]
    assert mintcore.open_home() == Home(project / "mint-home")


def test_names__are_all_there_typed_and_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert set(mintcore.__all__) <= set(dir(mintcore))
    for name in mintcore.__all__:
        assert getattr(mintcore, name).__name__ == name
        assert f"`{name}" in page or f"`mintcore.{name}" in page
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        _ = mintcore.fly  # type: ignore[attr-defined]
    assert (Path(mintcore.__file__).parent / "py.typed").is_file()


def test_import__brings_nothing_but_itself() -> None:
    known = "sys.stdlib_module_names - {'__main__'}"
    code = f"import sys, mintcore; print({{n.split('.')[0] for n in sys.modules}} - {known})"
    command = [sys.executable, "-S", "-c", code]
    environment = os.environ | {"PYTHONPATH": str(PAGE.parents[1])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'mintcore'}"


def test_add_module__runs_later_as_the_module_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 3), nn.Dropout(0.5)).train()
    home, seen_as = Home(tmp_path), Preprocessing((2, 2), (0.5,) * 3, (0.5,) * 3)
    card = mintcore.add_module(home, "net", module, seen_as, classes=["a", "b", "c"])
    assert card["made_from"] == {
        "program": "a module in memory, torch.nn.modules.container.Sequential"
    }
    assert module.training
    assert mintcore.add_module(home, "net", module, seen_as, classes=["a", "b", "c"]) == card
    images = torch.rand(5, 3, 2, 2)
    expected = module.eval()(images)
    assert torch.allclose(load_model(home, "net").module(images), expected, atol=1e-6)


def test_add_module__what_cannot_be_exported_is_one_sentence(tmp_path: Path) -> None:
    class Branching(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images[:, 0] if images.sum() > 0 else images[:, 1]

    seen_as = Preprocessing((2, 2), (0.5,) * 3, (0.5,) * 3)
    with pytest.raises(
        mintcore.MintError, match="The module Branching cannot be exported"
    ) as caught:
        mintcore.add_module(Home(tmp_path), "net", Branching(), seen_as)
    assert "\n" not in str(caught.value)
