"""What bridges heard in common, and one of them, or the store, did not."""

from __future__ import annotations

from typing import Any

import pytest

from rtstore.errors import LeaseLost, StoreUnavailable
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kernel_message import Sender
from tests.kernel_bridge.listeners import KERNEL, Bridge, gaps, text


async def test_what_the_holder_never_heard_is_not_written_late(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    one.hear(2, 3)
    two.hear(1, 2, 3, 4)
    await one.take_over()
    await two.ring.catch_up()

    await one.die(link)
    await two.take_over()

    assert await text(link) == "2 3 4 "


@pytest.mark.parametrize("first", ["our socket", "the log", "the log, and lost before"])
@pytest.mark.parametrize("writer", ["the same", "another"])
async def test_what_the_store_lost_is_written_again(link: Link, writer: str, first: str) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    one.hear(1, 2)
    two.hear(1, 2)
    await one.take_over()
    kept = {key: await link.command("DUMP", key) for key in (KERNEL.out, KERNEL.meta)}
    one.hear(3, 4)
    if first == "our socket":
        two.hear(3, 4)
    await one.source.copy()
    for bridge in (one, two):
        await bridge.ring.catch_up()
    if first == "the log":
        two.hear(3, 4)
    for key, value in kept.items():
        await link.command("RESTORE", key, 0, value, "REPLACE")
    for bridge in (one, two):
        bridge.ring.store_changed(True)
        await bridge.ring.catch_up()
    if first == "the log, and lost before":
        two.hear(3, 4)
    one.hear(5)
    two.hear(5)

    await one.die(link)
    writing, listening = (one, two) if writer == "the same" else (two, one)
    await writing.take_over()
    assert await text(link) == "1 2 3 4 5 "
    await listening.ring.catch_up()
    assert listening.ring.unwritten() == []
    await writing.die(link)
    listening.hear(6)
    await listening.take_over()
    assert (await text(link), await gaps(link)) == ("1 2 3 4 5 6 ", 0)


async def test_a_store_that_lost_nothing_is_told_nothing_twice(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    one.hear(1, 2, 3)
    two.hear(1, 2, 3, 4)
    await one.take_over()
    await two.ring.catch_up()
    for bridge in (one, two):
        bridge.ring.store_changed(True)
        await bridge.ring.catch_up()

    assert one.ring.unwritten() == []
    await one.die(link)
    await two.take_over()
    assert await text(link) == "1 2 3 4 "


async def test_a_writer_that_goes_on_at_once_begins_with_what_was_lost(link: Link) -> None:
    one = Bridge(link, "w1")
    one.hear(1)
    await one.take_over()
    kept = await link.command("DUMP", KERNEL.out)
    one.hear(2)
    await one.source.copy()
    await link.command("RESTORE", KERNEL.out, 0, kept, "REPLACE")
    one.ring.store_changed(False)
    one.hear(3)
    await one.source.copy()
    assert await text(link) == "1 2 3 "


QUESTION = Sender("s", b"").request("input_request", {"prompt": "?"}, msg_id="q", date="d")


async def questions(link: Link) -> int:
    entries = await OutputLog(link, KERNEL).read(BEGINNING)
    return len([one for one in entries if one.type == "input_request"])


@pytest.mark.parametrize("is_written", [False, True])
async def test_a_question_that_came_while_the_store_was_away_is_written_once(
    link: Link, monkeypatch: pytest.MonkeyPatch, *, is_written: bool
) -> None:
    one = Bridge(link, "w1")
    await one.take_over()
    append = one.log.append

    async def cut(*args: Any, **options: Any) -> int:
        if is_written:  # and the answer was lost
            await append(*args, **options)
        raise StoreUnavailable("it went away")

    with monkeypatch.context() as away:
        away.setattr(one.log, "append", cut)
        with pytest.raises(StoreUnavailable):
            await one.source.reply(QUESTION)
    await one.die(link)
    await one.take_over()
    assert await questions(link) == 1


async def test_a_question_whose_bridge_had_lost_its_turn_is_written_in_its_next(
    link: Link,
) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    await one.die(link)  # by the lease: it only stood still
    await two.take_over()
    with pytest.raises(LeaseLost):
        await one.source.reply(QUESTION)
    await two.die(link)
    await one.take_over()
    assert await questions(link) == 1


async def test_a_question_that_the_store_lost_is_written_again(link: Link) -> None:
    one = Bridge(link, "w1")
    await one.take_over()
    kept = {key: await link.command("DUMP", key) for key in (KERNEL.out, KERNEL.meta)}
    await one.source.reply(QUESTION)
    assert await questions(link) == 1
    for key, value in kept.items():
        await link.command("RESTORE", key, 0, value, "REPLACE")
    one.ring.store_changed(True)
    await one.source.copy()
    assert await questions(link) == 1
