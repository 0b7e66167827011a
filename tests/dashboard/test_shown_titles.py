from pathlib import Path

import pytest

from dashboard.titles import title
from dashboard.wording import auditor_label
from mintcore.titles import rename
from store.artefacts import Home, write_card

AUDITOR = {
    "id": "net.a",
    "model": "net",
    "layer": "block1",
    "auditor_kind": "vanilla",
    "view": "pooled",
    "tier": "strong",
    "made_from": {"members": {"dataset": "in"}, "external": {"dataset": "out"}},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("MINT_HOME", str(tmp_path))
    for kind, name in (("models", "net"), ("auditors", "net.a")):
        with Home(tmp_path).publishing(kind, name) as folder:  # type: ignore[arg-type]
            write_card(folder, kind, name)  # type: ignore[arg-type]
    return Home(tmp_path)


def test_title__the_id_stands_beside_it(home: Home) -> None:
    assert title("models", "net") == "net"
    rename(home, "models", "net", "ResNet of the archive")
    assert title("models", "net") == "ResNet of the archive (net)"


def test_auditor_label__begins_with_the_title(home: Home) -> None:
    label = "net, block1, vanilla (in against out, strong)"
    assert auditor_label(AUDITOR) == label
    rename(home, "auditors", "net.a", "For the report")
    assert auditor_label(AUDITOR) == f"For the report: {label}"
