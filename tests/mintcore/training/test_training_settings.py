import pytest

from mintcore.errors import MintError
from mintcore.training.settings import TrainingSettings, value_of


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("seed", -1),
        ("label_noise", 1.5),
        ("label_smoothing", -0.1),
        ("dropout", 2.0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -1.0),
        ("optimiser", "adam"),
        ("augment", "mixup"),
        ("head", "cosface"),
        ("embedding", 0),
        ("embedding", 64),
        ("learn", "name"),
    ],
)
def test_training_settings__what_cannot_be_is_refused(setting: str, value: object) -> None:
    with pytest.raises(MintError, match=str(value)):
        TrainingSettings(**{setting: value})  # type: ignore[arg-type]


def test_training_settings__come_back_from_a_card() -> None:
    settings = TrainingSettings(epochs=7, augment="flip", dropout=0.3)
    assert TrainingSettings.of_card({"images": 3, **settings.to_json()}) == settings


def test_value_of__what_an_earlier_card_leaves_out_was_as_it_used_to_be() -> None:
    assert value_of({"epochs": 3}, "optimiser") == "adamw"
    assert value_of({"optimiser": "sgd"}, "optimiser") == "sgd"
