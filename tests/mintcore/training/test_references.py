from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_trainings import GREY, SHORT, add_images, request

from mintcore.datasets.reading import samples
from mintcore.errors import MintError
from mintcore.models.registration import add_model
from mintcore.progress import SilentReporter
from mintcore.training.ground_truth import train_model
from mintcore.training.references import (
    ReferenceRequest,
    in_half,
    settings_like,
    train_references,
)
from mintcore.training.settings import ARCFACE, IDENTITY, TrainingSettings
from store.artefacts import Card, Home

ONE_EPOCH = replace(SHORT, epochs=1)
BOTH = ("members", "external")


@pytest.fixture
def audited(home: Home) -> Home:
    train_model(home, request(settings=ONE_EPOCH), device="cpu", reporter=SilentReporter())
    return home


def references(home: Home, **given: object) -> list[Card]:
    asked = {"name": "ref", "of": "net", "pool": BOTH, "settings": ONE_EPOCH, "count": 2}
    wanted = ReferenceRequest(**(asked | given))  # type: ignore[arg-type]
    return train_references(home, wanted, device="cpu", reporter=SilentReporter())


def seen(home: Home, name: str) -> set[str]:
    ledger = pq.read_table(home.folder("models", name) / "ledger.parquet")
    return set(ledger.column("sample_id").to_pylist())


def ids(home: Home, dataset: str) -> set[str]:
    return set(samples(home, dataset).column("sample_id").to_pylist())


@given(images=st.integers(2, 500), pairs=st.integers(1, 5), seed=st.integers(0, 2**32))
def test_in_half__every_image_is_in_half_of_an_even_number(
    images: int, pairs: int, seed: int
) -> None:
    halves = np.stack([in_half(images, number, seed) for number in range(1, 2 * pairs + 1)])
    assert (halves.sum(0) == pairs).all()
    assert set(halves.sum(1)) <= {images // 2, (images + 1) // 2}


def test_in_half__pairs_are_drawn_each_by_itself() -> None:
    first, third = in_half(10_000, 1, seed=0), in_half(10_000, 3, seed=0)
    assert 0.48 < (first == third).mean() < 0.52
    assert 0.48 < (first == in_half(10_000, 1, seed=1)).mean() < 0.52


def test_train_references__share_the_pool_between_them(audited: Home) -> None:
    cards = references(audited)
    assert [card["id"] for card in cards] == ["ref-1", "ref-2"]
    first, second = seen(audited, "ref-1"), seen(audited, "ref-2")
    assert first | second == ids(audited, "members") | ids(audited, "external")
    assert not first & second
    assert first & ids(audited, "members")


def test_train_references__their_cards_say_what_they_are(audited: Home) -> None:
    _, card = references(audited, test=None)
    trained_on = card["trained_on"]
    assert trained_on["reference"] == {"of": "net", "number": 2, "halves_seed": 0}
    assert (trained_on["datasets"], trained_on["images"]) == (list(BOTH), 300)
    assert trained_on["seed"] == 2
    assert card["arch"] == audited.card("models", "net")["arch"]


def test_train_references__have_all_classes_of_the_audited_model(audited: Home) -> None:
    (card,) = references(audited, count=1)
    assert card["classes"] == audited.card("models", "net")["classes"]


def test_train_references__of_externals_alone_see_no_member(audited: Home) -> None:
    cards = references(audited, membership="external", settings=replace(ONE_EPOCH, batch_size=32))
    assert [card["trained_on"]["images"] for card in cards] == [150, 150]
    assert not (seen(audited, "ref-1") | seen(audited, "ref-2")) & ids(audited, "members")


def test_train_references__more_are_added_to_those_that_are_there(audited: Home) -> None:
    first = references(audited)
    assert references(audited, count=3)[:2] == first
    assert audited.has("models", "ref-3")


def test_train_references__other_settings_are_refused(audited: Home) -> None:
    references(audited, count=1)
    with pytest.raises(MintError, match="'ref-1' exists that was trained otherwise"):
        references(audited, settings=replace(ONE_EPOCH, seed=1))


def test_train_references__none_is_refused(audited: Home) -> None:
    with pytest.raises(MintError, match="--count is 0"):
        references(audited, count=0)


def test_train_references__half_of_one_image_is_refused(audited: Home) -> None:
    add_images(
        audited, "one", "external", images=np.zeros((1, 8, 8), np.uint8), label=np.array(["3"])
    )
    with pytest.raises(MintError, match="0 images are left to train on"):
        references(audited, pool=("one",), settings=replace(ONE_EPOCH, batch_size=1))


def test_train_references__of_a_face_model_get_its_embedding(home: Home) -> None:
    settings = replace(ONE_EPOCH, head=ARCFACE, embedding=16, learn=IDENTITY)
    train_model(home, request(settings=settings), device="cpu", reporter=SilentReporter())
    (card,) = references(home, count=1, settings=settings_like(home.card("models", "net")))
    assert (card["head"], card["embedding_size"]) == ("embedding", 16)


def test_train_references__of_a_model_that_was_trained_elsewhere(home: Home) -> None:
    card = add_model(home, "net", "mintcore:object-cnn-small", None, GREY, num_classes=10)
    assert settings_like(card) == TrainingSettings()
    assert len(references(home)) == 2


def test_train_references__run_in_the_precision_of_the_audited_model(home: Home) -> None:
    arch = "mintcore:object-cnn-small"
    add_model(home, "net", arch, None, GREY, num_classes=10, autocast="bfloat16")
    (card,) = references(home, count=1)
    assert card["autocast"] == "bfloat16"
    assert references(home, count=1) == [card]


def test_settings_like__are_those_of_the_card(audited: Home) -> None:
    assert settings_like(audited.card("models", "net")) == ONE_EPOCH
