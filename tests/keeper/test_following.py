"""Following a kernel whose log no longer has all that was said."""

from __future__ import annotations

import asyncio

import pytest

from rtstore.keeper import kernel_outputs
from rtstore.keeper.charge import Charge
from rtstore.keeper.kernel_outputs import KernelOutputs
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.schema.run import OK, REQUESTED, SENT
from rtstore.tasks import background
from tests.keeper.following import KERNEL, RUN, Kernel
from tests.support.waiting import until


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
            cursor, _ = await book.cursor("k-1")
            return cursor == str(await kernel.log.end())

        await until(has_begun, what="it is followed, and the store knows")
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


async def test_who_saves_has_what_the_kernel_had_said(charge: Charge, link: Link) -> None:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    kernel, book = Kernel(link), RunBook(link, charge.keys)
    await kernel.log.begin("journal:1", {})
    await kernel.queue.add(RUN)
    outputs = KernelOutputs(charge, book, lambda _: KERNEL)
    async with background(outputs.run()):
        await link.command("HSET", charge.keys.follows, "k-1", 1)  # nobody has rung
        await kernel.say("status", execution_state="busy")
        for number in range(5):  # more often than it is written
            await kernel.say("stream", name="stdout", text=f"{number}\n")
            await outputs.until_written()
            said = charge.content()["cells"][0]["outputs"][0]["text"]
            assert said == "".join(f"{one}\n" for one in range(number + 1))


async def test_a_kernel_that_the_store_has_not_yet_is_followed_all_the_same(
    charge: Charge, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel, book, looked = Kernel(link), RunBook(link, charge.keys), asyncio.Event()
    is_gone = kernel_outputs._Follower._is_gone

    async def seen(self: kernel_outputs._Follower) -> bool:
        told = await is_gone(self)
        looked.set()
        return told

    monkeypatch.setattr(kernel_outputs._Follower, "_is_gone", seen)
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    outputs = KernelOutputs(charge, book, lambda _: KERNEL)
    async with background(outputs.run()):
        await looked.wait()
        await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
        await kernel.log.begin("journal:1", {})
        await kernel.queue.add(RUN)
        await kernel.say("stream", name="stdout", text="here")
        assert await book.kernels() == ["k-1"]
        await outputs.until_written()
        assert "here" in str(charge.content()["cells"][0]["outputs"])


async def test_a_kernel_that_stays_away_is_forgotten(
    charge: Charge, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_outputs, "GONE_S", 0.1)
    monkeypatch.setattr(kernel_outputs, "LOOK_S", 0.02)
    book = RunBook(link, charge.keys)
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    async with background(KernelOutputs(charge, book, lambda _: KERNEL).run()):

        async def is_forgotten() -> bool:
            return await book.kernels() == []

        await until(is_forgotten, what="it is forgotten")
