import json
from pathlib import Path

import pytest
from archive_files import png, write_tar

from mintcore.datasets.reading import read_pixels
from mintcore.datasets.sample import Sample
from mintcore.datasets.sources import parse_source
from mintcore.errors import MintError


def read(location: object) -> list[Sample]:
    return list(parse_source(f"webdataset:{location}").samples())


def test_samples__label_text_and_scalars_of_a_sample(tmp_path: Path) -> None:
    said = {"identity": "anna", "age": 7, "score": 0.5, "used": True, "none": None, "box": [1, 2]}
    file = write_tar(
        tmp_path / "a.tar",
        {
            "x/0001.json": json.dumps(said).encode(),
            "x/0001.png": png(1),
            "x/0001.txt": b"a cat",
            "x/0001.cls": b" 3\n",
        },
    )
    (sample,) = read(file)
    assert (sample.label, sample.identity) == ("3", "anna")
    assert sample.columns == {
        "key": "x/0001",
        "identity": "anna",
        "age": "7",
        "score": "0.5",
        "used": "True",
        "none": None,
        "txt": "a cat",
        "label": "3",
    }
    assert read_pixels(sample.uri).tolist() == [[[1] * 3] * 2] * 2


def test_samples__key_ends_at_the_first_dot_of_the_last_part(tmp_path: Path) -> None:
    file = write_tar(tmp_path / "a.tar", {"v1.0/0001.seg.png": png(1), "v1.0/0001.png": png(2)})
    (sample,) = read(file)
    assert sample.columns["key"] == "v1.0/0001"
    assert read_pixels(sample.uri)[0, 0, 0] == 2


def test_samples__jpeg_goes_before_png(tmp_path: Path) -> None:
    (sample,) = read(write_tar(tmp_path / "a.tar", {"1.png": png(1), "1.JPG": png(2)}))
    assert read_pixels(sample.uri)[0, 0, 0] == 2


def test_samples__without_an_image_are_passed_over(tmp_path: Path) -> None:
    file = write_tar(
        tmp_path / "a.tar", {"README.txt": b"hello", "LICENSE": b"free", "1.png": png(1)}
    )
    assert [sample.columns["key"] for sample in read(file)] == ["1"]


def test_samples__every_one_has_the_columns_of_the_first_hundred(tmp_path: Path) -> None:
    file = write_tar(tmp_path / "a.tar", {"1.png": png(1), "2.png": png(2), "2.cls": b"5"})
    source = parse_source(f"webdataset:{file}")
    assert source.columns == ("key", "label")
    assert [sample.columns["label"] for sample in source.samples()] == [None, "5"]


def test_samples__folder_takes_its_tars_in_order(tmp_path: Path) -> None:
    write_tar(tmp_path / "b.tar", {"2.png": png(2)})
    write_tar(tmp_path / "a.tar", {"1.png": png(1)})
    (tmp_path / "notes.txt").write_text("no tar")
    assert [sample.columns["key"] for sample in read(tmp_path)] == ["1", "2"]


def test_samples__pattern_names_many_tars(tmp_path: Path) -> None:
    for number in range(8, 11):
        write_tar(tmp_path / f"s-{number:03d}.tar", {f"{number}.png": png(number)})
    location = tmp_path / "s-{008..010}.tar"
    assert [sample.columns["key"] for sample in read(location)] == ["8", "9", "10"]
    assert parse_source(f"webdataset:{location}").spec == f"webdataset:{location}"


def test_samples__missing_tar_of_a_pattern_is_named(tmp_path: Path) -> None:
    write_tar(tmp_path / "s-0.tar", {"1.png": png(1)})
    with pytest.raises(MintError, match=r"s-1\.tar is not a file"):
        read(tmp_path / "s-{0..1}.tar")


def test_samples__endless_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="more than 100,000 files"):
        read(tmp_path / "s-{0..999999999}.tar")


def test_samples__pattern_of_endless_ranges_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match="has more than 8 ranges"):
        read(tmp_path / ("{0..1}" * 9 + ".tar"))


def test_samples__compressed_by_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"")
    with pytest.raises(MintError, match=r"a\.tar\.gz is not a plain \.tar: unpack"):
        read(tmp_path / "a.tar.gz")


def test_samples__folder_without_tars_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"has no \.tar file"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b"[1]", b'{"a": ' + b"1" * 5000 + b"}"])
def test_samples__wrong_json_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(MintError, match=r"1\.json in .*a\.tar is not (a )?JSON"):
        read(write_tar(tmp_path / "a.tar", {"1.json": content, "1.png": png(1)}))


def test_samples__text_that_no_table_could_hold_is_made_safe(tmp_path: Path) -> None:
    (sample,) = read(
        write_tar(tmp_path / "a.tar", {"1.json": b'{"label": "a\\ud800"}', "1.png": png(1)})
    )
    assert str(sample.label).encode() == b"a?"


def test_samples__giant_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"1\.txt in .* has 1,048,577 bytes of text"):
        read(write_tar(tmp_path / "a.tar", {"1.png": png(1), "1.txt": b"x" * (2**20 + 1)}))


def test_samples__two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MintError, match=r"'1\.PNG' twice in a row"):
        read(write_tar(tmp_path / "a.tar", {"1.png": png(1), "1.PNG": png(2)}))


def test_read_pixels__says_the_member_that_is_no_image(tmp_path: Path) -> None:
    (sample,) = read(write_tar(tmp_path / "a.tar", {"x/1.jpg": b"not an image"}))
    with pytest.raises(MintError, match=r"x/1\.jpg in .*a\.tar cannot be read: it is not an image"):
        read_pixels(sample.uri)
