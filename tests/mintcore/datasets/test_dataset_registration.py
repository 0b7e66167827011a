import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from mintcore.datasets.perceptual import look_of
from mintcore.datasets.reading import read_pixels, samples, samples_with_looks
from mintcore.datasets.registration import add_dataset
from mintcore.errors import CancelledError, MintError
from mintcore.images import image_id
from mintcore.progress import SilentReporter
from store.artefacts import Home, write_card

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def arrays(tmp_path: Path) -> str:
    np.savez(
        tmp_path / "a.npz",
        images=PIXELS,
        label=np.arange(6),
        split=np.array(["train"] * 4 + ["test"] * 2),
        used=np.array([1, 1, 0, 0, 1, 0]),
    )
    return f"arrays:{tmp_path / 'a.npz'}"


class Recording(SilentReporter):
    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.steps = 0
        self.lines: list[str] = []

    def stage(self, name: str, total: int) -> None:
        self.stages.append((name, total))

    def advance(self, steps: int = 1) -> None:
        self.steps += steps

    def log(self, line: str) -> None:
        self.lines.append(line)


def test_add_dataset__samples_are_in_the_order_of_the_source(home: Home, arrays: str) -> None:
    add_dataset(home, "d", arrays, "member")
    table = samples(home, "d")
    assert table.column("sample_id").to_pylist() == [image_id(pixels) for pixels in PIXELS]
    assert table.column("label").to_pylist() == list("012345")


def test_add_dataset__order_is_kept_over_many_chunks(home: Home, tmp_path: Path) -> None:
    many = np.random.default_rng(1).integers(0, 256, (1500, 4, 4), np.uint8)
    np.savez(tmp_path / "many.npz", images=many)
    add_dataset(home, "d", f"arrays:{tmp_path / 'many.npz'}", "member")
    uris = samples(home, "d").column("uri").to_pylist()
    assert uris == [f"{tmp_path}/many.npz#{index}" for index in range(1500)]


def test_add_dataset__card_says_what_was_asked_and_counts(home: Home, arrays: str) -> None:
    card = add_dataset(home, "d", arrays, "column:used", where={"split": "train"}, limit=3)
    assert {key: card[key] for key in ("source", "membership", "where", "limit")} == {
        "source": arrays,
        "membership": "column:used",
        "where": {"split": "train"},
        "limit": 3,
    }
    assert card["counts"]["total"] == 3
    assert card["counts"]["membership"] == {"member": 2, "external": 1}


def test_add_dataset__where_is_applied_before_limit(home: Home, arrays: str) -> None:
    add_dataset(home, "d", arrays, "unknown", where={"split": "test"}, limit=1)
    assert samples(home, "d").column("label").to_pylist() == ["4"]


def test_add_dataset__unreadable_files_are_kept_with_the_reason(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(PIXELS[0]).save(folder / "good.png")
    (folder / "bad.png").write_bytes(b"no image")
    card = add_dataset(home, "d", f"folder:{folder}", "member")
    bad, good = samples(home, "d", status=None).to_pylist()
    assert (bad["status"], good["status"]) == ("unreadable", "ok")
    assert "bad.png cannot be read" in bad["reason"]
    assert good["reason"] is None
    assert card["counts"]["status"] == {"ok": 1, "unreadable": 1}


def test_add_dataset__same_picture_in_png_and_npz_is_one_sample(
    home: Home, arrays: str, tmp_path: Path
) -> None:
    (tmp_path / "png").mkdir()
    Image.fromarray(PIXELS[2]).save(tmp_path / "png" / "x.png")
    add_dataset(home, "npz", arrays, "member")
    add_dataset(home, "png", f"folder:{tmp_path / 'png'}", "external")
    assert samples(home, "png")["sample_id"][0] == samples(home, "npz")["sample_id"][2]


def test_add_dataset__again_is_reused(home: Home, arrays: str) -> None:
    first = add_dataset(home, "d", arrays, "member")
    reporter = Recording()
    assert add_dataset(home, "d", arrays, "member", reporter=reporter) == first
    assert "registered before" in reporter.lines[-1]


def test_add_dataset__other_membership_under_the_same_name_is_refused(
    home: Home, arrays: str
) -> None:
    add_dataset(home, "d", arrays, "member")
    with pytest.raises(MintError, match="with other settings: choose another name"):
        add_dataset(home, "d", arrays, "external")


def test_add_dataset__changed_images_under_the_same_name_are_refused(
    home: Home, arrays: str, tmp_path: Path
) -> None:
    first = add_dataset(home, "d", arrays, "member")
    np.savez(tmp_path / "a.npz", images=255 - PIXELS, label=np.arange(6))
    with pytest.raises(MintError, match="exists with other images"):
        add_dataset(home, "d", arrays, "member")
    assert home.card("datasets", "d") == first


def test_add_dataset__fingerprint_depends_on_labels(home: Home, tmp_path: Path) -> None:
    for name, labels in (("x", [0, 1]), ("y", [1, 0])):
        np.savez(tmp_path / f"{name}.npz", images=PIXELS[:2], label=labels)
        add_dataset(home, name, f"arrays:{tmp_path}/{name}.npz", "member")
    assert home.card("datasets", "x")["fingerprint"] != home.card("datasets", "y")["fingerprint"]


def test_add_dataset__nothing_left_is_an_error(home: Home, arrays: str) -> None:
    with pytest.raises(MintError, match="has no images that match"):
        add_dataset(home, "d", arrays, "member", where={"split": "validation"})
    assert not home.has("datasets", "d")


def test_add_dataset__unknown_where_column_lists_the_columns(home: Home, arrays: str) -> None:
    with pytest.raises(MintError, match=r"no column 'splot': .* label, split, used"):
        add_dataset(home, "d", arrays, "member", where={"splot": "train"})


def test_add_dataset__limit_below_one_is_refused(home: Home, arrays: str) -> None:
    with pytest.raises(MintError, match="limit of 0"):
        add_dataset(home, "d", arrays, "member", limit=0)


def test_add_dataset__bad_membership_value_is_found_before_decoding(
    home: Home, arrays: str
) -> None:
    reporter = Recording()
    with pytest.raises(MintError, match="has the value 'train' for"):
        add_dataset(home, "d", arrays, "column:split", reporter=reporter)
    assert reporter.stages == []


def test_add_dataset__progress_reaches_the_total(home: Home, arrays: str) -> None:
    reporter = Recording()
    add_dataset(home, "d", arrays, "member", reporter=reporter)
    assert reporter.stages == [("Reading d", 6)]
    assert reporter.steps == 6


def test_add_dataset__repeated_images_are_said(home: Home, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=PIXELS[[0, 1, 0]])
    reporter = Recording()
    card = add_dataset(home, "d", f"arrays:{tmp_path}/a.npz", "member", reporter=reporter)
    assert card["counts"]["duplicates"] == 1
    assert reporter.lines == ["d: 1 images repeat an earlier one, and count once."]


def test_add_dataset__cancelled_leaves_nothing(home: Home, arrays: str) -> None:
    class Cancelling(SilentReporter):
        def advance(self, steps: int = 1) -> None:
            raise CancelledError

    with pytest.raises(CancelledError):
        add_dataset(home, "d", arrays, "member", reporter=Cancelling())
    assert not home.has("datasets", "d")


def test_read_pixels__both_kinds_of_uri(tmp_path: Path, arrays: str) -> None:
    Image.fromarray(PIXELS[1]).save(tmp_path / "x.png")
    assert read_pixels(str(tmp_path / "x.png")).tolist() == PIXELS[1].tolist()
    assert read_pixels(f"{tmp_path}/a.npz#1").tolist() == PIXELS[1].tolist()


@pytest.mark.parametrize("name", ["gone.png", "gone.npz#0"])
def test_read_pixels__file_that_is_gone_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(MintError, match=name.partition("#")[0]):
        read_pixels(f"{tmp_path}/{name}")


def test_add_dataset__size_and_look_are_kept(home: Home, tmp_path: Path) -> None:
    wide = np.random.default_rng(2).integers(0, 256, (2, 6, 10, 3), np.uint8)
    wide[1] = 7
    np.savez(tmp_path / "wide.npz", images=wide)
    add_dataset(home, "d", f"arrays:{tmp_path}/wide.npz", "member")
    varied, flat = samples_with_looks(home, "d").to_pylist()
    look = look_of(wide[0])
    assert look is not None
    assert (varied["width"], varied["height"]) == (10, 6)
    assert (varied["perceptual"], varied["spectrum"]) == (look.perceptual, look.spectrum)
    assert (flat["width"], flat["perceptual"], flat["spectrum"]) == (10, None, None)


def test_add_dataset__unreadable_image_has_no_size(home: Home, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "bad.png").write_bytes(b"no image")
    add_dataset(home, "d", f"folder:{tmp_path / 'x'}", "member")
    (row,) = samples(home, "d", status=None).to_pylist()
    assert (row["width"], row["perceptual"]) == (None, None)


def test_add_dataset__fingerprint_is_that_of_earlier_versions(home: Home, tmp_path: Path) -> None:
    np.savez(tmp_path / "n.npz", images=np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3))
    card = add_dataset(home, "d", f"arrays:{tmp_path}/n.npz", "member")
    line = json.dumps(
        [samples(home, "d")["sample_id"][0].as_py(), "member", None, None, None, "ok"]
    )
    expected = hashlib.blake2b(line.encode() + b"\n", digest_size=16).hexdigest()
    assert card["fingerprint"] == expected


def test_add_dataset__ledger_makes_members_by_content_and_by_name(
    home: Home, arrays: str, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.txt"
    ledger.write_text(f"{image_id(PIXELS[1])}\na.npz#4\n")
    reporter = Recording()
    card = add_dataset(home, "d", arrays, f"ledger:{ledger}", reporter=reporter)
    members = samples(home, "d", membership="member").column("label").to_pylist()
    assert members == ["1", "4"]
    assert card["counts"]["membership"] == {"member": 2, "external": 4}
    assert card["membership"] == f"ledger:{ledger}"
    assert "2 of 6 images are among the 2 that" in reporter.lines[-1]


def test_add_dataset__ledger_of_a_model(home: Home, arrays: str) -> None:
    seen = {"sample_id": [image_id(PIXELS[0]), image_id(PIXELS[5])], "times_seen": [4, 0]}
    with home.publishing("models", "net") as folder:
        write_card(folder, "models", "net")
        pq.write_table(pa.table(seen), folder / "ledger.parquet")
    card = add_dataset(home, "d", arrays, "ledger:model:net")
    assert samples(home, "d", membership="member").column("label").to_pylist() == ["0"]
    assert card["membership"] == "ledger:model:net"


def test_add_dataset__ledger_with_an_ambiguous_name_is_refused_before_decoding(
    home: Home, tmp_path: Path
) -> None:
    for label in ("cat", "dog"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        Image.fromarray(PIXELS[0]).save(tmp_path / "pictures" / label / "1.png")
    (tmp_path / "ledger.txt").write_text("1.png")
    reporter = Recording()
    rule = f"ledger:{tmp_path / 'ledger.txt'}"
    with pytest.raises(MintError, match="names both"):
        add_dataset(home, "d", f"folder:{tmp_path / 'pictures'}", rule, reporter=reporter)
    assert reporter.stages == []
