"""CPU time of other processes, to the nanosecond (Linux)."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence


def used_s(pids: Sequence[int]) -> float:
    """CPU seconds that these processes have used, all threads together."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


class Meter:
    """CPU time by group of processes between `start` and `stop`."""

    def __init__(self, groups: Mapping[str, Sequence[int]]) -> None:
        self._groups = groups
        self._before = {name: used_s(pids) for name, pids in groups.items()}

    def stop(self) -> dict[str, float]:
        """Seconds used since it was made."""
        return {n: used_s(pids) - self._before[n] for n, pids in self._groups.items()}


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, so that generator and servers don't disturb each other."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[core % len(cores)]})
