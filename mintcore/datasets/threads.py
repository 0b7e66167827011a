"""Work on many items in threads, in order, with a bounded number of them under way."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_ITEMS_A_THREAD = 4


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Map in as many threads as there are cores, keeping the order."""
    threads = os.cpu_count() or 1
    under_way: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            under_way.append(pool.submit(work, item))
            if len(under_way) >= threads * _ITEMS_A_THREAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
