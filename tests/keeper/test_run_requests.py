"""Requests of one "Run All" of which one comes late."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_ydoc import YNotebook

from rtstore.keeper import run_requests
from rtstore.keeper.run_requests import RunRequests
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.schema.ids import BEGINNING
from rtstore.schema.run import Run
from rtstore.tasks import background
from tests.keeper.crew import notebook
from tests.keeper.following import KERNEL, charge_of
from tests.support.waiting import until

LOT: dict[str, Any] = {"lot": "t", "of": 2}


@pytest.mark.parametrize("comes", [True, False])
async def test_a_cell_waits_for_one_above_that_was_at_the_server_with_it(
    link: Link,
    monkeypatch: pytest.MonkeyPatch,
    *,
    comes: bool,
) -> None:
    monkeypatch.setattr(run_requests, "QUIET_MAX_S", 30.0 if comes else 0.2)
    log = UpdateLog(link, Keys().document("d"), worker="w")
    opened = await log.open(BEGINNING, gen="g")
    document = YNotebook()
    document.set(notebook("'above'", "'below'"))
    whole = document.ydoc.get_update()
    await log.append(whole, Origin(), epoch=opened.epoch, tag=log.next_tag())
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    book, queue, looks = RunBook(link, log.keys), RunQueue(link, KERNEL), 0
    asked = RunBook.asked

    async def counted(self: RunBook) -> dict[str, Any]:
        nonlocal looks
        looks += 1
        return await asked(self)

    monkeypatch.setattr(RunBook, "asked", counted)
    requests = RunRequests(await charge_of(link, log), book, lambda _: queue)

    async def ask(cell: int) -> None:
        run = Run(
            id=f"r{cell}",
            document="d",
            cell=f"c{cell}",
            user="ann",
            kernel="k-1",
            requested=str(10 - cell),
        )
        await book.ask([(run, LOT)])
        requests.ring()

    async def are_queued(count: int) -> bool:
        return len(await queue.waiting()) == count

    async def was_looked_at() -> bool:
        return looks > 5

    async with background(requests.run()):
        await ask(1)
        if not comes:
            await until(lambda: are_queued(1), what="it is not waited for for ever")
            return
        await until(was_looked_at, what="it was looked at again and again")
        assert await queue.waiting() == []
        await ask(0)
        await until(lambda: are_queued(2), what="both are queued")
    first, second = [await queue.get(one) for one in await queue.waiting()]
    assert first is not None
    assert second is not None
    assert (first.cell, second.cell) == ("c0", "c1")
    assert first.batch == second.batch
