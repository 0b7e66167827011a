"""Every input that once made a door fail, and a few hundred new ones a door; ``python -m tests.fuzzing`` runs more."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .campaign import CORPUS, bounded_outcome, kept_inputs
from .targets import TARGETS

_KEPT = [(name, file) for name in TARGETS for file in kept_inputs(name)]
_MOST_CORPUS_BYTES = 200_000


@pytest.mark.parametrize("name", TARGETS)
def test_seeds__are_read(name: str) -> None:
    outcomes = [bounded_outcome(TARGETS[name], data) for data in TARGETS[name].seeds()]
    assert [each for each in outcomes if each.startswith("refused")] == []


@pytest.mark.parametrize(("name", "file"), _KEPT, ids=lambda value: getattr(value, "stem", value))
def test_corpus__what_once_failed_is_a_value_or_a_sentence(name: str, file: Path) -> None:
    assert bounded_outcome(TARGETS[name], file.read_bytes())


def test_corpus__is_small() -> None:
    assert sum(file.stat().st_size for _, file in _KEPT) < _MOST_CORPUS_BYTES
    assert {folder.name for folder in CORPUS.iterdir()} <= set(TARGETS)


@pytest.mark.filterwarnings("ignore")  # Pillow's own, of damaged metadata
@pytest.mark.parametrize("name", TARGETS)
def test_targets__give_a_value_or_a_sentence(name: str) -> None:
    target, outcomes = TARGETS[name], set[str]()

    @settings(
        max_examples=250,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.deferred(lambda: target.inputs(target.seeds())))
    def read(data: bytes) -> None:
        outcomes.add(bounded_outcome(target, data))

    read()
    assert {outcome.startswith("refused") for outcome in outcomes} == {True, False}
