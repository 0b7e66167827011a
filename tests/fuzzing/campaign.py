"""Run one target for some time, keep what makes it fail, and go on."""

import faulthandler
import hashlib
import resource
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .targets import TARGETS, Target

CORPUS = Path(__file__).parent / "corpus"
LONGEST_S = 20.0
MOST_GROWTH_BYTES = 2**30
_BATCH = 2000
_MOST_POOL = 400
_QUIET = settings(
    max_examples=_BATCH,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class UnboundedError(Exception):
    """An input took more time or memory than any may."""


@dataclass
class Tally:
    """What came of a campaign.

    Attributes:
        executions: How many inputs were read.
        outcomes: How often each kind of value and each sentence came out.
        failures: What was raised -> the file with the smallest input that does it.
    """

    executions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Path] = field(default_factory=dict)


def kept_inputs(name: str) -> list[Path]:
    """List the inputs that once made a target fail."""
    return sorted((CORPUS / name).glob("*.bin"))


def keep_input(name: str, data: bytes) -> Path:
    """Keep an input for good."""
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    file = CORPUS / name / f"{hashlib.blake2b(data, digest_size=6).hexdigest()}.bin"
    file.write_bytes(data)
    return file


def bounded_outcome(target: Target, data: bytes) -> str:
    """Read an input within the bounds of time and memory.

    Raises:
        UnboundedError: It takes more.
        Exception: The target raised something that is no sentence for a person.
    """
    memory, start = _most_memory(), time.monotonic()
    outcome = target.outcome(data)
    if time.monotonic() - start > LONGEST_S:
        raise UnboundedError(f"more than {LONGEST_S:g} s")
    if _most_memory() - memory > MOST_GROWTH_BYTES:
        raise UnboundedError(f"more than {MOST_GROWTH_BYTES:,} bytes")
    return outcome


def run(name: str, seconds: float, current: Path, tally: Tally) -> None:
    """Read inputs until the time is over.

    Args:
        name: The target.
        seconds: How long.
        current: Where each input is written before it is read, for a parent to find where the process dies.
        tally: Is filled.
    """
    target, end = TARGETS[name], time.monotonic() + seconds
    pool = target.seeds() + [file.read_bytes() for file in kept_inputs(name)]
    first = time.time_ns()
    while time.monotonic() < end:
        _batch(
            name, pool, end=end, seed_number=first + tally.executions, current=current, tally=tally
        )


def _batch(
    name: str, pool: list[bytes], *, end: float, seed_number: int, current: Path, tally: Tally
) -> None:
    target, failed = TARGETS[name], list[tuple[str, bytes]]()

    @seed(seed_number)
    @_QUIET
    @given(target.inputs(tuple(pool)))
    def read(data: bytes) -> None:
        if time.monotonic() > end and not failed:
            return
        tally.executions += 1
        current.write_bytes(data)
        faulthandler.dump_traceback_later(3 * LONGEST_S, exit=True)
        try:
            outcome = bounded_outcome(target, data)
        except Exception as error:
            cause = _cause(error)
            if cause in tally.failures:
                return
            failed.append((cause, data))
            raise
        finally:
            faulthandler.cancel_dump_traceback_later()
        tally.outcomes[outcome] += 1
        if tally.outcomes[outcome] == 1 and len(pool) < _MOST_POOL:
            pool.append(data)

    try:
        read()
    except Exception:
        for cause, data in failed:  # the smallest comes last
            if cause in tally.failures:
                tally.failures[cause].unlink(missing_ok=True)
            tally.failures[cause] = keep_input(name, data)


def _cause(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
