"""A store that was killed comes back without its last second: nothing is done a second time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rtstore.jupyter import actions
from rtstore.jupyter.actions import Actions
from rtstore.jupyter.ends import Ends
from rtstore.redis_backend.action_book import ActionBook, Record
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.tasks import background
from tests.support.stores import Store, start_store
from tests.support.waiting import until

ROOT = Keys().root("c1")
ASKED = {
    "id": "once-1",
    "action": "contents.delete",
    "params": {"path": "a"},
    "by": "",
    "state": "requested",
    "requested": 2**53,  # never too long ago
    "began": None,
    "ended": None,
    "result": None,
    "error": None,
}


class Deeds:
    """Does nothing, and counts."""

    def __init__(self) -> None:
        self.done = 0
        self.may_end = asyncio.Event()

    async def do(self, record: Record) -> Any:
        self.done += 1
        await self.may_end.wait()
        return f"the deed number {self.done}"


class Server:
    """What a test needs of a server that takes actions."""

    def __init__(self, link: Link) -> None:
        self.link, self.book, self.deeds = link, ActionBook(link, ROOT), Deeds()

    async def until(self, met: Callable[[Record], bool]) -> Record:
        async def look() -> Any:
            return (found := await self.book.get("once-1")) and met(found) and found

        return dict(await until(look, what="the record says so") or {})

    async def put_back(self, record: Record, *, is_waiting: bool) -> None:
        """As a store that was killed has it."""
        await self.link.command("HSET", ROOT.live("actions"), "once-1", _text(record))
        if is_waiting:
            await self.link.command("RPUSH", ROOT.live("waiting"), "once-1")

    async def is_told_again(self) -> None:
        """It ended as the first did, and nobody does it, or waits for it, any more."""
        ended = await self.until(lambda one: one["state"] == "ok")
        assert ended["result"] == "the deed number 1"
        assert await self.book.waiting() == []
        assert self.deeds.done == 1


def _text(record: Record) -> str:
    return json.dumps(record, separators=(",", ":"))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with start_store(tmp_path) as running:
        yield running


@pytest.fixture
async def server(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(actions, "LOOK_S", 0.05)
    monkeypatch.setattr(actions, "ADOPT_S", 0.05)
    async with connect(store.url, name="test") as link, taking(link, "this") as made:
        yield made


@asynccontextmanager
async def taking(link: Link, instance: str) -> AsyncIterator[Server]:
    server = Server(link)
    deeds: Any = server.deeds

    async def no(_: object) -> bool:
        return False

    taker = Actions(server.book, deeds, instance=instance, is_alive=no, is_elsewhere=no)
    async with background(taker.run(link, ROOT.live("feed"))):
        yield server


async def test_what_is_being_done_is_not_begun_once_more(server: Server) -> None:
    await server.book.ask(ASKED)
    await server.until(lambda one: one["state"] == "in progress")
    await server.put_back(ASKED, is_waiting=True)
    again = await server.until(lambda one: one["state"] == "in progress")
    assert again["by"] == "this"
    server.deeds.may_end.set()
    await server.is_told_again()


async def test_an_end_is_told_of_what_is_to_be_done_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "LOOK_S", 3600.0)  # so that it ends before that is looked at
    await server.book.ask(ASKED)
    await server.until(lambda one: one["state"] == "in progress")
    await server.put_back(ASKED, is_waiting=True)
    server.deeds.may_end.set()
    await server.is_told_again()


@pytest.mark.parametrize("state", ["requested", "in progress"])
async def test_what_was_done_is_neither_done_again_nor_lost(server: Server, state: str) -> None:
    server.deeds.may_end.set()
    await server.book.ask(ASKED)
    ended = await server.until(lambda one: one["state"] == "ok")
    before = ASKED if state == "requested" else ASKED | {"state": state, "by": ended["by"]}
    for _ in range(3):
        await server.put_back(before, is_waiting=state == "requested")
        await server.until(lambda one: one["ended"] is not None)
        await server.is_told_again()
    assert await server.book.get("once-1") == ended


async def test_a_store_that_forgot_it_altogether_is_told_its_end(server: Server) -> None:
    await server.book.ask(ASKED)
    await server.until(lambda one: one["state"] == "in progress")
    await server.link.command("FLUSHALL")
    server.deeds.may_end.set()
    await server.is_told_again()


async def test_nobody_is_taken_for_gone_when_the_store_is_just_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "HEARD_S", 3600.0)  # however long six looks take
    another = ASKED | {"state": "in progress", "by": "another"}
    await server.put_back(another, is_waiting=False)
    looks: list[int] = []
    read_all = ActionBook.all

    async def counted(book: ActionBook) -> list[Record]:
        looks.append(1)
        return await read_all(book)

    monkeypatch.setattr(ActionBook, "all", counted)

    async def has_looked() -> bool:
        return len(looks) > 5

    await until(has_looked, what="it looks at what others do")
    assert await server.book.get("once-1") == another


def test_ends_are_bounded_by_number_and_size() -> None:
    ends = Ends(number_max=3, bytes_max=1000)
    for number in range(5):
        ends.add({"id": str(number), "result": "x"})
    assert [ends.get(str(number)) is not None for number in range(5)] == [
        False,
        False,
        *[True] * 3,
    ]
    ends.add({"id": "large", "result": "x" * 2000})
    assert ends.get("large") is not None
    assert ends.get("4") is None
