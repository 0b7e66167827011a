import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

from mintcore.cli.program import app
from mintcore.errors import MintError
from mintcore.faces.pairs import Pair
from mintcore.faces.similarity import embed, verify_pairs
from mintcore.models.audited import AuditedModel
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from store.artefacts import Home

GREY = Preprocessing((2, 2), (0.0,), (1.0,))


class Corners(nn.Module):
    """Its embedding is the upper left and the lower left pixel."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, :, 0]


def test_embed__image_then_mirror_image_at_length_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", images=np.array([[[255, 0], [0, 255]]], np.uint8))
    model = AuditedModel({"id": "corners"}, Corners(), GREY)
    found = embed(model, {"a": f"{tmp_path / 'f.npz'}#0"}, SilentReporter())
    # left column (1, 0); left column of the mirror image (0, 1)
    assert found["a"] == pytest.approx(np.array([1, 0, 0, 1]) / np.sqrt(2))


def test_verify_pairs__one_fold_is_refused_before_images_are_looked_for() -> None:
    model = AuditedModel({"id": "corners"}, Corners(), GREY)
    pairs = [Pair("a", "b", True, 0), Pair("a", "c", False, 0)]
    with pytest.raises(MintError, match="two folds or more"):
        verify_pairs(model, "gone", pairs, SilentReporter())


DATA = Path(__file__).parents[4] / "shared" / "data"
WEIGHTS = DATA / "weights" / "mobilefacenet_casia_xiaoccer.safetensors"
FOLDS, EACH = 10, 10
MOBILEFACENET = Preprocessing((112, 96), (0.5,) * 3, (128 / 255,) * 3)


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside the repository")
def test_pairs__public_mobilefacenet_verifies_faces(tmp_path: Path) -> None:
    lines = first_pairs()
    (tmp_path / "pairs.txt").write_text("\n".join([f"{FOLDS}\t{EACH}", *lines]))
    save_faces(tmp_path / "faces.npz", lines)
    home = tmp_path / "home"
    card = add_model(Home(home), "mfn", "mintcore:mobilefacenet", WEIGHTS, MOBILEFACENET)
    assert (card["parameters"], card["head"], card["embedding_size"]) == (
        999_552,
        "embedding",
        128,
    )
    words = f"model pairs mfn --images arrays:{tmp_path}/faces.npz --pairs {tmp_path}/pairs.txt"
    result = CliRunner().invoke(app, [*words.split(), "--home", str(home), "--json"])
    found = json.loads(result.stdout)
    # 98.9% over all 6,000 pairs; 200 pairs have a standard error of 0.7 points.
    assert found["pairs"] == FOLDS * EACH * 2
    assert found["accuracy"] > 0.97
    assert found["auc"] > 0.99


def first_pairs() -> list[str]:
    """Take the first few pairs of each kind from each fold."""
    lines = (DATA / "lfw112" / "pairs.txt").read_text().splitlines()[1:]
    kinds = [lines[start : start + 300] for start in range(0, len(lines), 300)]
    return [line for kind in kinds for line in kind[:EACH]]


def save_faces(file: Path, lines: list[str]) -> None:
    """Cut the faces of pairs out of the mosaics of 50 x 50."""
    words = [line.split() for line in lines]
    wanted = {f"{word[0]}_{int(number):04d}" for word in words for number in word[1:2]}
    wanted |= {f"{word[-2] if len(word) == 4 else word[0]}_{int(word[-1]):04d}" for word in words}
    names = (DATA / "lfw112" / "names.txt").read_text().split()
    images, found = [], []
    for mosaic in range(6):
        with Image.open(DATA / "lfw112" / f"faces_{mosaic + 1}.jpg") as opened:
            pixels = np.asarray(opened.convert("RGB"))
        for place, name in enumerate(names[mosaic * 2500 : (mosaic + 1) * 2500]):
            if name in wanted:
                top, left = place // 50 * 112, place % 50 * 112
                images.append(pixels[top : top + 112, left : left + 112])
                found.append(name)
    np.savez(file, images=np.stack(images), name=np.array(found))
