import json

import numpy as np
from small_trainings import add_images
from typer.testing import CliRunner

from mintcore.cli.program import app
from store.artefacts import Home

NET = "net --arch mintcore:object-cnn-small --size 8 --mean .3 --std .35 --batch-size 64 --epochs 1"


def mint(home: Home, words: str) -> str:
    arguments = ["model", *words.split(), "--home", str(home.path)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_train__prints_accuracies_with_their_interval(home: Home) -> None:
    text = mint(home, f"train {NET} --members members --test external")
    assert "train_accuracy" in text
    assert "on 300 images of external" in text


def test_train__json_is_the_card(home: Home) -> None:
    card = json.loads(mint(home, f"train {NET} --members members --augment flip --json"))
    assert card == home.card("models", "net")
    assert card["trained_on"]["augment"] == "flip"


def test_train__a_face_network_gets_arcface_and_identities(home: Home) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 8, 8), np.uint8)
    add_images(home, "faces", "member", images=noise, identity=np.repeat(["Ada", "Bea"], 10))
    words = "train face --arch mintcore:mobilefacenet --size 32 --members faces --epochs 1"
    card = json.loads(mint(home, f"{words} --batch-size 10 --json"))
    assert (card["trained_on"]["head"], card["trained_on"]["learn"]) == ("arcface", "identity")
    assert (card["head"], card["embedding_size"]) == ("embedding", 128)


def test_train_references__settings_are_those_of_the_audited_model(home: Home) -> None:
    mint(home, f"train {NET} --members members --augment flip")
    words = "train-references ref --of net --pool members --pool external --count 2 --epochs 2"
    cards = json.loads(mint(home, f"{words} --json"))
    assert [card["trained_on"]["augment"] for card in cards] == ["flip", "flip"]
    assert [card["trained_on"]["epochs"] for card in cards] == [2, 2]
    assert [card["trained_on"]["membership"] for card in cards] == [None, None]


def test_train_references__only_externals(home: Home) -> None:
    mint(home, f"train {NET} --members members")
    words = "train-references ref --of net --pool external --pool members --only external --count 1"
    (card,) = json.loads(mint(home, f"{words} --json"))
    assert (card["trained_on"]["membership"], card["trained_on"]["images"]) == ("external", 150)
