import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mintcore.datasets.offered import DatasetRequest, add_offered_dataset
from mintcore.datasets.reading import samples
from mintcore.errors import MintError
from mintcore.progress import SilentReporter
from mintcore.uploads import keep_for_once, keep_upload
from store.artefacts import Card, Home

NAMES = [f"{number}.png" for number in range(3)]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An allowed root with a folder of three images; another image lies outside."""
    root = tmp_path.resolve() / "root"
    (root / "set").mkdir(parents=True)
    for number, name in enumerate([*NAMES, "../../outside.png"]):
        pixels = np.full((4, 4, 3), number * 40, np.uint8)
        Image.fromarray(pixels).save(root / "set" / name)
    monkeypatch.setenv("MINT_DATA_ROOTS", str(root))
    return root


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def add(home: Home, source: str, membership: str = "member", **others: str) -> Card:
    asked = DatasetRequest("set", source, membership, **others)
    return add_offered_dataset(home, asked, reporter=SilentReporter())


def table(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def uris(home: Home) -> list[str]:
    return list(samples(home, "set").column("uri").to_pylist())


def uploaded_files(home: Home) -> list[Path]:
    return sorted((home.path / "uploads").iterdir())


def test_add_offered_dataset__a_folder_below_a_root(home: Home, root: Path) -> None:
    assert add(home, f"folder:{root / 'set'}", "external")["counts"]["membership"] == {
        "external": 3
    }


def test_add_offered_dataset__an_uploaded_zip_is_kept(home: Home, root: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(root / "set" / "0.png", "cat/0.png")
    file = keep_upload(home, packed)
    assert add(home, f"zip:{file}", "unknown")["counts"]["total"] == 1
    assert file.exists()


def test_add_offered_dataset__a_manifest_below_a_root(home: Home, root: Path) -> None:
    rows = [{"path": f"set/{name}", "in": str(number % 2)} for number, name in enumerate(NAMES)]
    (root / "list.csv").write_bytes(table(rows))
    card = add(home, f"manifest:{root / 'list.csv'}", "column:in")
    assert card["counts"]["membership"] == {"external": 2, "member": 1}
    assert uris(home) == [f"{root}/set/{name}" for name in NAMES]


@pytest.mark.parametrize("column", ["path", "uri"])
def test_add_offered_dataset__an_uploaded_manifest_starts_from_its_root(
    home: Home, root: Path, column: str
) -> None:
    rows = [{"label": name[0], column: f"set/{name}"} for name in NAMES]
    rows[0][column] = str(root / "set" / NAMES[0])
    file = keep_for_once(home, io.BytesIO(table(rows)), ".csv")
    card = add(home, f"manifest:{file}", root=str(root), uploaded_as="list.csv")
    assert uris(home) == [f"{root}/set/{name}" for name in NAMES]
    assert card["counts"]["labels"] == 3
    (kept,) = uploaded_files(home)
    assert card["source"] == f"manifest:{kept}"


def test_add_offered_dataset__an_uploaded_parquet_manifest(home: Home, root: Path) -> None:
    written = io.BytesIO()
    pq.write_table(pa.table({"path": [f"set/{name}" for name in NAMES], "in": [1, 0, 1]}), written)
    file = keep_for_once(home, written, ".parquet")
    card = add(home, f"manifest:{file}", "column:in", root=str(root))
    assert card["counts"]["membership"] == {"external": 1, "member": 2}


@pytest.mark.parametrize(
    "path", ["../outside.png", "/etc/passwd", "set/../../outside.png", "link.png"]
)
@pytest.mark.parametrize("uploaded", [True, False])
def test_add_offered_dataset__a_manifest_leads_nowhere_else(
    home: Home, root: Path, path: str, uploaded: bool
) -> None:
    (root / "link.png").symlink_to(root.parent / "outside.png")
    content = table([{"path": "set/0.png"}, {"path": path}])
    if uploaded:
        file = keep_for_once(home, io.BytesIO(content), ".csv")
    else:
        file = root / "list.csv"
        file.write_bytes(content)
    with pytest.raises(MintError, match="which lies below none of the folders"):
        add(home, f"manifest:{file}", root=str(root))
    assert not home.has("datasets", "set")
    assert not uploaded or uploaded_files(home) == []


@pytest.mark.parametrize(
    ("source", "membership", "sentence"),
    [
        ("arrays:{root}/x.npz", "member", "cannot be registered from the browser"),
        ("torchvision:CIFAR10:train:{root}", "member", "cannot be registered from the browser"),
        ("folder:{root}/..", "member", "below none of the folders"),
        ("folder:/etc", "member", "below none of the folders"),
        ("zip:/etc/passwd", "member", "below none of the folders"),
        ("folder:{root}/set", "ledger:/etc/passwd", "reads a file that the browser cannot choose"),
        ("folder:{root}/set", "perhaps", "is not a membership"),
        ("folder:{root}/gone", "member", "is not there any more"),
    ],
)
def test_add_offered_dataset__nothing_else_is_read(
    home: Home, root: Path, source: str, membership: str, sentence: str
) -> None:
    with pytest.raises(MintError, match=sentence):
        add(home, source.format(root=root), membership)
    assert not home.has("datasets", "set")


def test_add_offered_dataset__a_link_in_a_folder_leads_nowhere_else(home: Home, root: Path) -> None:
    (root / "set" / "link.png").symlink_to(root.parent / "outside.png")
    with pytest.raises(MintError, match=r"link\.png, which lies below none .* through a link"):
        add(home, f"folder:{root / 'set'}")
    assert not home.has("datasets", "set")


def test_add_offered_dataset__an_upload_must_start_from_an_allowed_root(
    home: Home, root: Path
) -> None:
    file = keep_for_once(home, io.BytesIO(table([{"path": "passwd"}])), ".csv")
    with pytest.raises(MintError, match="is no folder that the browser may read below"):
        add(home, f"manifest:{file}", root="/etc")


def test_add_offered_dataset__errors_name_the_upload_as_the_person_does(
    home: Home, root: Path
) -> None:
    file = keep_for_once(home, io.BytesIO(table([{"image": "x"}])), ".csv")
    with pytest.raises(MintError, match=r"^my list.csv has no column 'path' or 'uri'"):
        add(home, f"manifest:{file}", root=str(root), uploaded_as="my list.csv")
