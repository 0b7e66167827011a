"""How busy others kept the machine meanwhile: a figure of a busy machine says little."""

import resource
import time

import psutil

MOST_OTHERS = 0.2
"""Processors that others may keep busy, on average, on a machine that counts as quiet."""
_IDLE = ("idle", "iowait", "guest", "guest_nice")
"""Guests count as users, too."""


class Quietness:
    """Watches the processors from now on."""

    def __init__(self) -> None:
        self._begun, self._busy, self._own = time.perf_counter(), _busy_s(), _own_s()

    def others(self) -> float:
        """Give how many processors others kept busy since, on average: all but this process and its ended children."""
        elapsed = max(time.perf_counter() - self._begun, 1e-3)
        others = (_busy_s() - self._busy) - (_own_s() - self._own)
        return max(0.0, others) / elapsed


def _busy_s() -> float:
    """Give the processor time of everybody, what the machine's host took for others, too."""
    times = psutil.cpu_times()._asdict()
    return float(sum(seconds for name, seconds in times.items() if name not in _IDLE))


def _own_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
