"""Frames that are none: that socket is closed and told why, the log says it once, others go on."""

from __future__ import annotations

import logging
import struct

import pytest

from rtstore.gateway import global_room, penalties, sockets
from rtstore.schema import awareness, frames
from tests.gateway.team import Person, Worker, joined, make_document

Pair = tuple[Worker, Worker]

ROOM = "text:file:doc-a.txt"
BAD = {
    b"": "number at byte 0 does not end",
    b"\x00": "number at byte 1 does not end",
    b"\x00\x02\x05abc": "says 5 bytes at byte 2, has 3",
    b"\x63": "unknown message type 99",
    b"\x00\x02\x03abc": "update is cut short",
    b"\x01\x03\x01\x00\x00": "number at byte 3 does not end",
    b"\x00\x09\x00": "unknown sync step 9",
    b"\x03\x00": "1 bytes behind the frame",
    b"\x02\x03die\x01": "unknown request 'die'",
}


def _told_once(caplog: pytest.LogCaptureFixture, why: str) -> None:
    """One record, that says who and why."""
    (told,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert told.message.startswith("bad frame client=ada 127.0.0.1 ")
    assert f"why={why}" in told.message


def _has_to_wait(worker: Worker, room: str) -> None:
    """Ada alone; that the wait is not over yet would be a matter of luck."""
    (told,) = worker.gateway.penalties._until.items()
    client, (_, wait_s) = told
    assert (client, wait_s) == (f"ada 127.0.0.1 {room}", penalties.FIRST_S)


@pytest.mark.parametrize(("bad", "why"), BAD.items())
async def test_a_bad_frame_closes_that_socket_alone_and_appends_nothing(
    workers: Pair, bad: bytes, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(one, "ada") as ada, joined(one, "bob") as bob:
        await bob.until(lambda: bob.synced)
        before = len(await log.read())
        await ada.socket.send_bytes(bad)
        assert await ada.until_closed() == 1007
        assert ada.reason == why
        await bob.type("!")
        async with joined(two, "eve") as eve:
            await eve.until(lambda: eve.text == "hello!")
        assert len(await log.read()) == before + 1
    _told_once(caplog, why)
    _has_to_wait(one, ROOM)


async def test_a_text_message_is_a_bad_frame(
    workers: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    await make_document(workers[0].link)
    async with joined(workers[0], "ada") as ada:
        await ada.socket.send_str("hello")
        assert await ada.until_closed() == 1007
        assert ada.reason == "a text message; this protocol is binary"
    _told_once(caplog, ada.reason)


@pytest.mark.parametrize("room", [ROOM, global_room.NAME])
async def test_a_message_over_the_sockets_bound_closes_with_1009_before_it_is_read(
    workers: Pair, room: str, caplog: pytest.LogCaptureFixture
) -> None:
    one, _ = workers
    size = one.gateway.settings.update_bytes_max + sockets.FRAME_MORE_BYTES
    await make_document(one.link)
    async with joined(one, "ada", room=room) as ada:
        await ada.until(lambda: ada.was_told)
        _write(ada, b"\x82\xff" + struct.pack(">Q", size) + b"mask" + b"the first bytes of it")
        assert await ada.until_closed() == 1009
        assert ada.reason == f"a message of more than {size} bytes"
    _told_once(caplog, f"Message size {size} exceeds limit {size}")
    _has_to_wait(one, room)


async def test_what_is_no_websocket_frame_closes_with_1002(
    workers: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    await make_document(workers[0].link)
    async with joined(workers[0], "ada") as ada:
        await ada.until(lambda: ada.was_told)
        _write(ada, b"\xf2\x80mask")
        assert await ada.until_closed() == 1002
        assert ada.reason == "not a websocket frame"
    _told_once(caplog, "")


def _write(person: Person, data: bytes) -> None:
    """Bytes as they are, past the client's own framing."""
    connection = person.socket._response.connection
    assert connection is not None
    assert connection.transport is not None
    connection.transport.write(data)


async def test_in_the_global_room_a_bad_frame_is_one_also_when_its_turn_has_not_come(
    workers: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """The second message within a second waits; it is looked at when it comes."""
    one, _ = workers
    async with joined(one, "ada", room=global_room.NAME) as ada:
        await ada.until(lambda: ada.was_told)
        await ada.say(1, user={})
        big = [awareness.ClientState(n, 1, {"x": "y" * 40_000}) for n in range(40)]
        await ada.socket.send_bytes(frames.awareness(awareness.encode(big)))
        assert await ada.until_closed() == 1009
        assert ada.reason.startswith("awareness update of 16")
    _told_once(caplog, ada.reason)
    _has_to_wait(one, global_room.NAME)


async def test_who_repeats_bad_frames_has_to_wait_longer_each_time(workers: Pair) -> None:
    one, _ = workers
    await make_document(one.link)
    waits = one.gateway.penalties
    async with joined(one, "ada") as ada:
        await ada.socket.send_bytes(b"\x63")
        assert await ada.until_closed() == 1007
    _has_to_wait(one, ROOM)
    (client,) = waits._until
    assert waits.due(client) <= 1.0
    assert [waits.add(client) for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    assert waits.due(client) > 50
    async with joined(one, "bob") as bob:
        await bob.until(lambda: bob.synced)
