from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_log import read_run
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.giants import Beside
from rtstore.schema.ids import EntryId
from rtstore.schema.run import OK, REQUESTED, SENT, Run
from tests.support.stores import Store

KERNEL = Keys().kernel("c-1", "k-1")
RUN = Run(id="r1", document="d", cell="c0", kernel="k-1")


@pytest.fixture
async def log(store: Store) -> AsyncIterator[OutputLog]:
    """A run that was sent, said "one" and "two" and is over, and "late"."""
    async with connect(store.url, name="test") as link:
        await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
        made, queue = OutputLog(link, KERNEL), RunQueue(link, KERNEL)
        await made.begin("journal:1", {})
        await queue.add(RUN)
        at = str(await made.end())
        await queue.change(RUN, SENT, when=(REQUESTED,), sent_at=at)
        await say(made, 1, "status", execution_state="busy")
        for number, text in enumerate(("one\n", "two\n"), 2):
            await say(made, number, "stream", name="stdout", text=text)
        await queue.change(RUN, OK, count="1", started="1")
        await say(made, 4, "stream", name="stderr", text="late\n")
        yield made


async def say(log: OutputLog, number: int, type_: str, **content: Any) -> None:
    told = json.dumps(content)
    at = EntryId(1, number * ROOM)
    await log.append([OutputEntry(at, "iopub", type_, RUN.id, f"m{at}", str(number), told)])


async def texts(log: OutputLog, **how: Any) -> list[str]:
    run = await RunQueue(log._link, KERNEL).get(RUN.id)
    assert run is not None
    found = await read_run(log, run, Beside("/", "d", "k-1"), **how)
    return [one["text"] for one in found.whole()]


async def test_all_is_read_or_up_to_an_entry_or_the_end(
    log: OutputLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await texts(log) == ["one\ntwo\n", "late\n"]
    assert await texts(log, until=EntryId(1, 2 * ROOM)) == ["one\n"]
    real = OutputLog.read
    monkeypatch.setattr(OutputLog, "read", lambda self, after: real(self, after, limit=1))
    assert await texts(log, beyond_end=False) == ["one\ntwo\n"]


async def test_what_was_dropped_is_said_to_be_missing(log: OutputLog) -> None:
    missing = "[rtstore: output is missing here: it is not kept any more]\n"
    await log.trim(before_ms=2**53)
    assert await texts(log) == [f"{missing}late\n"]


async def test_what_was_dropped_while_it_is_read_is_said_to_be_missing(
    log: OutputLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = "[rtstore: output is missing here: it is not kept any more]\n"
    real = OutputLog.read

    async def read(self: OutputLog, after: EntryId, *, limit: int = 1) -> list[OutputEntry]:
        if after >= EntryId(1, 2 * ROOM):
            await log.trim(before_ms=2**53)
        return await real(self, after, limit=limit)

    monkeypatch.setattr(OutputLog, "read", read)
    assert await texts(log) == ["one\n", f"{missing}late\n"]
