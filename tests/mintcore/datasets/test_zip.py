import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from archive_files import png
from hypothesis import given
from hypothesis import strategies as st

from mintcore.datasets.reading import read_pixels, samples
from mintcore.datasets.registration import add_dataset
from mintcore.datasets.sample import Sample
from mintcore.datasets.sources import parse_source
from mintcore.datasets.uris import parse_uri, zip_uri
from mintcore.errors import MintError
from store.artefacts import Home


def write(file: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file


def read(file: Path) -> list[Sample]:
    return list(parse_source(f"zip:{file}").samples())


def values(found: list[Sample]) -> list[int]:
    return [int(read_pixels(sample.uri)[0, 0, 0]) for sample in found]


def test_samples__are_the_images_in_order_with_their_names(tmp_path: Path) -> None:
    entries = {"b.png": png(2), "notes.txt": b"hello", "a.PNG": png(1)}
    found = read(write(tmp_path / "z.zip", entries))
    assert values(found) == [2, 1]
    assert [sample.uri for sample in found] == [
        f"{tmp_path}/z.zip#0/b.png",
        f"{tmp_path}/z.zip#2/a.PNG",
    ]


@pytest.mark.parametrize("around", ["", "photos/"])
def test_samples__a_folder_is_a_label_and_one_around_all_is_none(
    tmp_path: Path, around: str
) -> None:
    names = ("cats/1.png", "dogs/2.png", "3.png", "cats/young/4.png")
    file = write(tmp_path / "z.zip", {around + name: png(1) for name in names})
    assert [sample.label for sample in read(file)] == ["cats", "dogs", None, None]


def test_samples__what_macos_and_editors_leave_behind_is_passed_over(tmp_path: Path) -> None:
    names = ("__MACOSX/._1.png", ".thumbs/1.png", "a/.1.png", "1.png")
    found = read(write(tmp_path / "z.zip", {name: png(1) for name in names}))
    assert len(found) == 1


@pytest.mark.parametrize(
    "name", ["../../escape.png", "/etc/passwd.png", "C:\\x.png", "a\nb<script>.png", "é😀.png"]
)
def test_samples__no_name_leads_anywhere(tmp_path: Path, name: str) -> None:
    before = {path for path in tmp_path.parent.rglob("*") if path.is_file()}
    file = write(tmp_path / "z.zip", {name: png(7)})
    assert values(read(file)) == [7]
    after = {path for path in tmp_path.parent.rglob("*") if path.is_file()}
    assert after - before == {file}


def test_samples__a_link_is_read_as_what_it_says_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(png(9))
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr(link, str(tmp_path / "secret.png"))
    (sample,) = read(tmp_path / "z.zip")
    with pytest.raises(
        MintError, match=r"'link.png' in .*z.zip cannot be read: it is not an image"
    ):
        read_pixels(sample.uri)


def test_samples__a_password_is_one_sentence(tmp_path: Path) -> None:
    file = write(tmp_path / "z.zip", {"1.png": png(1)})
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    file.write_bytes(content)
    with pytest.raises(MintError, match="locked with a password"):
        read(file)


def test_samples__too_many_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINT_ZIP_ENTRIES", "1")
    file = write(tmp_path / "z.zip", {"1.png": png(1), "2.png": png(2)})
    with pytest.raises(MintError, match="more than 1 entries"):
        read(file)


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all", b"PK\x05\x06" + b"\xff" * 18])
def test_samples__what_is_no_zip_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "z.zip").write_bytes(content)
    with pytest.raises(MintError, match=r"z.zip cannot be read as a zip") as caught:
        read(tmp_path / "z.zip")
    assert "\n" not in str(caught.value)


def test_read__a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = write(tmp_path / "z.zip", {"1.png": bytes(80 * 2**20)})
    assert file.stat().st_size < 2**20
    (sample,) = read(file)
    with pytest.raises(MintError, match=r"'1.png' in .* has more than 67,108,864 bytes"):
        read_pixels(sample.uri)


def test_read__damaged_content_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "z.zip", {"1.png": png(1)})
    (sample,) = read(file)
    content = bytearray(file.read_bytes())
    content[40:60] = bytes(20)
    file.write_bytes(content)
    with pytest.raises(MintError, match=r"'1.png' in .*z.zip cannot be read"):
        read_pixels(sample.uri)


def test_read__another_zip_in_its_place(tmp_path: Path) -> None:
    file = write(tmp_path / "z.zip", {"1.png": png(1), "2.png": png(2)})
    uri = read(file)[1].uri
    write(file, {"1.png": png(1)})
    with pytest.raises(MintError, match="has no entry 1: restore"):
        read_pixels(uri)


def test_read__by_many_threads(tmp_path: Path) -> None:
    file = write(tmp_path / "z.zip", {f"{number}.png": png(number) for number in range(100)})
    found = read(file)
    with ThreadPoolExecutor(8) as threads:
        read_one = threads.map(lambda sample: int(read_pixels(sample.uri)[0, 0, 0]), found * 3)
        assert list(read_one) == list(range(100)) * 3


def test_add_dataset__what_cannot_be_read_is_kept_with_its_reason(tmp_path: Path) -> None:
    file = write(tmp_path / "z.zip", {"cats/1.png": png(1), "dogs/2.png": b"no image"})
    home = Home(tmp_path / "home")
    card = add_dataset(home, "packed", f"zip:{file}", "unknown")
    assert card["counts"]["total"] == 2
    (row,) = samples(home, "packed", status="unreadable").to_pylist()
    assert row["label"] == "dogs"
    assert "'dogs/2.png' in" in row["reason"]


@given(st.integers(0, 10**9), st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_zip_uri__is_understood_whatever_the_name(index: int, name: str) -> None:
    address = parse_uri(zip_uri(Path("/data/a.tar#1+2/photos.ZIP"), index, name))
    assert (address.kind, address.location, address.numbers) == (
        "zip",
        "/data/a.tar#1+2/photos.ZIP",
        (index,),
    )
