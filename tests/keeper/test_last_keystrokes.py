"""The request to run a cell overtakes what was typed before: another socket, another worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rtstore.keeper import run_requests
from rtstore.keeper.charge import Charge
from rtstore.keeper.run_requests import RunRequests
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.update_log import Origin
from rtstore.replica.replica import Replica
from rtstore.schema.run import Run
from rtstore.tasks import background
from tests.keeper.following import KERNEL
from tests.support.waiting import until

ASKED = Run(id="r1", document="d", cell="c0", kernel="k-1", user="ann", requested="1")


@pytest.mark.parametrize("keys", [1, 3])
async def test_what_comes_while_a_keeper_waits_for_it_is_run(
    charge: Charge, link: Link, monkeypatch: pytest.MonkeyPatch, keys: int
) -> None:
    peer = Replica(charge.log, "notebook")
    await peer.follower.start()
    await peer.settle()
    left: Iterator[int] = iter(range(keys))

    async def wait(_: float, **more: Any) -> None:
        """A key arrives, then nothing more."""
        if (key := next(left, None)) is None:
            return
        update = peer.changed(lambda document: document.ycells[0]["source"].insert(0, f"{key} "))
        await charge.log.append(update, Origin(), epoch=charge.epoch, tag=charge.log.next_tag())
        await charge.replica.follower.catch_up()  # as the feed does

    monkeypatch.setattr(run_requests, "until_calm", wait)
    monkeypatch.setattr(run_requests, "QUIET_MAX_S", 60.0)
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    book, queue = RunBook(link, charge.keys), RunQueue(link, KERNEL)
    await book.ask([(ASKED, {})])
    async with background(RunRequests(charge, book, lambda _: queue).run()):

        async def is_queued() -> Any:
            return await queue.get("r1")

        run = await until(is_queued, what="the run is queued")
    assert run.source == "".join(f"{key} " for key in reversed(range(keys))) + "print()"
