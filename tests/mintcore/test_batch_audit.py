import pytest

from mintcore.batch_audit import BatchRequest, NewDataset, audit_batch
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


def test_audit_batch__a_new_dataset_is_registered_first(
    digits_home: Home, auditors: tuple[str, str]
) -> None:
    source = digits_home.card("datasets", "mixed")["source"]
    request = BatchRequest(auditors[:1], (), (NewDataset("brought", source),))
    (card,) = audit_batch(digits_home, request, device="cpu", reporter=SilentReporter()).cards
    assert card["dataset"] == "brought"
    assert digits_home.card("datasets", "brought")["counts"]["membership"] == {"unknown": 200}


def test_audit_batch__where_all_are_refused_it_fails_with_every_reason(digits_home: Home) -> None:
    request = BatchRequest(("nobody", "noone"), ("mixed",))
    with pytest.raises(MintError, match=r"mixed by nobody: .*mixed by noone: "):
        audit_batch(digits_home, request, device="cpu", reporter=SilentReporter())


@pytest.mark.parametrize("request_", [BatchRequest((), ("mixed",)), BatchRequest(("a",), ())])
def test_audit_batch__nothing_asked_for(digits_home: Home, request_: BatchRequest) -> None:
    with pytest.raises(MintError, match="name a dataset and an auditor"):
        audit_batch(digits_home, request_, device="cpu", reporter=SilentReporter())
