from __future__ import annotations

import asyncio
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from rtstore.errors import RTStoreError
from rtstore.supervisor.kept import DELAY_S_MAX, STEADY_S, WINDOW_S, Deaths, Kept
from rtstore.supervisor.processes import Process

from .cast import runs, until

SLEEPER = (sys.executable, "-S", "-c", "import time; print('hm', flush=True); time.sleep(60)")


def kept(log: Path, started: list[int], *, ready_from: int) -> Kept:
    """One whose first processes hang, until the `ready_from`th."""

    async def start() -> Process:
        process = Process.spawn(SLEEPER, log=log)
        started.append(process.pid)
        return process

    async def is_ready(_process: Process) -> bool:
        return len(started) >= ready_from

    return Kept(
        "it", start=start, is_ready=is_ready, log=log, ready_within_s=0.1, stop_within_s=60
    )


async def test_one_that_hangs_before_it_is_ready_is_replaced(tmp_path: Path) -> None:
    started: list[int] = []
    it = kept(tmp_path / "log", started, ready_from=2)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(it.run())
        await until(it.ready.is_set)
        task.cancel()

    assert len(started) == 2
    assert not runs(started[0])
    assert it.process is not None
    assert it.process.pid == started[1]
    await it.stop()
    assert not runs(started[1])


async def test_one_that_always_hangs_is_given_up(tmp_path: Path) -> None:
    started: list[int] = []

    with pytest.raises(RTStoreError, match="it does not start"):
        await kept(tmp_path / "log", started, ready_from=99).run()
    assert not any(runs(pid) for pid in started)


def test_who_served_long_is_started_again_at_once() -> None:
    deaths = Deaths()

    assert [deaths.add(now=10.0 * n, served_s=STEADY_S) for n in range(9)] == [0.0] * 9


def test_who_dies_young_waits_longer_each_time_up_to_a_bound() -> None:
    deaths = Deaths()
    delays = [deaths.add(now=float(n), served_s=0.0) for n in range(40)]

    assert delays[0] == 0.0
    assert all(earlier < later for earlier, later in pairwise(delays[:9]))
    assert delays[-1] == DELAY_S_MAX
    assert deaths.add(now=99.0, served_s=STEADY_S) == 0.0


def test_five_deaths_within_a_minute_are_told_once_until_it_served_for_a_minute() -> None:
    deaths = Deaths()

    def died(*, served_s: float = 0.0, now: float) -> bool:
        deaths.add(now=now, served_s=served_s)
        return deaths.to_tell()

    assert [died(now=float(n)) for n in range(7)] == [False] * 4 + [True] + [False] * 2

    later = 10 * WINDOW_S
    assert not died(now=later, served_s=WINDOW_S)
    assert [died(now=later + n) for n in range(1, 5)] == [False] * 3 + [True]
