from pathlib import Path

import pytest
from PIL import Image

from mintcore.batch_audit import BatchRequest, NewDataset, audit_batch
from mintcore.datasets.reading import read_pixels, samples
from mintcore.errors import MintError
from mintcore.progress import SilentReporter
from store.artefacts import Home


@pytest.fixture
def auditors(digits_home: Home) -> tuple[str, str]:
    """The auditors of two layers."""
    cards = digits_home.cards("auditors")
    first, second = [card["id"] for card in cards if card["auditor_kind"] == "vanilla"]
    return first, second


class Log(SilentReporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, line: str) -> None:
        self.lines.append(line)


def test_audit_batch__each_dataset_with_each_auditor(
    digits_home: Home, auditors: tuple[str, str]
) -> None:
    request = BatchRequest(auditors, ("mixed",))
    batch = audit_batch(digits_home, request, device="cpu", reporter=SilentReporter())
    assert [(card["auditor"], card["dataset"]) for card in batch.cards] == [
        (auditor, "mixed") for auditor in auditors
    ]
    assert batch.refused == []


def test_audit_batch__one_that_is_refused_is_named_and_the_others_are_made(
    digits_home: Home, auditors: tuple[str, str]
) -> None:
    log = Log()
    request = BatchRequest(auditors[:1], ("external", "mixed"))
    batch = audit_batch(digits_home, request, device="cpu", reporter=log)
    assert [card["dataset"] for card in batch.cards] == ["mixed"]
    (refused,) = batch.refused
    assert refused.startswith(f"external by {auditors[0]}: Only 0 externals")
    assert refused in log.lines


@pytest.fixture
def folder(digits_home: Home, tmp_path: Path) -> Path:
    """Images of the dataset mixed as files."""
    folder = tmp_path.resolve() / "root" / "set"
    folder.mkdir(parents=True)
    for number, uri in enumerate(samples(digits_home, "mixed").column("uri").to_pylist()):
        Image.fromarray(read_pixels(uri)).save(folder / f"{number}.png")
    return folder


def test_audit_batch__a_new_dataset_is_registered_first(
    digits_home: Home,
    auditors: tuple[str, str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MINT_DATA_ROOTS", str(folder.parent))
    request = BatchRequest(auditors[:1], (), (NewDataset("brought", f"folder:{folder}"),))
    (card,) = audit_batch(digits_home, request, device="cpu", reporter=SilentReporter()).cards
    assert card["dataset"] == "brought"
    assert digits_home.card("datasets", "brought")["counts"]["membership"] == {"unknown": 200}


@pytest.mark.parametrize(
    ("roots", "source", "sentence"),
    [
        ("", "folder:{folder}", "lies below none of the folders that MINT_DATA_ROOTS names"),
        ("{folder}", "folder:{folder}/..", "lies below none of the folders"),
        ("{folder}", "folder:/etc", "lies below none of the folders"),
        ("{folder}", "zip:/etc/passwd", "lies below none of the folders"),
        ("{folder}", "arrays:{folder}/x.npz", "cannot be registered from the browser"),
        ("{folder}", "torchvision:MNIST:test:{folder}", "cannot be registered from the browser"),
    ],
)
def test_audit_batch__the_engine_asks_again_whether_a_browser_may_read_what_is_new(
    digits_home: Home,
    folder: Path,
    *,
    monkeypatch: pytest.MonkeyPatch,
    roots: str,
    source: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("MINT_DATA_ROOTS", roots.format(folder=folder))
    new = NewDataset("brought", source.format(folder=folder))
    with pytest.raises(MintError, match=sentence):
        audit_batch(
            digits_home, BatchRequest(("any",), (), (new,)), device="cpu", reporter=SilentReporter()
        )
    assert not digits_home.has("datasets", "brought")


def test_audit_batch__where_all_are_refused_it_fails_with_every_reason(digits_home: Home) -> None:
    request = BatchRequest(("nobody", "noone"), ("mixed",))
    with pytest.raises(MintError, match=r"mixed by nobody: .*mixed by noone: "):
        audit_batch(digits_home, request, device="cpu", reporter=SilentReporter())


@pytest.mark.parametrize("request_", [BatchRequest((), ("mixed",)), BatchRequest(("a",), ())])
def test_audit_batch__nothing_asked_for(digits_home: Home, request_: BatchRequest) -> None:
    with pytest.raises(MintError, match="name a dataset and an auditor"):
        audit_batch(digits_home, request_, device="cpu", reporter=SilentReporter())
