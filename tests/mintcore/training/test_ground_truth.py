from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from small_trainings import GREY, SHORT, add_images, request
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.errors import MintError
from mintcore.models.architectures import build
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.registration import load_model
from mintcore.progress import SilentReporter
from mintcore.training.accuracy import accuracy_on
from mintcore.training.ground_truth import train_model
from mintcore.training.requests import TrainingRequest
from mintcore.training.settings import ARCFACE, IDENTITY, SGD, SOFTMAX, TrainingSettings
from store.artefacts import Card, Home, write_card
from store.digests import digest_file


def train(home: Home, asked: TrainingRequest | None = None) -> Card:
    return train_model(home, asked or request(), device="cpu", reporter=SilentReporter())


def trained_plainly(home: Home, seed: int) -> nn.Module:
    """The same training as a loop of a few lines, with torch's own loader."""
    table = samples(home, "members", membership="member")
    images = torch.from_numpy(
        np.stack([read_pixels(uri)[:, :, 0] for uri in table.column("uri").to_pylist()])
    )
    labels = torch.tensor([int(label) for label in table.column("label").to_pylist()])
    torch.manual_seed(seed)
    network = build("mintcore:object-cnn-small", num_classes=10, in_channels=1).train()
    loader = DataLoader(TensorDataset(images[:, None], labels), 64, shuffle=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, 4e-3, total_steps=SHORT.epochs * len(loader)
    )
    for _ in range(SHORT.epochs):
        for pixels, targets in loader:
            loss = nn.functional.cross_entropy(network((pixels / 255 - 0.3) / 0.35), targets)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network


def test_train_model__is_the_plain_loop_bit_by_bit(home: Home) -> None:
    train(home, request(settings=replace(SHORT, seed=3)))
    weights = load_file(home.folder("models", "net") / "weights.safetensors")
    with torch.random.fork_rng():
        expected = trained_plainly(home, seed=3).state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in expected.items())


def test_train_model__learns(home: Home) -> None:
    card = train(home, request(settings=replace(SHORT, epochs=12, dropout=0.0), test="external"))
    test = card["trained_on"]["test"]
    low, high = test["accuracy_ci"]
    assert test["images"] == 300
    assert 0.9 < test["accuracy"] == test["right"] / 300
    assert low < test["accuracy"] < high
    found = accuracy_on(home, load_model(home, "net"), "external", card["classes"])
    assert found.right == test["right"]


def test_train_model__sgd_learns(home: Home) -> None:
    usual = TrainingSettings(epochs=12, batch_size=64, learning_rate=0.05, dropout=0.0)
    card = train(home, request(settings=usual, test="external"))
    assert usual.optimiser == SGD
    assert card["trained_on"]["test"]["accuracy"] > 0.9


def test_train_model__records_what_it_saw(home: Home) -> None:
    card = train(home, request(settings=replace(SHORT, label_noise=0.3)))
    trained_on = card["trained_on"]
    file = home.folder("models", "net") / "ledger.parquet"
    ledger = pq.read_table(file)
    table = samples(home, "members")
    assert trained_on["ledger"] == digest_file(file)
    assert trained_on["datasets"] == ["members"]
    assert trained_on["fingerprints"] == [home.card("datasets", "members")["fingerprint"]]
    assert (trained_on["images"], trained_on["wrong_labels"], trained_on["epochs"]) == (300, 90, 2)
    assert ledger.column("sample_id").to_pylist() == table.column("sample_id").to_pylist()
    assert set(ledger.column("times_seen").to_pylist()) == {2}
    labels, trained_as = table.column("label").to_pylist(), ledger.column("trained_as").to_pylist()
    assert sum(a != b for a, b in zip(labels, trained_as, strict=True)) == 90


def test_train_model__the_ledger_says_who_was_a_member(home: Home) -> None:
    train(home)
    everything = np.concatenate(
        [
            np.load(home.path.parent / "arrays" / f"{name}.npz")["images"]
            for name in ("members", "external")
        ]
    )
    np.savez(home.path.parent / "all.npz", images=everything)
    card = add_dataset(home, "all", f"arrays:{home.path.parent / 'all.npz'}", "ledger:model:net")
    assert card["counts"]["membership"] == {"external": 300, "member": 300}


def test_train_model__history_has_a_line_an_epoch(home: Home) -> None:
    card = train(home)
    rows = pq.read_table(home.folder("models", "net") / "history.parquet").to_pylist()
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[1]["train_loss"] < rows[0]["train_loss"]
    assert rows[1]["train_accuracy"] == card["trained_on"]["train_accuracy"]


def test_train_model__the_last_image_alone_joins_the_batch_before(home: Home) -> None:
    train(home, request(settings=replace(SHORT, batch_size=299)))
    ledger = pq.read_table(home.folder("models", "net") / "ledger.parquet")
    assert set(ledger.column("times_seen").to_pylist()) == {2}


def test_train_model__an_image_of_two_datasets_is_seen_once(home: Home) -> None:
    arrays = np.load(home.path.parent / "arrays" / "members.npz")
    add_images(home, "again", "member", images=arrays["images"][:50], label=arrays["label"][:50])
    card = train(home, request(datasets=("members", "again")))
    assert card["trained_on"]["images"] == 300


@pytest.mark.parametrize("augment", ["none", "crop-flip"])
def test_train_model__is_reproducible(home: Home, augment: str) -> None:
    settings = replace(SHORT, augment=augment, dropout=0.2)
    cards = [train(home, request(name, settings)) for name in ("one", "two")]
    assert cards[0]["fingerprint"] == cards[1]["fingerprint"]


def test_train_model__leaves_the_random_state_alone(home: Home) -> None:
    before = torch.get_rng_state()
    train(home)
    assert torch.equal(torch.get_rng_state(), before)


def test_train_model__the_same_training_is_reused_and_another_refused(home: Home) -> None:
    first = train(home)
    assert train(home) == first
    for settings in (replace(SHORT, label_noise=0.1), replace(SHORT, augment="flip")):
        with pytest.raises(MintError, match="was trained otherwise"):
            train(home, request(settings=settings))


def test_train_model__a_model_of_an_earlier_version_is_reused(home: Home) -> None:
    card = train(home, request(settings=replace(SHORT, dropout=0.0)))
    new = ("optimiser", "weight_decay", "label_smoothing", "augment", "head", "embedding", "learn")
    fields = {key: card[key] for key in card if key not in ("id", "kind", "format", "digest")}
    old = {key: value for key, value in card["trained_on"].items() if key not in new}
    write_card(home.folder("models", "net"), "models", "net", **{**fields, "trained_on": old})
    assert train(home, request(settings=replace(SHORT, dropout=0.0)))["trained_on"] == old


@pytest.mark.parametrize("head", [SOFTMAX, ARCFACE])
def test_train_model__a_head_makes_it_an_embedding(home: Home, head: str) -> None:
    settings = replace(SHORT, epochs=12, dropout=0.0, head=head, embedding=32, learn=IDENTITY)
    card = train(home, request(settings=settings, test="external"))
    model = load_model(home, "net")
    assert (card["head"], card["num_classes"], card["embedding_size"]) == ("embedding", None, 32)
    assert card["trained_on"]["identities"] == 10
    assert card["trained_on"]["test"]["accuracy"] > 0.8
    assert model.module(torch.zeros(2, *GREY.shape)).shape == (2, 32)
    assert load_file(home.folder("models", "net") / "head.safetensors")["weight"].shape == (10, 32)


FACE = replace(SHORT, head=ARCFACE, learn=IDENTITY)


def face_request(settings: TrainingSettings) -> TrainingRequest:
    size = Preprocessing((32, 32), (0.5,), (0.5,))
    return replace(request(settings=settings, arch="mintcore:mobilefacenet"), preprocessing=size)


def test_train_model__an_embedding_that_the_network_does_not_give_is_refused(home: Home) -> None:
    with pytest.raises(MintError, match="gives an embedding of 128 numbers, not 64"):
        train(home, face_request(replace(FACE, embedding=64)))


def test_train_model__batch_norm_of_one_image_is_one_sentence(home: Home) -> None:
    with pytest.raises(MintError, match=r"cannot be trained on 1 images at once .*--batch-size"):
        train(home, face_request(replace(FACE, batch_size=1)))


def test_train_model__the_head_is_no_part_of_the_fingerprint(home: Home) -> None:
    train(home, request(settings=replace(SHORT, head=ARCFACE, embedding=32)))
    weights = load_file(home.folder("models", "net") / "weights.safetensors")
    plain = build("mintcore:object-cnn-small", num_classes=32, in_channels=1)
    assert weights.keys() == plain.state_dict().keys()


def test_train_model__test_images_that_are_trained_on_are_refused(home: Home) -> None:
    with pytest.raises(MintError, match="300 images of members are among those to train on"):
        train(home, request(test="members"))


def test_train_model__images_of_other_classes_cannot_be_tested_on(home: Home) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8)
    add_images(home, "noise", "external", images=noise, label=np.full(20, "noise"))
    with pytest.raises(MintError, match="No image of noise has a label that is among the 10"):
        train(home, request(test="noise"))


def test_train_model__one_class_is_refused(home: Home) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 8, 8), np.uint8)
    add_images(home, "noise", "member", images=noise, label=np.full(80, "noise"))
    with pytest.raises(MintError, match="All 80 images of noise have the label 'noise'"):
        train(home, request(datasets=("noise",)))


@pytest.mark.parametrize("learn", ["label", "identity"])
def test_train_model__images_without_classes_are_refused(home: Home, learn: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 8, 8), np.uint8)
    add_images(home, "noise", "member", images=noise)
    with pytest.raises(MintError, match=f"80 of 80 images of noise have no {learn} to learn"):
        train(home, request(settings=replace(SHORT, learn=learn), datasets=("noise",)))


def test_train_model__externals_are_no_members(home: Home) -> None:
    with pytest.raises(MintError, match="external has no readable image of membership 'member'"):
        train(home, request(datasets=("external",)))


def test_train_model__fewer_images_than_a_batch_are_refused(home: Home) -> None:
    with pytest.raises(MintError, match="300 images do not fill one batch of 512"):
        train(home, request(settings=replace(SHORT, batch_size=512)))


def test_train_model__an_unknown_architecture_is_refused(home: Home) -> None:
    with pytest.raises(MintError, match="Did you mean mintcore:object-cnn"):
        train(home, request(arch="mintcore:object-cmn"))


def test_train_model__a_loss_that_is_not_finite_stops_it(home: Home) -> None:
    with pytest.raises(MintError, match="The loss is not finite any more in epoch 1"):
        train(home, request(settings=replace(SHORT, optimiser=SGD, learning_rate=1e20)))
    assert not home.has("models", "net")


def test_train_model__dropout_without_dropout_layers_is_refused(home: Home) -> None:
    asked = request(arch="mintcore:resnet20-cifar", settings=replace(SHORT, dropout=0.5))
    with pytest.raises(MintError, match="no dropout layers"):
        train(home, asked)


def test_train_model__a_network_of_other_outputs_is_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wide_net.py").write_text(
        "from torch import nn\n\n\ndef make():\n    return nn.Sequential(nn.Flatten(), nn.Linear(64, 7))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MintError, match="gives 7 numbers an image, but there are 10 classes"):
        train(home, request(arch="wide_net:make", allow_code=True))


def test_train_model__a_changed_image_is_refused(home: Home) -> None:
    file = home.path.parent / "arrays" / "members.npz"
    arrays = dict(np.load(file))
    np.savez(file, **(arrays | {"images": 255 - arrays["images"]}))
    with pytest.raises(MintError, match="is not the image that was registered"):
        train(home)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("head", [None, ARCFACE])
def test_train_model__learns_on_a_gpu(home: Home, head: str | None) -> None:
    asked = request(settings=replace(SHORT, epochs=12, dropout=0.0, head=head), test="external")
    card = train_model(home, asked, device="cuda", reporter=SilentReporter())
    assert card["trained_on"]["test"]["accuracy"] > 0.8
    assert card["trained_on"]["precision"] in ("bfloat16", "float16")
