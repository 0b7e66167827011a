from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintcore.datasets.uris import Address, absolute_uri, file_uri, inside_uri, parse_uri
from mintcore.errors import MintError

NUMBERS = st.integers(0, 10**18 - 1)


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("/a/b.png", Address("file", "/a/b.png")),
        ("/a#1/b.npz#12", Address("npz", "/a#1/b.npz", (12,))),
        ("/a/b.parquet#0", Address("parquet", "/a/b.parquet", (0,))),
        ("/a/b.tar#512+99", Address("tar", "/a/b.tar", (512, 99))),
        ("/a/B.TAR#512+99", Address("tar", "/a/B.TAR", (512, 99))),
        ("/a/b.rec#16", Address("rec", "/a/b.rec", (16,))),
        ("torchvision:MNIST:test:/a#5", Address("torchvision", "MNIST:test:/a", (5,))),
    ],
)
def test_parse_uri__every_kind(uri: str, address: Address) -> None:
    assert parse_uri(uri) == address


@pytest.mark.parametrize(
    "uri",
    ["/a/b#1.png", "/a/b.tar#512", "/a/b.rec#1+2", "/a/b.rec#-1", "/a/b.npz#" + "9" * 5000],
)
def test_parse_uri__what_names_no_place_is_a_file(uri: str) -> None:
    assert parse_uri(uri) == Address("file", uri)


@given(st.text(min_size=1), NUMBERS, NUMBERS)
def test_inside_uri__is_undone_by_parse_uri(name: str, offset: int, length: int) -> None:
    location = f"/a/{name.replace('/', '_').encode('utf-8', 'replace').decode()}.tar"
    uri = inside_uri(Path(location), offset, length)
    assert parse_uri(uri) == Address("tar", location, (offset, length))


def test_file_uri__name_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(MintError, match="not a UTF-8 file name: rename"):
        file_uri(Path("/a/\udcff.png"))


@pytest.mark.parametrize(
    ("uri", "absolute"),
    [
        ("a.png", "/d/a.png"),
        ("../a.rec#8", "/a.rec#8"),
        ("/x/a.tar#512+9", "/x/a.tar#512+9"),
        ("torchvision:MNIST:test:/a#5", "torchvision:MNIST:test:/a#5"),
    ],
)
def test_absolute_uri__is_relative_to_the_folder(uri: str, absolute: str) -> None:
    assert absolute_uri(uri, Path("/d")) == absolute
