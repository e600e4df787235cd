"""How much of what a kernel says goes into a document at once."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import pytest

from rtstore.keeper import kernel_outputs
from rtstore.keeper.batch import CHARS_MAX, HELD_CHARS_MAX, Batch
from rtstore.keeper.kernel_outputs import KernelOutputs
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema.run import OK, REQUESTED, RUNNING
from rtstore.schema.said import Said
from rtstore.tasks import background
from tests.keeper.following import KERNEL, RUN, ChargeAlone, Kernel
from tests.support.waiting import until

IMAGE = CHARS_MAX // 8


def said(type_: str, display_id: str = "") -> Said:
    content = {"transient": {"display_id": display_id}}
    return Said("1-1", "iopub", type_, "run", content, 0)


def test_what_is_written_fills_a_batch() -> None:
    batch = Batch()
    for _ in range(7):
        batch.add(said("display_data"), IMAGE)
        assert not batch.is_full
    batch.add(said("display_data"), IMAGE)
    assert batch.is_full


def test_what_is_replaced_fills_it_only_when_it_is_much() -> None:
    cleared, updated = Batch(), Batch()
    for _ in range(100):
        cleared.add(said("clear_output"), 0)
        cleared.add(said("display_data"), IMAGE)
        updated.add(said("update_display_data", "a"), IMAGE)
        updated.add(said("update_display_data", "b"), IMAGE)
    assert not cleared.is_full
    assert not updated.is_full
    cleared.add(said("clear_output"), HELD_CHARS_MAX)
    assert cleared.is_full


async def test_a_thousand_images_in_one_place_are_a_few_in_the_document(
    charge: ChargeAlone, link: Link
) -> None:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    kernel, book = Kernel(link), RunBook(link, charge.keys)
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    await kernel.log.begin("journal:1", {})
    await kernel.queue.add(RUN)
    await kernel.say("status", execution_state="busy")
    for number in range(1000):
        await kernel.say("clear_output", wait=True)
        await kernel.say(
            "display_data", data={"image/png": "x" * 20_000, "text/plain": str(number)}
        )

    async with background(KernelOutputs(charge, book, lambda _: KERNEL).run()):

        async def is_shown() -> bool:
            return "'999'" in str(charge.content()["cells"][0]["outputs"])

        await until(is_shown, what="the last one is shown", timeout_s=90)
    log = await UpdateLog(link, charge.keys, worker="t").load()
    assert sum(len(entry.update) for entry in log.entries) < 20 * 20_000


async def test_what_is_said_above_a_question_is_written_the_less_often_the_more_it_is(
    charge: ChargeAlone, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_outputs, "REWRITTEN_CHARS_PER_S", 100_000)
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    kernel, book = Kernel(link), RunBook(link, charge.keys)
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    await kernel.log.begin("journal:1", {})
    await kernel.queue.add(RUN)
    await kernel.say("status", execution_state="busy")
    await kernel.say("stream", name="stdout", text="x" * 100_000)
    await kernel.queue.change(RUN, RUNNING, when=(REQUESTED,), said="asks", prompt="Who?")

    def outputs() -> str:
        return str(charge.content()["cells"][0]["outputs"])

    loop, put = asyncio.get_running_loop(), kernel_outputs._Follower._put
    written: list[tuple[float, str]] = []

    async def timed(self: kernel_outputs._Follower, *given: Any) -> None:
        began_s = loop.time()
        await put(self, *given)
        written.append((began_s, outputs()))  # and it is settled when more may be

    monkeypatch.setattr(kernel_outputs._Follower, "_put", timed)

    async def until_written(text: str) -> None:
        async def look() -> bool:
            return bool(written) and text in written[-1][1]

        await until(look, what=f"{text} is written")

    async with background(KernelOutputs(charge, book, lambda _: KERNEL).run()):
        await until_written("Who?")
        monkeypatch.setattr(kernel_outputs, "PAUSE_MAX_S", 3600.0)
        monkeypatch.setattr(kernel_outputs, "REWRITTEN_CHARS_PER_S", 1)
        await kernel.say("stream", name="stdout", text="more")
        await until_written("more")
        *_, (before_s, _), (then_s, _) = written
        assert then_s - before_s > 1.0
        await kernel.queue.change(RUN, OK)

        async def is_over() -> bool:
            return "Who?" not in outputs()

        await until(is_over, what="it is over, and nobody waited an hour")


async def test_large_outputs_are_not_all_in_memory_at_once(
    charge: ChargeAlone, link: Link
) -> None:
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    kernel, book = Kernel(link), RunBook(link, charge.keys)
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    await kernel.log.begin("journal:1", {})
    await kernel.queue.add(RUN)
    await kernel.say("status", execution_state="busy")
    for number in range(30):
        await kernel.say("display_data", data={"text/plain": f"{number}: " + "y" * 2_000_000})
    tracemalloc.start()
    try:
        async with background(KernelOutputs(charge, book, lambda _: KERNEL).run()):

            async def is_shown() -> bool:
                return len(charge.content()["cells"][0]["outputs"]) == 30

            await until(is_shown, what="the last one is shown", timeout_s=90)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000
