"""A store that forgot what was folded last, and people who bring it back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Map

from rtstore.keeper.charge import Charge
from rtstore.keeper.kernel_outputs import KernelOutputs
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.update_log import Origin
from rtstore.replica.replica import Replica
from rtstore.schema import feed
from rtstore.schema.feed import FeedEntry
from rtstore.schema.ids import EntryId
from rtstore.schema.run import OK, REQUESTED, SENT
from rtstore.tasks import background
from tests.keeper.following import KERNEL, RUN, Kernel, charge_of
from tests.support.waiting import until


class Memory:
    """What the store has of one document and its kernel, to be put back."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._kept: dict[bytes, bytes] = {}

    async def keep(self) -> None:
        keys = await self._link.command("KEYS", "rt:*")
        self._kept = {key: await self._link.command("DUMP", key) for key in keys}

    async def put_back(self) -> None:
        for key in await self._link.command("KEYS", "rt:*"):
            await self._link.command("DEL", key)
        for key, value in self._kept.items():
            await self._link.command("RESTORE", key, 0, value)


class Crowd:
    """The kernel, the notebook's keeper, and a room that holds all that it heard."""

    def __init__(self, link: Link, charge: Charge) -> None:
        self.link, self.charge = link, charge
        self.kernel, self.memory = Kernel(link), Memory(link)

    @property
    def cell(self) -> dict[str, Any]:
        told: dict[str, Any] = self.charge.content()["cells"][0]
        return told

    @property
    def state(self) -> str:
        return str(self.charge.replica.document.ycells[0].get("execution_state"))

    async def until(self, met: Callable[[], bool], what: str) -> None:
        """Until the document is so."""

        async def look() -> bool:
            async with self.charge.lock:
                await self.charge.settle()
            return met()

        await until(look, what=what)

    def keeping(self) -> Any:
        return background(
            _keep(self.charge, KernelOutputs(self.charge, self.book, lambda _: KERNEL))
        )

    @property
    def book(self) -> RunBook:
        return RunBook(self.link, self.charge.keys)

    async def lose(self) -> bytes:
        """The store is as it was; what a room holds."""
        await self.charge.replica.follower.catch_up()  # with what it had folded itself
        held = self.charge.replica.doc.get_update()
        last = self.charge.replica.follower.position
        await self.memory.put_back()
        opened = await self.charge.log.open(last, gen="g")
        assert (opened.verdict, opened.why) == ("unknown", "regressed")
        self.charge = await charge_of(self.link, self.charge.log)
        return held

    async def heal(self, held: bytes) -> EntryId:
        """A room brings back what it holds."""
        log = self.charge.log
        return await log.append(
            held, Origin(kind="h"), epoch=self.charge.epoch, tag=log.next_tag()
        )


async def _keep(charge: Charge, outputs: KernelOutputs) -> None:
    def heard(data: bytes) -> None:
        if isinstance(message := feed.parse(data), FeedEntry):
            charge.replica.follower.heard(message)

    async with charge.office.link.listen(charge.keys.feed, heard), asyncio.TaskGroup() as tasks:
        tasks.create_task(charge.replica.follower.run())
        tasks.create_task(outputs.run())


@pytest.fixture
async def crowd(link: Link, charge: Charge) -> Crowd:
    made = Crowd(link, charge)
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    await made.kernel.log.begin("journal:1", {})
    await made.kernel.queue.add(RUN)
    at = str(await made.kernel.log.end())
    await made.kernel.queue.change(RUN, SENT, when=(REQUESTED,), sent_at=at)
    await made.kernel.say("status", execution_state="busy")
    return made


async def say(kernel: Kernel, *numbers: int) -> None:
    for number in numbers:
        await kernel.say("stream", name="stdout", text=f"line {number}\n")
        told = {"data": {"text/plain": f"step {number}"}, "transient": {"display_id": "shown"}}
        await kernel.say("display_data" if number == 0 else "update_display_data", **told)


def expected(lines: int) -> list[dict[str, Any]]:
    later = "".join(f"line {number}\n" for number in range(1, lines))
    return [
        {"output_type": "stream", "name": "stdout", "text": "line 0\n"},
        {
            "output_type": "display_data",
            "data": {"text/plain": f"step {lines - 1}"},
            "metadata": {},
        },
        {"output_type": "stream", "name": "stdout", "text": later},
    ]


@pytest.mark.parametrize("healed", ["first", "in between", "when it is over"])
async def test_what_was_folded_twice_is_there_once(crowd: Crowd, healed: str) -> None:
    kernel = crowd.kernel
    async with crowd.keeping():
        await say(kernel, 0, 1, 2)
        await crowd.until(lambda: "step 2" in str(crowd.cell), "2 is there")
        await crowd.memory.keep()
        number = kernel.number
        await say(kernel, 3, 4, 5)
        await crowd.until(lambda: "step 5" in str(crowd.cell), "5 is there")
    held = await crowd.lose()
    if healed == "first":
        await crowd.heal(held)

    kernel.number = number  # its bridge finds what the log lacks
    await say(kernel, 3, 4, 5)
    async with crowd.keeping():
        await crowd.until(lambda: "step 5" in str(crowd.cell), "5 is there again")
        if healed == "in between":
            await crowd.heal(held)
        await say(kernel, 6)
        await crowd.until(lambda: "line 6" in str(crowd.cell), "6 is there")
        await kernel.queue.change(RUN, OK, count="7")
        await kernel.say("status", execution_state="idle")
        await crowd.until(lambda: crowd.cell["execution_count"] == 7, "it is over")
        if healed == "when it is over":
            at = await crowd.heal(held)
            await crowd.until(lambda: crowd.charge.replica.follower.position >= at, "it is back")
        await crowd.until(lambda: crowd.cell["outputs"] == expected(7), "all is there once")
        await crowd.until(lambda: crowd.state == "idle", "it is idle")


async def test_outputs_that_a_user_cleared_stay_away(crowd: Crowd) -> None:
    kernel = crowd.kernel
    async with crowd.keeping():
        await say(kernel, 0, 1)
        await crowd.until(lambda: "step 1" in str(crowd.cell), "1 is there")
        await crowd.memory.keep()
        await kernel.say("stream", name="stdout", text="lost\n")
        await crowd.until(lambda: "lost" in str(crowd.cell), "one more is there")
    held = await crowd.lose()
    await crowd.heal(held)

    async with crowd.keeping():
        await say(kernel, 2)
        await crowd.until(lambda: "step 2" in str(crowd.cell), "2 is there")
        peer = Replica(crowd.charge.log, "notebook")
        await peer.follower.start()
        await peer.settle()
        update = peer.changed(lambda document: document.ycells[0]["outputs"].clear())
        log = crowd.charge.log
        await log.append(update, Origin(), epoch=crowd.charge.epoch, tag=log.next_tag())
        await crowd.until(lambda: crowd.cell["outputs"] == [], "they are cleared")
        await kernel.say("stream", name="stdout", text="more\n")
        await crowd.until(lambda: bool(crowd.cell["outputs"]), "more is there")
        assert [output["text"] for output in crowd.cell["outputs"]] == ["more\n"]


@pytest.mark.parametrize("attempt", range(3))  # which setting counts depends on Yjs client ids
async def test_a_cell_that_says_nothing_is_idle_in_the_end(crowd: Crowd, attempt: int) -> None:
    kernel = crowd.kernel
    await crowd.memory.keep()
    async with crowd.keeping():
        await crowd.until(lambda: crowd.state == "running", "it runs")
    held = await crowd.lose()

    async with crowd.keeping():
        await kernel.queue.change(RUN, OK, count="7")
        await kernel.say("status", execution_state="idle")
        await crowd.until(lambda: crowd.cell["execution_count"] == 7, "it is over")
        at = await crowd.heal(held)
        await crowd.until(
            lambda: crowd.state == "idle" and crowd.charge.replica.follower.position >= at,
            "it is idle, whatever came back",
        )


async def test_a_run_that_the_store_forgot_shows_what_the_log_has_before_it(
    link: Link, charge: Charge
) -> None:
    crowd = Crowd(link, charge)
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    await crowd.kernel.log.begin("journal:1", {})
    await crowd.kernel.say("status", execution_state="busy")
    await say(crowd.kernel, 0, 1, 2)
    async with crowd.keeping():
        queue = crowd.kernel.queue
        await queue.add(RUN)
        await queue.change(RUN, SENT, when=(REQUESTED,), sent_at="0-0", put_back="1")
        await crowd.until(lambda: crowd.cell["outputs"] == expected(3), "all is there")


@pytest.mark.parametrize("is_long_over", [True, False])
async def test_outputs_of_a_run_that_was_over_long_before_are_others_to_change(
    crowd: Crowd, is_long_over: bool
) -> None:
    kernel, link = crowd.kernel, crowd.link
    async with crowd.keeping():
        await say(kernel, 0, 1, 2)
        await kernel.queue.change(RUN, OK, count="7")
        await crowd.until(lambda: crowd.cell["execution_count"] == 7, "it is over")
    await crowd.memory.keep()

    def change(document: Any) -> None:
        document.ycells[0]["outputs"].append(Map({"output_type": "display_data"}))

    update, log = crowd.charge.replica.changed(change), crowd.charge.log
    await log.append(update, Origin(), epoch=crowd.charge.epoch, tag=log.next_tag())
    await crowd.charge.replica.follower.catch_up()
    held = await crowd.lose()
    if is_long_over:
        await link.command("HSET", KERNEL.run(RUN.id), "ended", 1)
    async with crowd.keeping():
        await kernel.say("status", execution_state="idle")
        at = await crowd.heal(held)
        await crowd.until(lambda: crowd.charge.replica.follower.position >= at, "it is back")
        await crowd.until(lambda: len(crowd.cell["outputs"]) == 3 + is_long_over, "as it must be")
        await kernel.say("status", execution_state="idle")
        cursor = str(await kernel.log.end())

        async def is_followed() -> bool:
            return (await crowd.book.cursor("k-1"))[0] == cursor

        await until(is_followed, what="the kernel is followed")
        assert len(crowd.cell["outputs"]) == 3 + is_long_over
