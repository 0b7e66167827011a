from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.errors import StoreError
from store.sample_pages import Chosen, count_by_label, count_chosen, page_of_samples
from store.samples import SAMPLES_SCHEMA, SamplesWriter

ROWS = [
    {"membership": "member", "label": "cat", "status": "ok"},
    {"membership": "external", "label": "cat", "status": "ok"},
    {"membership": "member", "label": None, "status": "unreadable", "reason": "cut off"},
    {"membership": "unknown", "label": "dog", "status": "ok"},
    {"membership": "member", "label": "cat", "status": "ok"},
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of five rows; the last one repeats the image of the first."""
    file = tmp_path_factory.mktemp("samples") / "samples.parquet"
    with SamplesWriter(file) as writer:
        for number, row in enumerate(ROWS):
            writer.append([{"sample_id": str(number % 4), "uri": f"/{number}.png", **row}])
    return file


CHOICES = st.builds(
    Chosen,
    st.sampled_from([None, "member", "external", "unknown"]),
    st.sampled_from([None, "ok", "unreadable"]),
    st.booleans(),
    st.sampled_from([None, "cat", "dog", "bird"]),
)


@settings(max_examples=30)
@given(CHOICES, st.integers(0, 6), st.integers(0, 6))
def test_page_of_samples__the_rows_that_a_loop_chooses(
    file: Path, chosen: Chosen, limit: int, offset: int
) -> None:
    expected = [
        f"/{number}.png"
        for number, row in enumerate(ROWS)
        if chosen.membership in (None, row["membership"])
        and chosen.status in (None, row["status"])
        and (not chosen.of_label or row["label"] == chosen.label)
    ]
    assert count_chosen(file, chosen) == len(expected)
    page = page_of_samples(file, chosen, limit=limit, offset=offset)
    assert page.schema == SAMPLES_SCHEMA
    assert page.column("uri").to_pylist() == expected[offset : offset + limit]


def test_page_of_samples__tables_of_earlier_versions_lack_columns(
    file: Path, tmp_path: Path
) -> None:
    early = tmp_path / "samples.parquet"
    pq.write_table(pq.read_table(file).drop(["width", "height", "perceptual", "spectrum"]), early)
    (row,) = page_of_samples(early, Chosen(status="unreadable"), limit=9, offset=0).to_pylist()
    assert (row["reason"], row["width"]) == ("cut off", None)


def test_count_by_label__most_images_first(file: Path) -> None:
    assert count_by_label(file, limit=2).to_pylist() == [
        {"label": "cat", "member": 2, "external": 1, "unknown": 0, "images": 3},
        {"label": "dog", "member": 0, "external": 0, "unknown": 1, "images": 1},
    ]
    assert count_by_label(file, limit=9).column("label").to_pylist() == ["cat", "dog", None]


def test_sample_pages__a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    for ask in (
        lambda: count_chosen(tmp_path / "no", Chosen()),
        lambda: page_of_samples(tmp_path / "no", Chosen(), limit=1, offset=0),
        lambda: count_by_label(tmp_path / "no", limit=1),
    ):
        with pytest.raises(StoreError, match="register the dataset again"):
            ask()
