"""Claims: the numbers of blocks on object storage, each given to one publication for ever.

A folder on a disk has a lock, object storage has none. So a number is claimed by putting an object that must not exist
yet, and is never given again, whatever becomes of the claim: no run, however late, can meet another one in a shard.
"""

import json
import platform
import re
import time
import uuid
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from store.activations import MAX_BLOCKS
from store.claim import VALID_S, Claim
from store.errors import StoreError
from store.object_storage import Objects

FOLDER = "claims"

DEAD_S = 2 * VALID_S
"""A claim that is older than this, by the clock of this machine, is dead: what it has put can go."""

_NAME = re.compile(r"claims/(\d{6})\.json")


def claim_block(objects: Objects, lease: str, taken: Iterable[int]) -> Claim:
    """Claim the first number that nobody has claimed.

    Args:
        objects: The store.
        lease: Token of the run's lease.
        taken: Blocks that have a segment.

    Raises:
        StoreError: The store has all the blocks that it can have, or the storage does not answer.
    """
    unusable = {*taken, *claimed_blocks(objects)}
    # a run may publish several blocks at once, so its lease alone does not tell whose claim it is
    fields = {"lease": lease, "publication": uuid.uuid4().hex, "host": platform.node()}
    for block in range(MAX_BLOCKS):
        if block not in unusable:
            now = time.time()
            content = json.dumps(fields | {"time": _text(now)}).encode()
            if objects.create(_name(block), content) is not None:
                return Claim(block, now)
    raise StoreError(f"The store {objects.url} is full: begin another store.")


def claimed_blocks(objects: Objects) -> dict[int, datetime]:
    """Give the numbers that were ever claimed, and when."""
    found = ((_NAME.fullmatch(name), each) for name, each in objects.list(FOLDER).items())
    return {int(match[1]): each.modified for match, each in found if match}


def dead_claims(objects: Objects, blocks: Collection[int]) -> set[int]:
    """Tell which blocks without a segment nobody will commit any more: those whose claims are a day old.

    Whoever claimed them may be anywhere, so nothing but the time can tell. The storage refuses a machine that has
    another time than itself, so the clocks of all who use it agree.
    """
    if not blocks:
        return set()
    claimed, now = claimed_blocks(objects), datetime.now(UTC)
    dead = timedelta(seconds=DEAD_S)
    return {block for block in blocks if block not in claimed or now - claimed[block] > dead}


def _name(block: int) -> str:
    return f"{FOLDER}/{block:06d}.json"


def _text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
