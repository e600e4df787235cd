"""One notebook of one cell in the store, its keeper's charge, and a kernel that ran the cell."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from jupyter_ydoc import YNotebook

from rtstore.keeper.charge import Charge, Office
from rtstore.keeper.contents import Where
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.replica.replica import Replica
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.run import Run
from tests.keeper.crew import notebook
from tests.support.stores import Store

KERNEL = Keys().kernel("c-1", "k-1")
RUN = Run(id="r1", document="d", cell="c0", kernel="k-1")


class ChargeAlone(Charge):
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
    return await charge_of(link, log)


async def charge_of(link: Link, log: UpdateLog) -> Charge:
    """The notebook in the keeping of somebody new."""
    lease = Lease.of_document(link, log.keys, "keep", owner="w")
    await link.command("DEL", log.keys.lease("keep"))
    assert await lease.acquire()
    await link.command("PERSIST", log.keys.lease("keep"))
    office = cast("Office", SimpleNamespace(link=link, contents_id="c-test"))
    where = Where("a.ipynb", "notebook", "json")
    made = ChargeAlone(office, "d", log.keys, log, lease, where, "g", Replica(log, "notebook"))
    await made.replica.follower.start()
    await made.open()
    await made.settle()
    return made


class Kernel:
    """What it says, in its log."""

    def __init__(self, link: Link) -> None:
        self.log, self.queue = OutputLog(link, KERNEL), RunQueue(link, KERNEL)
        self.number = 0

    async def say(self, type_: str, **content: Any) -> None:
        self.number += 1
        at = EntryId(1, self.number * ROOM)
        told = json.dumps(content)
        entry = OutputEntry(at, "iopub", type_, RUN.id, f"m{at}", str(self.number), told)
        await self.log.append([entry])
