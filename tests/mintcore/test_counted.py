import pytest

from mintcore.counted import counted


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (1, ("auditor",), "1 auditor"),
        (0, ("auditor",), "0 auditors"),
        (2000, ("auditor",), "2,000 auditors"),
        (1, ("query", "queries"), "1 query"),
        (2, ("query", "queries"), "2 queries"),
    ],
)
def test_counted__one_or_several(count: int, words: tuple[str, ...], said: str) -> None:
    assert counted(count, *words) == said
