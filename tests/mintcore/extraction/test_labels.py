import pytest

from mintcore.errors import MintError
from mintcore.extraction.labels import class_indices

NUMBERED = {"id": "net", "num_classes": 10}
NAMED = NUMBERED | {"num_classes": 2, "classes": ["cat", "dog"]}
TRAINED = NUMBERED | {"num_classes": 2, "trained_on": {"classes": ["7", "3"]}}


@pytest.mark.parametrize(
    ("card", "label", "number"), [(NUMBERED, "3", 3), (NAMED, "dog", 1), (TRAINED, "3", 1)]
)
def test_class_indices__by_the_models_own_names(card: dict, label: str, number: int) -> None:  # type: ignore[type-arg]
    assert class_indices(card, {"a": label}) == {"a": number}


def test_class_indices__a_missing_label_is_named() -> None:
    with pytest.raises(MintError, match=r"1 of 2 images have no label \(for example b\)"):
        class_indices(NUMBERED, {"a": "1", "b": None})


def test_class_indices__a_label_that_is_no_class_is_named() -> None:
    with pytest.raises(MintError, match="no class 'cow'"):
        class_indices(NAMED, {"a": "cow", "b": "cat"})
