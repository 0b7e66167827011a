import warnings
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mintcore.errors import MintError
from mintcore.models import gradients
from mintcore.models.architectures import build
from mintcore.models.audited import AuditedModel, ready
from mintcore.models.gradients import gradient_sketches
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.sketches import CountSketch

CPU = torch.device("cpu")
WHOLE = 1000
"""More buckets than any gradient here has values: nothing collides, and a sketch is only an order."""


class Small(nn.Module):
    """A convolution, a batch norm, and a head behind control flow and a flatten."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(4 * 36, 5)

    def forward(self, images: Tensor) -> Tensor:
        x = self.norm(self.conv(images))
        x += 0.5
        x = self.relu(x)
        if x.shape[1] == 4:
            x = x.flatten(1)
        logits: Tensor = self.head(x)
        return logits


def audited(module: nn.Module, side: int, **card: str) -> AuditedModel:
    half = (0.5,) * 3
    card = {"id": "m", **card}
    return AuditedModel(card, ready(module, "cpu"), Preprocessing((side, side), half, half))


@pytest.fixture(scope="module")
def small() -> AuditedModel:
    torch.manual_seed(0)
    module = Small()
    module.norm.running_mean.copy_(torch.randn(4))
    module.norm.running_var.copy_(torch.rand(4) + 0.5)
    return audited(module, 8)


def images(count: int, side: int) -> Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(1))


def by_autograd(model: AuditedModel, image: Tensor, target: int, module: str) -> Tensor:
    """The gradient of one image's loss by the weights of a module, one row, the plain way."""
    weights = list(model.module.get_submodule(module).parameters())
    for weight in weights:
        weight.requires_grad_(True)
    try:
        loss = functional.cross_entropy(model.module(image[None]).double(), torch.tensor([target]))
        found = torch.autograd.grad(loss, weights)
    finally:
        model.module.requires_grad_(False)
    return torch.cat([gradient.flatten() for gradient in found])[None]


def check_against_autograd(model: AuditedModel, side: int, names: Sequence[str]) -> None:
    batch, targets = images(3, side), torch.tensor([1, 0, 3])
    found = gradient_sketches(model, batch, targets, names, 64)
    for name in names:
        for place in range(3):
            row = by_autograd(model, batch[place], int(targets[place]), name)
            expected = CountSketch(name, row.shape[1], 64, CPU)(row)[0]
            scale = float(expected.abs().max())
            torch.testing.assert_close(found[name][place], expected, atol=2e-5 * scale, rtol=2e-4)


def test_gradient_sketches__is_a_row_an_image(small: AuditedModel) -> None:
    found = gradient_sketches(small, images(3, 8), None, ["head", "conv"], 16)
    assert {name: (rows.shape, rows.dtype) for name, rows in found.items()} == {
        "head": ((3, 16), torch.float32),
        "conv": ((3, 16), torch.float32),
    }


def test_gradient_sketches__of_one_image_is_that_of_autograd(small: AuditedModel) -> None:
    check_against_autograd(small, 8, ["conv", "norm", "head"])


@pytest.mark.parametrize(
    ("arch", "side", "names"),
    [
        ("mintcore:resnet20-cifar", 32, ["layer3.2", "linear"]),
        ("mintcore:object-cnn-small", 32, ["block3", "dense"]),
        ("torchvision:resnet18", 32, ["layer2.1", "fc"]),
        ("torchvision:swin_t", 32, ["features.1.1", "head"]),
        ("torchvision:mobilenet_v3_small", 32, ["features.11"]),
    ],
)
def test_gradient_sketches__of_known_networks(arch: str, side: int, names: list[str]) -> None:
    torch.manual_seed(0)
    check_against_autograd(audited(build(arch, num_classes=5, in_channels=3), side), side, names)


class Attending(nn.Module):
    """One encoder layer, whose attention torch computes as one operation where it may."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head = nn.Linear(8, 5)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        logits: Tensor = self.head(self.encoder(tokens).mean(1))
        return logits


@pytest.mark.parametrize("name", ["encoder", "head"])
def test_gradient_sketches__through_attention(name: str) -> None:
    torch.manual_seed(0)
    model = audited(Attending(), 16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # such as of attention that runs image by image
        check_against_autograd(model, 16, [name])


def test_gradient_sketches__of_linear_layer_by_hand() -> None:
    model = audited(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), 2)
    batch = images(1, 2)
    residual = model.module(batch).softmax(1)[0] - torch.tensor([0.0, 1.0])
    dense = torch.cat([torch.outer(residual, batch.flatten()).flatten(), residual])[None]
    found = gradient_sketches(model, batch, torch.tensor([1]), ["1"], 4)
    torch.testing.assert_close(found["1"], CountSketch("1", 26, 4, CPU)(dense))


def test_gradient_sketches__without_targets_takes_the_prediction(small: AuditedModel) -> None:
    batch = images(4, 8)
    predicted = small.module(batch).argmax(1)
    own = gradient_sketches(small, batch, None, ["head"], 32)["head"]
    assert torch.equal(own, gradient_sketches(small, batch, predicted, ["head"], 32)["head"])


def test_gradient_sketches__do_not_hang_on_the_batch(small: AuditedModel) -> None:
    batch, targets = images(5, 8), torch.arange(5)
    together = gradient_sketches(small, batch, targets, ["conv"], 32)["conv"]
    alone = [
        gradient_sketches(small, batch[place : place + 1], targets[place : place + 1], ["conv"], 32)
        for place in range(5)
    ]
    torch.testing.assert_close(together, torch.cat([found["conv"] for found in alone]))


def test_gradient_sketches__chunks_make_no_difference(
    small: AuditedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gradient_sketches(small, images(5, 8), None, ["conv"], 32)["conv"]
    monkeypatch.setattr(gradients, "CHUNK_BYTES", 1)
    torch.testing.assert_close(
        gradient_sketches(small, images(5, 8), None, ["conv"], 32)["conv"], whole
    )


def test_gradient_sketches__are_repeatable(small: AuditedModel) -> None:
    first, second = (gradient_sketches(small, images(3, 8), None, ["conv"], 8) for _ in range(2))
    assert torch.equal(first["conv"], second["conv"])


def test_gradient_sketches__inner_products_are_those_of_gradients(small: AuditedModel) -> None:
    batch, targets = images(2, 8), torch.tensor([0, 1])
    found = gradient_sketches(small, batch, targets, ["head"], WHOLE)["head"]
    rows = [by_autograd(small, batch[place], place, "head")[0] for place in range(2)]
    torch.testing.assert_close(found[0] @ found[1], rows[0] @ rows[1])


def test_gradient_sketches__of_a_sure_model_are_not_zero() -> None:
    # The probability of class 0 is 1 - 5e-10: 1 in float32, where its gradient would be lost.
    model = audited(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), 2)
    with torch.no_grad():
        model.module.get_parameter("1.weight").zero_()
        model.module.get_parameter("1.bias").copy_(torch.tensor([21.4, 0.0]))
    found = gradient_sketches(model, torch.zeros(1, 3, 2, 2), torch.tensor([0]), ["1"], 26)["1"][0]
    sure = sorted(found.abs().tolist())[-2:]
    assert sure == pytest.approx([5.08e-10, 5.08e-10], rel=1e-2)


def test_gradient_sketches__of_output_is_that_of_the_classifier(small: AuditedModel) -> None:
    found = gradient_sketches(small, images(2, 8), None, ["output", "head"], 16)
    assert torch.equal(found["output"], found["head"])


def test_gradient_sketches__of_output_where_the_classifier_has_that_name() -> None:
    torch.manual_seed(0)
    model = audited(build("mintcore:object-cnn-small", num_classes=5, in_channels=3), 32)
    batch = images(1, 32)
    found = gradient_sketches(model, batch, torch.tensor([2]), ["output"], 64)["output"]
    row = by_autograd(model, batch[0], 2, "output")
    torch.testing.assert_close(found, CountSketch("output", row.shape[1], 64, CPU)(row))


def test_gradient_sketches__inside_inference_mode(small: AuditedModel) -> None:
    outside = gradient_sketches(small, images(2, 8), None, ["head"], 16)["head"]
    with torch.inference_mode():
        inside = gradient_sketches(small, images(2, 8), None, ["head"], 16)["head"]
    assert torch.equal(inside, outside)


def test_gradient_sketches__of_a_model_in_lower_precision_are_in_full(small: AuditedModel) -> None:
    torch.manual_seed(0)
    module = Small()
    module.load_state_dict(small.module.state_dict())
    half = (0.5,) * 3
    card = {"id": "m", "autocast": "bfloat16"}
    lower = AuditedModel(card, ready(module, "cpu", "bfloat16"), Preprocessing((8, 8), half, half))
    found = gradient_sketches(lower, images(2, 8), torch.tensor([0, 1]), ["conv"], 16)
    full = gradient_sketches(small, images(2, 8), torch.tensor([0, 1]), ["conv"], 16)
    torch.testing.assert_close(found, full)
    assert lower.module(images(2, 8)).dtype == torch.bfloat16


def test_gradient_sketches__leave_no_gradients_behind(small: AuditedModel) -> None:
    gradient_sketches(small, images(2, 8), None, ["head"], 16)
    left = [weight for weight in small.module.parameters() if weight.requires_grad or weight.grad]
    assert left == []


@pytest.mark.parametrize("name", ["relu", "input"])
def test_gradient_sketches__layer_without_weights_is_refused(
    small: AuditedModel, name: str
) -> None:
    with pytest.raises(MintError, match=f"'{name}' has no weights"):
        gradient_sketches(small, images(1, 8), None, [name], 16)


def test_gradient_sketches__unknown_layer_suggests_near_ones(small: AuditedModel) -> None:
    with pytest.raises(MintError, match="no layer 'heed': did you mean head"):
        gradient_sketches(small, images(1, 8), None, ["heed"], 16)


@pytest.mark.parametrize("target", [-1, 5])
def test_gradient_sketches__target_that_is_no_class_is_refused(
    small: AuditedModel, target: int
) -> None:
    with pytest.raises(
        MintError, match=f"label {target} is no class of m, whose classes are 0 to 4"
    ):
        gradient_sketches(small, images(2, 8), torch.tensor([0, target]), ["head"], 16)


def test_gradient_sketches__model_without_classes_is_refused() -> None:
    face = audited(Small(), 8, head="embedding")
    with pytest.raises(MintError, match="no logits of classes"):
        gradient_sketches(face, images(1, 8), None, ["head"], 16)
