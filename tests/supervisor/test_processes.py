from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from rtstore.supervisor import processes
from rtstore.supervisor.kept import DELAY_S_MAX, Deaths
from rtstore.supervisor.locks import FileLock, is_held
from rtstore.supervisor.processes import Process, tail

from .cast import PATIENCE_S

SLEEPS = (sys.executable, "-c", "import time; print('hello', flush=True); time.sleep(60)")


@pytest.fixture(params=["pidfd", "polling"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "polling":  # as on macOS
        monkeypatch.delattr(os, "pidfd_open")
    return str(request.param)


async def test_a_death_is_heard_by_all_who_wait(tmp_path: Path, way: str) -> None:
    process = Process.spawn(SLEEPS, log=tmp_path / "log")
    found = Process.find(process.pid, created=process.created_at)
    assert found is not None

    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        for waiting in (process, process, found):
            group.create_task(waiting.exited())
        process.send(signal.SIGKILL)

    assert process.outcome == "signal 9"
    assert not found.alive
    assert Process.find(process.pid) is None


async def test_another_process_of_the_same_pid_is_not_found(tmp_path: Path) -> None:
    process = Process.spawn(SLEEPS, log=tmp_path / "log")

    assert Process.find(process.pid, created=process.created_at - 60) is None
    process.send(signal.SIGKILL)
    await process.exited()


async def test_one_that_ignores_sigterm_is_killed(tmp_path: Path, way: str) -> None:
    code = "import signal,time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    argv = [sys.executable, "-c", f"{code}; time.sleep(60)"]
    process = Process.spawn(argv, log=tmp_path / "log")
    async with asyncio.timeout(PATIENCE_S):
        while not processes.size(tmp_path / "log"):
            await asyncio.sleep(0.01)

    assert not await process.stop(within_s=0.1)
    assert process.outcome == "signal 9"


async def test_a_child_is_out_of_reach_of_our_terminal(tmp_path: Path) -> None:
    process = Process.spawn(SLEEPS, log=tmp_path / "log")

    assert os.getsid(process.pid) == process.pid
    assert await process.stop(within_s=PATIENCE_S)


def test_the_tail_of_a_log_is_one_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log) == "(no log)"
    log.write_text("one\n\ntwo\nthree\n")
    assert tail(log, lines=2) == "two | three"
    assert tail(log, after=5) == "two | three"
    assert tail(log, after=99, lines=1) == "three"  # it was moved away meanwhile
    assert tail(log, after=log.stat().st_size) == "(it wrote nothing)"


async def test_a_lock_that_a_child_inherited_outlives_us(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.try_acquire()
    process = Process.spawn(SLEEPS, log=tmp_path / "log", pass_fds=[lock.fd])
    lock.release()

    assert is_held(tmp_path / "lock")
    process.send(signal.SIGKILL)
    await process.exited()
    assert not is_held(tmp_path / "lock")


def test_the_first_death_is_answered_at_once_and_a_loop_ever_more_slowly() -> None:
    deaths = Deaths()
    delays = [deaths.add(now=float(n), served_s=0.1) for n in range(14)]

    assert delays[:4] == [0.0, 0.1, 0.2, 0.4]
    assert delays[-1] == DELAY_S_MAX
    assert deaths.add(now=500.0, served_s=100.0) == 0.0


def test_five_deaths_in_a_minute_are_told_once() -> None:
    deaths = Deaths()
    told = []
    for n in range(8):
        deaths.add(now=float(n), served_s=3.0)
        told.append(deaths.to_tell())
    assert told == [False] * 4 + [True] + [False] * 3

    deaths.add(now=500.0, served_s=400.0)
    assert not deaths.to_tell()
    for n in range(4):
        deaths.add(now=501.0 + n, served_s=0.0)
    assert deaths.to_tell()


def test_deaths_far_apart_are_not_told() -> None:
    deaths = Deaths()
    for n in range(20):
        deaths.add(now=n * 20.0, served_s=19.0)
        assert not deaths.to_tell()
