import io
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mintcore.errors import MintError
from mintcore.models.architectures import build
from mintcore.models.offered import add_offered_model
from mintcore.models.preprocessing import Preprocessing
from mintcore.models.requests import ModelRequest
from mintcore.progress import SilentReporter
from mintcore.uploads import keep_for_once
from store.artefacts import Home

ARCH = "mintcore:object-cnn-small"
GREY = Preprocessing((16, 16), (0.5,), (0.25,))


class Harmful:
    """Writes a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.file,)  # type: ignore[return-value]


def state(classes: int = 4) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return build(ARCH, num_classes=classes, in_channels=1).state_dict()


def request(file: Path, arch: str = ARCH, **others: object) -> ModelRequest:
    return ModelRequest("net", arch, str(file), GREY, uploaded_as="my net.pt", **others)  # type: ignore[arg-type]


def uploaded(home: Home, content: bytes, suffix: str = ".pt") -> Path:
    return keep_for_once(home, io.BytesIO(content), suffix)


def checkpoint(content: object) -> bytes:
    saved = io.BytesIO()
    torch.save(content, saved)
    return saved.getvalue()


def test_add_offered_model__an_upload_is_registered_and_not_kept(tmp_path: Path) -> None:
    home = Home(tmp_path)
    file = uploaded(home, checkpoint({"state_dict": state()}))
    classes = ("a", "b", "c", "d")
    card = add_offered_model(home, request(file, classes=classes), reporter=SilentReporter())
    assert (card["num_classes"], card["classes"]) == (4, list(classes))
    assert card["made_from"] == {"weights": "my net.pt"}
    assert list((tmp_path / "uploads").iterdir()) == []


def test_add_offered_model__a_file_below_an_allowed_root_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINT_DATA_ROOTS", str(tmp_path / "work"))
    file = tmp_path / "work" / "net.safetensors"
    file.parent.mkdir()
    save_file(state(), file)
    asked = ModelRequest("net", ARCH, str(file), GREY)
    card = add_offered_model(Home(tmp_path / "home"), asked, reporter=SilentReporter())
    assert card["made_from"] == {"weights": str(file)}
    assert file.exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (checkpoint(state())[:500], "my net.pt is not a readable torch checkpoint"),
        (b"hello", "my net.pt is not a torch checkpoint"),
        (checkpoint({"epoch": 3}), "my net.pt holds no state dict"),
        (checkpoint(state() | {"block1.0.weight": torch.zeros(1)}), "do not fit the architecture"),
    ],
)
def test_add_offered_model__what_is_wrong_is_one_sentence_and_the_upload_goes(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    home = Home(tmp_path)
    with pytest.raises(MintError, match=sentence) as caught:
        add_offered_model(home, request(uploaded(home, content)), reporter=SilentReporter())
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "uploads").iterdir()) == []
    assert not home.has("models", "net")


@pytest.mark.parametrize("write", [pickle.dumps, checkpoint])
def test_add_offered_model__a_pickle_is_never_executed(tmp_path: Path, write: object) -> None:
    home, touched = Home(tmp_path / "home"), tmp_path / "touched"
    file = uploaded(home, write({"weight": Harmful(touched)}))  # type: ignore[operator]
    with pytest.raises(MintError, match="holds more than tensors, and its code is never run"):
        add_offered_model(home, request(file), reporter=SilentReporter())
    assert not touched.exists()


@pytest.mark.parametrize("arch", ["os:getcwd", "export:net.pt2", "timm:nothing"])
def test_add_offered_model__code_is_refused_by_the_engine(tmp_path: Path, arch: str) -> None:
    home = Home(tmp_path)
    file = uploaded(home, checkpoint(state()))
    with pytest.raises(MintError, match="none of the architectures"):
        add_offered_model(home, request(file, arch), reporter=SilentReporter())


def test_add_offered_model__no_other_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.safetensors"
    save_file(state(), file)
    with pytest.raises(MintError, match="below none of the folders"):
        add_offered_model(Home(tmp_path / "home"), request(file), reporter=SilentReporter())


def test_add_offered_model__a_killed_process_keeps_the_upload_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    home = Home(tmp_path)
    file = uploaded(home, checkpoint(state()))
    with monkeypatch.context() as patched:
        patched.setattr("mintcore.models.offered.add_model", die)
        with pytest.raises(Killed):
            add_offered_model(home, request(file), reporter=SilentReporter())
    assert add_offered_model(home, request(file), reporter=SilentReporter())["id"] == "net"
