"""Who may write what of a kernel that keeps no journal: races in each order, without a kernel."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from rtstore.errors import LeaseLost
from rtstore.kernel_bridge import ring
from rtstore.kernel_bridge.ring import MESSAGE_BYTES_MAX
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputLog
from rtstore.schema.ids import BEGINNING
from rtstore.schema.kernel_message import KernelMessage, Sender
from tests.kernel_bridge.listeners import KERNEL, Bridge, gaps, said, text


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


async def test_who_joined_late_takes_no_reply_to_others_for_a_loss(link: Link) -> None:
    def numbered(number: int) -> KernelMessage:
        return replace(said(number), msg_id=f"s_1_{number}")

    holder, heir = Bridge(link, "w1"), Bridge(link, "w2")
    await holder.take_over()
    idle = replace(
        numbered(4),  # 3 was the reply
        msg_type="status",
        content={"execution_state": "idle"},
        parent="of another",
        parent_type="kernel_info_request",
    )
    for message in (numbered(1), numbered(2), idle, numbered(5)):
        holder.ring.take(message, 100)
    await holder.source.copy()
    await heir.ring.catch_up()  # its socket is there from 5 on
    heir.ring.take(numbered(5), 100)
    for bridge in (holder, heir):
        bridge.ring.take(numbered(6), 100)
    await holder.die(link)

    await heir.take_over()
    heir.ring.take(numbered(7), 100)
    await heir.source.copy()
    entries = await OutputLog(link, KERNEL).read(BEGINNING)
    assert [e.msg_id for e in entries if e.kind == "iopub"] == [
        f"s_1_{n}" for n in (1, 2, 4, 5, 6, 7)
    ]
    assert [e.type for e in entries if e.kind == "gap"] == []


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


async def test_more_than_can_be_held_is_forgotten_and_said(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "MESSAGES_MAX", 1000)  # more at once takes long
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    one.hear(0)
    await one.source.copy()
    two.hear(0)
    await two.ring.catch_up()
    for number in range(1, 1003):
        two.ring.take(said(number), 1)
    assert not two.ring.is_synced
    await one.die(link)
    await two.take_over()
    assert await gaps(link) == 1


def counted(
    number: int,
    msg_type: str = "stream",
    *,
    state: str = "",
    asked: str = "execute",
    parent: str = "run",
) -> KernelMessage:
    """One that has a number in its id, as ipykernel's have."""
    content = {"execution_state": state} if state else {"name": "stdout", "text": f"{number} "}
    name = f"s_7_{number}"
    return KernelMessage(
        msg_type, name, "s", parent, "", {}, content, 0, f"sig{number}", f"{asked}_request", "us"
    )


async def told(link: Link) -> list[str]:
    """What the log says in its order: texts, states, and why something is missing."""
    log, found = OutputLog(link, KERNEL), []
    for entry in await log.read(BEGINNING):
        content = await log.content(entry)
        if entry.kind == "gap":
            found.append(f"gap: {content['why']}")
        elif entry.kind == "iopub":
            found.append(str(content.get("text") or content.get("execution_state")).strip())
    return found


def reply(number: int) -> list[bytes]:
    """Frames of an execute_reply with this number."""
    frames = Sender("s", b"").request("execute_reply", {}, msg_id=f"s_7_{number}", date="")
    parent = {"msg_id": "run", "msg_type": "execute_request"}
    return [*frames[:3], json.dumps(parent).encode(), *frames[4:]]


async def test_what_the_writer_itself_forgets_is_said(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "MESSAGES_MAX", 10)
    one = Bridge(link, "w1")
    await one.take_over()
    one.hear(0)
    await one.source.copy()
    one.hear(*range(1, 13))  # as while the store is away
    await one.source.copy()
    one.hear(13)
    await one.source.copy()
    missing = "gap: more was said than could be written"
    assert await told(link) == ["0", missing, "12", "13"]


async def test_of_a_message_that_is_too_large_it_is_said_where_it_is_missing(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    for bridge in (one, two):
        bridge.hear(1)
        bridge.ring.take(said(2), MESSAGE_BYTES_MAX + 1)
        bridge.hear(3)
    await one.source.copy()
    await two.ring.catch_up()
    await one.die(link)
    await two.take_over()
    assert await told(link) == ["1", "gap: it was more than 64 MB", "3"]


async def test_what_the_kernel_dropped_is_said_where_it_is_missing(link: Link) -> None:
    one = Bridge(link, "w1")
    await one.take_over()
    for message in (counted(0, "status", state="busy"), counted(2, "status", state="idle")):
        one.ring.take(message, 100)  # with a reply that others got
    for number in (3, 7, 8):
        one.ring.take(counted(number), 100)
    await one.source.copy()
    one.ring.take(counted(9), 100)
    await one.source.copy()
    missing = "gap: 3 messages were not heard"
    assert await told(link) == ["busy", "idle", "3", missing, "7", "8", "9"]


async def test_a_reply_is_not_missing_whoever_it_was_for(link: Link) -> None:
    one = Bridge(link, "w1")
    await one.take_over()
    one.ring.take(counted(1), 100)
    theirs = {"asked": "complete", "parent": "theirs"}
    one.ring.take(counted(2, "status", state="busy", **theirs), 100)
    one.ring.take(counted(4, "status", state="idle", **theirs), 100)
    await one.source.copy()
    one.ring.take(counted(6, "status", state="idle"), 100)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.source.copy())
        tasks.create_task(one.source.reply(reply(5)))
    one.ring.take(counted(7), 100)
    await one.source.copy()
    assert await told(link) == ["1", "busy", "idle", "idle", "7"]


async def test_the_heir_does_not_say_again_what_the_one_before_it_said(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    for number in (1, 2, 6):
        one.ring.take(counted(number), 100)
        two.ring.take(counted(number), 100)
    await one.source.copy()
    await one.die(link)
    two.ring.take(counted(7), 100)
    await two.take_over()
    assert await told(link) == ["1", "2", "gap: 3 messages were not heard", "6", "7"]


async def test_what_only_the_log_has_is_not_missing_to_the_heir(link: Link) -> None:
    one, two = Bridge(link, "w1"), Bridge(link, "w2")
    await one.take_over()
    for number in (1, 2, 3):
        one.ring.take(counted(number), 100)
    await one.source.copy()
    await one.source.reply(reply(4))
    await one.die(link)
    for message in (counted(1), counted(5, "status", state="idle")):
        two.ring.take(message, 100)
    await two.take_over()
    assert await told(link) == ["1", "2", "3", "idle"]


async def test_what_comes_with_a_reply_is_written_once(link: Link) -> None:
    one = Bridge(link, "w1")
    await one.take_over()
    one.ring.take(counted(1), 100)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(one.source.copy())
        tasks.create_task(one.source.reply(reply(2)))
    assert await told(link) == ["1"]


async def test_a_restart_is_noticed_by_its_new_session(link: Link) -> None:
    one = Bridge(link, "w1")
    one.hear(1)
    assert not one.ring.restarted.is_set()
    one.ring.take(said(1, "other"), 1)  # whatever is heard first of it
    assert one.ring.restarted.is_set()
    one.ring.restarted.clear()
    one.hear(2)  # it may come late
    assert not one.ring.restarted.is_set()
