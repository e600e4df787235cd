"""Following a kernel whose log no longer has all that was said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from jupyter_ydoc import YNotebook

from rtstore.keeper.charge import Charge, Office
from rtstore.keeper.contents import Where
from rtstore.keeper.kernel_outputs import KernelOutputs
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.replica.replica import Replica
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.run import OK, REQUESTED, SENT, Run
from rtstore.tasks import background
from tests.keeper.crew import notebook
from tests.support.stores import Store
from tests.support.waiting import until

KERNEL = Keys().kernel("c-1", "k-1")
RUN = Run(id="r1", document="d", cell="c0", kernel="k-1")


class _Charge(Charge):
    async def base_url(self) -> str:
        return "/"


@pytest.fixture
async def link(store: Store) -> AsyncIterator[Link]:
    async with connect(store.url, name="test") as made:
        yield made


@pytest.fixture
async def charge(link: Link) -> Charge:
    """A notebook of one cell."""
    keys = Keys().document("d")
    log = UpdateLog(link, keys, worker="w")
    opened = await log.open(BEGINNING, gen="g")
    document = YNotebook()
    document.set(notebook("print()"))
    update = document.ydoc.get_update()
    await log.append(update, Origin(), epoch=opened.epoch, tag=log.next_tag())
    lease = Lease.of_document(link, keys, "keep", owner="w")
    assert await lease.acquire()
    await link.command("PERSIST", keys.lease("keep"))
    office = cast("Office", SimpleNamespace(link=link))
    where = Where("a.ipynb", "notebook", "json")
    made = _Charge(office, "d", keys, log, lease, where, "g", Replica(log, "notebook"))
    await made.replica.follower.start()
    await made.open()
    await made.settle()
    return made


class Kernel:
    """What it says, in its log."""

    def __init__(self, link: Link) -> None:
        self.log, self.queue = OutputLog(link, KERNEL), RunQueue(link, KERNEL)
        self._number = 0

    async def say(self, type_: str, **content: Any) -> None:
        self._number += 1
        at = EntryId(1, self._number * ROOM)
        told = json.dumps(content)
        entry = OutputEntry(at, "iopub", type_, RUN.id, f"m{at}", str(self._number), told)
        await self.log.append([entry])


async def test_a_notebook_says_what_it_missed_and_how_its_runs_ended(
    charge: Charge, link: Link
) -> None:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    kernel, book = Kernel(link), RunBook(link, charge.keys)
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    await kernel.log.begin("journal:1", {})
    await kernel.queue.add(RUN)
    await kernel.queue.change(RUN, SENT, when=(REQUESTED,))
    await kernel.say("status", execution_state="busy")
    await kernel.say("stream", name="stdout", text="begins\n")

    def outputs() -> str:
        return str(charge.content()["cells"][0]["outputs"])

    async with background(KernelOutputs(charge, book, lambda _: KERNEL).run()):

        async def has_begun() -> bool:
            return "begins" in outputs()

        await until(has_begun, what="it is followed")
    for number in range(20):
        await kernel.say("stream", name="stdout", text=f"{number}\n")
    await kernel.queue.change(RUN, OK, count="7")
    await kernel.say("status", execution_state="idle")
    await kernel.log.trim(before_ms=2**53)

    async with background(KernelOutputs(charge, book, lambda _: KERNEL).run()):

        async def is_over() -> bool:
            return bool((await book.runs())["c0"]["state"] == OK)

        await until(is_over, what="its end is known")
    assert "output is missing here" in outputs()
    assert outputs().count("output is missing here") == 1
    cell = charge.content()["cells"][0]
    assert (cell["execution_count"], cell.get("execution_state", "idle")) == (7, "idle")


async def test_who_missed_nothing_is_told_nothing(charge: Charge, link: Link) -> None:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    kernel, book = Kernel(link), RunBook(link, charge.keys)
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    await kernel.log.begin("journal:1", {})
    await kernel.queue.add(RUN)
    await kernel.say("status", execution_state="busy")
    async with background(KernelOutputs(charge, book, lambda _: KERNEL).run()):
        for text in ("one", "two", "three"):
            await kernel.say("stream", name="stdout", text=text)

            async def has_it(text: str = text) -> bool:
                return text in str(charge.content()["cells"][0]["outputs"])

            await until(has_it, what=text)
            await kernel.log.trim(before_ms=2**53)
    assert [one["text"] for one in charge.content()["cells"][0]["outputs"]] == ["onetwothree"]
