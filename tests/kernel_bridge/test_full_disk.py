"""Runs whose end found no place in the journal of their kernel."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rtstore.kernel_bridge import journal_source, runner, unrecorded
from rtstore.kernel_bridge.journal_source import JournalSource
from rtstore.kernel_bridge.launcher import IOPUB, REPLY, Journal
from rtstore.kernel_bridge.runner import UNRECORDED
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kernel_message import DELIMITER, sign
from rtstore.schema.run import ERROR, LOST, OK, Run
from rtstore.tasks import background
from tests.kernel_bridge.listeners import KERNEL
from tests.kernel_bridge.test_runner import Kernel, is_over
from tests.support.lab import Lab
from tests.support.runs import bench
from tests.support.waiting import until


def reply(msg_type: str, parent: str, number: int = 1, **content: Any) -> list[bytes]:
    """As a kernel sends it."""
    header = {"msg_type": msg_type, "msg_id": f"s_1_{number}", "session": "s", "date": "d"}
    told: tuple[dict[str, Any], ...] = (header, {"msg_id": parent}, {}, content)
    parts = [json.dumps(part).encode() for part in told]
    return [DELIMITER, sign(parts, key=b"k"), *parts]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "1.journal"


@asynccontextmanager
async def copying(link: Link, path: Path) -> AsyncIterator[JournalSource]:
    path.touch()
    log, queue = OutputLog(link, KERNEL), RunQueue(link, KERNEL)
    source = JournalSource(log, queue, path=str(path), key=b"k", generation="1")
    await source.begin()
    async with background(source.run()):
        yield source
    source.close()


async def replies(link: Link) -> list[OutputEntry]:
    return [one for one in await OutputLog(link, KERNEL).read(BEGINNING) if one.kind == "reply"]


async def test_a_reply_that_the_journal_has_not_is_in_the_log(
    link: Link, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unrecorded, "OWED_S", 0.1)
    async with copying(link, path) as source:
        await source.reply(reply("execute_reply", "run", status="error", ename="E"))

        async def is_told() -> bool:
            return bool(await replies(link))

        await until(is_told, what="it is in the log")
    (told,) = await replies(link)
    assert (told.type, told.parent, told.at) == ("execute_reply", "run", "")
    assert json.loads(told.content) == {"status": "error"}


async def test_one_that_the_journal_has_is_in_the_log_once(
    link: Link, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unrecorded, "OWED_S", 0.0)
    monkeypatch.setattr(journal_source, "SLOW_S", 0.01)
    frames, answer = (
        reply("execute_reply", "run", 1, status="ok"),
        reply("kernel_info_reply", "p", 2),
    )
    written = Journal(str(path))
    written.write(REPLY, frames)
    written.write(IOPUB, reply("status", "p", 3, execution_state="busy"))
    async with copying(link, path) as source:
        await source.reply(frames)
        await source.reply(answer)
        await source.reply(reply("execute_reply", "last", 4, status="ok"))

        async def is_told() -> bool:
            return "last" in [one.parent for one in await replies(link)]

        await until(is_told, what="what came after it is in the log")
    assert [one.parent for one in await replies(link)] == ["run", "last"]


@pytest.fixture
async def kernel(link: Link, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    monkeypatch.setattr(runner, "QUIET_S", 0.1)
    monkeypatch.setattr(runner, "LOOK_S", 0.05)
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    return Kernel(link)


async def gaps(kernel: Kernel) -> list[tuple[str, str]]:
    found = [one for one in await kernel.log.read(BEGINNING) if one.kind == "gap"]
    return [(one.parent, json.loads(one.content)["why"]) for one in found]


async def answer(kernel: Kernel) -> None:
    """The kernel answers the probe, of which its journal says nothing."""
    await until(lambda: kernel.has_sent("kernel_info_request"), what="the kernel is asked")
    await kernel.queue.note("reply", "kernel_info_reply", run_id=kernel.sent[-1][1])


@pytest.mark.parametrize("is_heard", [True, False])
async def test_a_run_whose_idle_was_not_recorded_ends_as_its_reply_says(
    kernel: Kernel, *, is_heard: bool
) -> None:
    async with kernel.served("w1"):
        await kernel.begin() if is_heard else await kernel.ask()
        told = {"status": "error", "execution_count": 3}
        await kernel.queue.note("reply", "execute_reply", run_id="run", **told)
        await answer(kernel)
        await until(lambda: is_over(kernel), what="over")
    run = await kernel.run()
    assert (run.state, run.count) == (ERROR, "3")
    assert await gaps(kernel) == [("run", UNRECORDED)]


@pytest.mark.parametrize("is_gap_told", [True, False])
async def test_a_run_of_whose_end_nothing_was_recorded_is_lost(
    kernel: Kernel, *, is_gap_told: bool
) -> None:
    async with kernel.served("w1"):
        await kernel.begin()
        if is_gap_told:
            await kernel.say("gap", "disk", "", why="the disk was full")
            await answer(kernel)
            await until(lambda: is_over(kernel), what="over")
    async with kernel.served("heir"):
        if not is_gap_told:  # who takes over did not get the reply
            await answer(kernel)
        await until(lambda: is_over(kernel), what="over")
        await kernel.queue.add(Run(id="next", document="d", cell="c", user="bob", source="2"))

        async def goes_on() -> bool:
            return ("execute_request", "next") in kernel.sent

        await until(goes_on, what="the queue goes on")
    run = await kernel.run()
    assert (run.state, run.why) == (LOST, UNRECORDED)


async def test_a_probe_whose_answer_is_recorded_comes_after_all_that_the_run_said(
    kernel: Kernel,
) -> None:
    async with kernel.served("w1"):
        await kernel.begin()
        await kernel.say("gap", "disk", "", why="the disk was full")
        await until(lambda: kernel.has_sent("kernel_info_request"), what="the kernel is asked")
        await kernel.say("reply", "execute_reply", status="ok", execution_count=1)
        await kernel.say("iopub", "status", execution_state="idle")
        await kernel.say("iopub", "status", kernel.sent[-1][1], execution_state="busy")
        await until(lambda: is_over(kernel), what="over")
    assert (await kernel.run()).state == OK
    assert [run for run, _ in await gaps(kernel)] == [""]


FULL = """
import os, resource
for one in os.listdir('/proc/self/fd'):
    path = os.path.join('/proc/self/fd', one)
    if os.path.exists(path) and os.readlink(path).endswith('.journal'):
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (os.stat(path).st_size, hard))
print('lost')
"""
EMPTY = "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))"


async def test_cells_run_on_while_the_disk_with_the_journal_is_full(lab: Lab) -> None:
    cells = [FULL, "1/0", EMPTY, "print('heard')"]
    async with bench(lab, "full.ipynb", cells) as nb:
        assert await nb.run(0) == "ok"
        assert await nb.run(1) == "error"
        assert await nb.run(2) == "ok"
        assert await nb.run(3) == "ok"

        async def are_shown() -> bool:
            return "heard" in str(nb.outputs(3)) and UNRECORDED in str(nb.outputs(0))

        await until(are_shown, what="what is missing is said, and what comes then is shown")
