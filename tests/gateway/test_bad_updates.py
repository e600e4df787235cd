"""Updates that are none, however large, and logs that hold some: whose fault that is."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from pycrdt import Doc, Text

from rtstore.redis_backend.update_log import Origin
from rtstore.schema import frames, updates
from rtstore.schema.varint import write_bytes, write_uint
from tests.gateway.team import Worker, joined, make_document, typed

Pair = tuple[Worker, Worker]

LARGE = 2 * updates.SCAN_BYTES_MAX
_TEXT = b"\x01\x09\x00\x04\x01\x01t" + write_bytes(b"x" * LARGE)
"""One group: a long text of client 9."""
_FAR = b"\x01\x07" + write_uint(2**32 + 5) + b"\x04\x01\x01t\x01a"
"""One group: a letter of client 7 at a clock that nobody reaches."""


@pytest.mark.parametrize(
    "update",
    [
        b"\x01" + _TEXT + b"\x00" + b"more",
        b"\x02" + _TEXT + _FAR + b"\x00",
        b"\x01" + _TEXT + b"\x01\x07\x01" + write_uint(2**40) + b"\x01",
    ],
    ids=["bytes behind", "clock", "delete"],
)
@pytest.mark.parametrize("message", [frames.update, frames.sync_step2])
async def test_a_large_bad_update_closes_its_sender_and_reaches_nobody(
    workers: Pair, update: bytes, message: Callable[[bytes], bytes]
) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(one, "eve") as eve, joined(two, "bob") as bob:
        await eve.until(lambda: eve.synced)
        await bob.until(lambda: bob.synced)
        await eve.socket.send_bytes(message(update))
        assert await eve.until_closed() == 1007
        await bob.type("!")
        async with joined(one, "ada", doc=Doc()) as ada:
            await ada.until(lambda: ada.text == "hello!")
    assert [len(e.update) > LARGE for e in await log.read()] == [False] * 3


async def test_a_large_update_is_looked_through_beside_the_event_loop_and_in_its_turn(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = workers
    log = await make_document(one.link)
    check, goes_on, threads = updates.check, threading.Event(), []

    def slow(update: bytes) -> updates.Scan:
        if len(update) > LARGE:
            threads.append(threading.current_thread())
            assert goes_on.wait(60)
        return check(update)

    monkeypatch.setattr(updates, "check", slow)
    async with joined(one, "ada") as ada, joined(one, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        await ada.type("x" * (LARGE + 1))
        await ada.type("!")
        async with joined(two, "eve") as eve:
            await bob.type("b")
            await eve.until(lambda: "b" in eve.text)
            assert len(eve.text) == len("hellob"), "nobody waits for ada"
            goes_on.set()
            await eve.until(lambda: len(eve.text) == len("hellob!") + LARGE + 1)
    assert threads
    assert threading.main_thread() not in threads
    assert [e.user for e in (await log.read())[2:]] == ["bob", "ada", "ada"]


async def test_what_the_log_holds_is_not_the_fault_of_who_joins(workers: Pair) -> None:
    """As of a worker that checked less: a struct that waits, at a clock that nobody reaches."""
    one, two = workers
    log = await make_document(one.link)
    doc: Doc[Text] = Doc()
    doc.apply_update(typed("hello"))
    text = doc.get("source", type=Text)
    state = doc.get_state()
    del text[0:1]
    bad = b"\x01\x01\x07" + write_uint(2**31 + 5) + b"\x04\x01\x01t\x01a\x00"
    with pytest.raises(Exception, match="counts to"):
        updates.scan(bad)
    for update in (bad, doc.get_update(state)):
        await log.append(update, Origin(), epoch=1, tag=log.next_tag())

    async with joined(one, "bob", doc=doc) as bob:
        await bob.until(lambda: bob.synced)
        await bob.type("!")
        async with joined(two, "ada") as ada:
            await ada.until(lambda: ada.text == "ello!")
            await ada.type("?")
            await bob.until(lambda: bob.text == "ello!?")
    assert not one.gateway.penalties._until
    assert not two.gateway.penalties._until
