"""Who may write what of a kernel that keeps no journal: races in each order, without a kernel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from rtstore.errors import LeaseLost
from rtstore.kernel_bridge.ring import MESSAGES_MAX, Ring
from rtstore.kernel_bridge.ring_source import RingSource
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kernel_message import KernelMessage, Sender
from tests.support.stores import Store

KERNEL = Keys().kernel("c-1", "k-1")


def said(number: int, session: str = "s") -> KernelMessage:
    content = {"name": "stdout", "text": f"{number} "}
    return KernelMessage(
        "stream", f"m{number}", session, "run", "", {}, content, 0, f"sig{session}{number}"
    )


@pytest.fixture
async def link(store: Store) -> AsyncIterator[Link]:
    async with connect(store.url, name="test") as made:
        yield made


class Bridge:
    """What one bridge heard, and its turn at writing."""

    def __init__(self, link: Link, name: str) -> None:
        self.log = OutputLog(link, KERNEL)
        self.ring = Ring(self.log, b"")
        self.lease = Lease.of_kernel(link, KERNEL, owner=name)
        self.queue = RunQueue(link, KERNEL)
        self.source = RingSource(self.log, self.queue, self.ring, self.lease, b"")

    def hear(self, *numbers: int) -> None:
        for number in numbers:
            self.ring.take(said(number), 100)

    async def take_over(self) -> None:
        assert await self.lease.acquire()
        await self.source.begin()
        await self.source.copy()

    async def die(self, link: Link) -> None:
        """As a SIGKILL, and the lease's time."""
        await link.command("DEL", KERNEL.lease)


async def text(link: Link) -> str:
    log = OutputLog(link, KERNEL)
    entries = [e for e in await log.read(BEGINNING) if e.kind == "iopub"]
    return "".join([(await log.content(e))["text"] for e in entries])


async def gaps(link: Link) -> int:
    return len([e for e in await OutputLog(link, KERNEL).read(BEGINNING) if e.kind == "gap"])


async def test_the_heir_writes_what_the_holder_did_not(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    one.hear(1, 2)
    two.hear(1, 2)
    await one.take_over()
    one.hear(3)
    await one.source.copy()
    two.hear(3, 4, 5)
    await two.ring.catch_up()
    await one.die(link)

    await two.take_over()

    assert await text(link) == "1 2 3 4 5 "
    assert await gaps(link) == 0


async def test_what_is_written_while_a_reply_comes_is_written_once(link: Link) -> None:
    one = Bridge(link, "w1")
    await one.take_over()
    one.hear(1, 2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.source.copy())
        tasks.create_task(one.source.copy())
    assert await text(link) == "1 2 "


async def test_what_the_log_has_before_our_socket_is_not_written_again(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    one.hear(1, 2, 3)
    await one.source.copy()
    await two.ring.catch_up()  # the store is quicker than its own socket
    two.hear(1, 2, 3, 4)
    await one.die(link)

    await two.take_over()

    assert await text(link) == "1 2 3 4 "


async def test_who_was_replaced_writes_nothing_more(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    one.hear(1)
    await one.source.copy()
    two.hear(1)
    await two.ring.catch_up()
    await one.die(link)
    await two.take_over()
    one.hear(2)
    two.hear(2)
    await two.source.copy()

    with pytest.raises(LeaseLost):
        await one.source.copy()
    assert await text(link) == "1 2 "


async def test_a_reply_that_comes_while_we_write_has_nothing_written_twice(link: Link) -> None:
    one = Bridge(link, "w1")
    await one.take_over()
    one.hear(1, 2)
    reply = Sender("s", b"").request("execute_reply", {"status": "ok"}, msg_id="r", date="d")
    async with asyncio.TaskGroup() as both:
        both.create_task(one.source.copy())
        both.create_task(one.source.reply(reply))

    assert await text(link) == "1 2 "
    kinds = [entry.kind for entry in await OutputLog(link, KERNEL).read(BEGINNING)]
    assert kinds == ["begin", "iopub", "iopub", "reply"]


async def test_a_bridge_that_came_late_says_that_something_may_be_missing(link: Link) -> None:
    one, late = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    one.hear(1)
    await one.source.copy()
    await one.die(link)
    late.hear(5)

    assert not late.ring.is_synced
    await late.take_over()

    assert await text(link) == "1 5 "
    assert await gaps(link) == 1


async def test_one_that_has_found_the_same_in_the_log_is_synced(link: Link) -> None:
    one, late = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    one.hear(1, 2)
    await one.source.copy()
    late.hear(2)
    await late.ring.catch_up()
    assert late.ring.is_synced


async def test_more_than_can_be_held_is_forgotten_and_said(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    one.hear(0)
    await one.source.copy()
    two.hear(0)
    await two.ring.catch_up()
    for number in range(1, MESSAGES_MAX + 3):
        two.ring.take(said(number), 1)
    assert not two.ring.is_synced
    await one.die(link)
    await two.take_over()
    assert await gaps(link) == 1


async def test_a_restart_is_noticed_by_its_new_session(link: Link) -> None:
    one = Bridge(link, "w1")
    one.hear(1)
    status = KernelMessage("status", "m0", "other", "", "", {}, {}, 0, "sig-other")
    assert not one.ring.restarted.is_set()
    one.ring.take(status, 1)
    assert one.ring.restarted.is_set()
