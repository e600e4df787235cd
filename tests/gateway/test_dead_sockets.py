"""A socket that died a moment ago: its room does not know yet, and must not stumble over it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from rtstore.gateway.member import Member
from rtstore.gateway.room import Room
from tests.gateway.team import Person, Worker, joined, make_document, running_worker
from tests.support.stores import Store, start_store
from tests.support.waiting import until


def on_uvloop(story: Coroutine[Any, Any, None]) -> None:
    """As workers run. Its transports raise where asyncio's own keep silent."""
    uvloop.run(story)


@asynccontextmanager
async def _two(
    worker: Worker, name: str, other: str
) -> AsyncIterator[tuple[Room, Person, Person]]:
    """The room, its second member and its first, to whom it sends before the second."""
    async with joined(worker, name) as first:
        await first.until(lambda: first.synced)
        async with joined(worker, other) as second:
            await second.until(lambda: second.synced)
            room = await worker.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
            yield room, second, first


async def _until_writes_raise(member: Member) -> None:
    async def look() -> bool:
        try:
            member.outbox._transport.write(b"")
        except RuntimeError:
            return True
        return False

    await until(look, what="the transport is closed", poll_s=0)


def test_what_comes_just_after_a_socket_died_reaches_everybody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with start_store(tmp_path) as store, running_worker(store.url, "w1") as one:
            await make_document(one.link)
            async with _two(one, "dead", "bob") as (room, bob, _):
                first, _ = room._fan.members()
                leave = room.leave

                def does_not_hear_yet(member: Member) -> None:
                    if member is not first:
                        leave(member)

                room.leave = does_not_hear_yet  # type: ignore[method-assign]
                first.outbox.abort()
                await _until_writes_raise(first)
                assert first in room._fan, "the room does not know yet"

                async with joined(one, "ada") as ada:
                    await ada.until(lambda: ada.synced)
                    await ada.type("!")
                    await bob.until(lambda: bob.text == "hello!")
                    first.send(b"")  # what is meant for it alone is dropped as quietly
                leave(first)

    on_uvloop(story())
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_a_socket_that_fails_is_cut_off_and_the_others_hear(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_worker(store.url, "w1") as one:
        await make_document(one.link)
        async with _two(one, "odd", "bob") as (room, bob, odd):
            first = room._fan.members()[0]
            first.outbox._transport = _Odd(first)
            async with joined(one, "ada") as ada:
                await ada.until(lambda: ada.synced)
                await ada.type("!")
                await bob.until(lambda: bob.text == "hello!")
            assert await odd.until_closed() == 1006
    assert "socket failed" in caplog.text


class _Odd:
    """A transport with a bug."""

    def __init__(self, member: Member) -> None:
        self.abort = member.outbox.abort

    def write(self, _: bytes) -> None:
        raise ValueError("a bug")

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


async def test_an_entry_whose_delivery_failed_is_read_and_delivered_again(store: Store) -> None:
    async with running_worker(store.url, "w1") as one:
        await make_document(one.link)
        async with _two(one, "ada", "bob") as (room, bob, ada):
            send, failed = room._fan.send, asyncio.Event()

            def fails_once(message: bytes, *, but: Member | None = None) -> None:
                if message[:2] == b"\x00\x02" and not failed.is_set():
                    failed.set()
                    raise ValueError("a bug")
                send(message, but=but)

            room._fan.send = fails_once  # type: ignore[method-assign]
            await ada.type("!")
            await bob.until(lambda: bob.text == "hello!")
            assert failed.is_set()
