import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_trainings import add_images

from mintcore.datasets.reading import samples
from mintcore.errors import MintError
from mintcore.training.examples import (
    Examples,
    known_examples,
    load_examples,
    with_label_noise,
)
from store.artefacts import Home


def test_load_examples__classes_are_in_order_of_their_names(home: Home) -> None:
    examples = load_examples(home, ["members"], "member", "label")
    labels = samples(home, "members").column("label").to_pylist()
    assert examples.class_names == [str(digit) for digit in range(10)]
    assert [examples.class_names[number] for number in examples.classes] == labels


def test_load_examples__all_memberships_in_the_order_of_the_datasets(home: Home) -> None:
    examples = load_examples(home, ["external", "members"], None, "label")
    first = samples(home, "external").column("sample_id").to_pylist()
    assert len(examples) == 600
    assert examples.sample_ids.to_pylist()[:300] == first


def test_load_examples__a_stranger_to_given_classes_is_refused(home: Home) -> None:
    with pytest.raises(MintError, match="The label '9' is none of the 9 classes of the model"):
        load_examples(home, ["members"], "member", "label", [str(digit) for digit in range(9)])


def test_known_examples__strangers_are_left_out(home: Home) -> None:
    labels = samples(home, "external").column("label").to_pylist()
    examples = known_examples(home, "external", "label", ["3", "5"])
    assert len(examples) == labels.count("3") + labels.count("5")
    assert set(examples.classes) == {0, 1}


def test_known_examples__images_without_a_class_are_left_out(home: Home) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (4, 8, 8), np.uint8)
    add_images(home, "some", "external", images=noise, identity=np.array(["a", "b", "a", "b"]))
    with pytest.raises(MintError, match="No image of some has a label"):
        known_examples(home, "some", "label", ["a", "b"])
    assert len(known_examples(home, "some", "identity", ["a", "c"])) == 2


@given(
    count=st.integers(1, 200),
    kinds=st.integers(2, 5),
    share=st.floats(0, 1),
    seed=st.integers(0, 2**32),
)
def test_with_label_noise__that_share_gets_another_class(
    count: int, kinds: int, share: float, seed: int
) -> None:
    names = [f"class {number}" for number in range(kinds)]
    examples = Examples(None, None, np.arange(count) % kinds, names)
    noisy = with_label_noise(examples, share, seed)
    assert (noisy.classes != examples.classes).sum() == round(share * count)
    assert set(noisy.classes) <= set(range(kinds))
