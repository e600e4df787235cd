"""Who has a socket open is asked about again, where they came without the extension's proxy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import ClientSession, WSServerHandshakeError

from rtstore.gateway import global_room
from rtstore.schema import frames
from rtstore.settings import Settings
from rtstore.tasks import background
from tests.gateway.fake_jupyter import READ, FakeJupyter, fake_jupyter
from tests.gateway.team import (
    PATIENCE_S,
    ROOT,
    Person,
    Worker,
    joined,
    make_document,
    running_worker,
)
from tests.support.stores import Store
from tests.support.waiting import until

EVERY_S = 0.3
ROOM = "text:file:doc-a.txt"


@pytest.fixture
async def jupyter() -> AsyncIterator[FakeJupyter]:
    async with fake_jupyter() as fake:
        yield fake


@pytest.fixture
async def one(store: Store, jupyter: FakeJupyter) -> AsyncIterator[Worker]:
    async with running_worker(
        store.url, "w1", jupyter_url=jupyter.url, reauth_s=EVERY_S
    ) as worker:
        await make_document(worker.link)
        yield worker


@asynccontextmanager
async def directly(worker: Worker, name: str, *, room: str = ROOM) -> AsyncIterator[Person]:
    """Somebody whose token is their name."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(ClientSession())
        params = {"sessionId": f"{ROOT}.1.gen1", "token": name}
        url = f"{worker.url}/api/collaboration/room/{room}"
        socket = await stack.enter_async_context(http.ws_connect(url, params=params))
        person = Person(socket, name)
        await socket.send_bytes(frames.sync_step1(person.doc.get_state()))
        yield person


async def _until_asked(jupyter: FakeJupyter, times: int) -> None:
    goal = jupyter.asked + times

    async def look() -> bool:
        return jupyter.asked >= goal

    await until(look, what="Jupyter is asked again", timeout_s=PATIENCE_S)


async def _until_taken_in(person: Person) -> None:
    """Until the worker has looked at all that they sent: it answers in that order."""
    person.was_told = False
    await person.socket.send_bytes(frames.sync_step1(person.doc.get_state()))
    await person.until(lambda: person.was_told)


@pytest.mark.parametrize("room", [ROOM, global_room.NAME])
async def test_who_signs_out_is_closed_and_cannot_come_back(
    one: Worker, jupyter: FakeJupyter, room: str
) -> None:
    async with directly(one, "ada", room=room) as ada, directly(one, "bob", room=room) as bob:
        await ada.until(lambda: ada.was_told)
        await bob.until(lambda: bob.was_told)
        jupyter.signed_out.add("ada")
        assert await ada.until_closed() == 1008
        assert ada.reason == "not signed in; sign in again"
        with pytest.raises(WSServerHandshakeError, match="403"):
            async with directly(one, "ada", room=room):
                pass
        await _until_asked(jupyter, 3)
        await bob.hear_for(0.05)
        assert not bob.socket.closed


async def test_who_may_not_read_any_more_is_closed(one: Worker, jupyter: FakeJupyter) -> None:
    async with directly(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        jupyter.rights["ada"] = []
        assert await ada.until_closed() == 1008
        assert ada.reason == "not allowed: contents:read; sign in again"


async def test_before_the_document_is_there_the_front_end_is_told_by_4403(
    one: Worker, jupyter: FakeJupyter
) -> None:
    """It waits for a keeper to import the file."""
    from rtstore.redis_backend.file_index import FileIndex
    from rtstore.redis_backend.keys import Keys
    from rtstore.redis_backend.update_log import UpdateLog
    from rtstore.schema.ids import BEGINNING

    await FileIndex(one.link, Keys().root(ROOT)).index("b.txt", fresh="doc-b.txt")
    log = UpdateLog(one.link, Keys().document("doc-b.txt"), worker="k")
    place = {"server": ROOT, "path": "b.txt", "type": "file", "format": "text"}
    await log.open(BEGINNING, gen="gen1", place=place)
    async with directly(one, "ada", room="text:file:doc-b.txt") as ada:
        jupyter.signed_out.add("ada")
        assert await ada.until_closed() == 4403


async def test_who_may_only_read_from_now_on_writes_no_more_until_they_may_again(
    one: Worker, jupyter: FakeJupyter
) -> None:
    async with directly(one, "ada") as ada, directly(one, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        room = await one.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
        member = next(m for m in room._fan.members() if m.identity.user.username == "ada")
        jupyter.rights["ada"] = [READ]
        await ada.until_true(lambda: not member.may_write)
        await ada.type("1")
        await _until_taken_in(ada)
        await bob.type("!")
        await ada.until(lambda: "!" in ada.text)
        assert {entry.user for entry in await room.place.log.read()} == {"", "bob"}

        del jupyter.rights["ada"]
        await ada.until_true(lambda: member.may_write)
        await ada.type("2")
        async with background(ada.hear_for(60)):  # it is asked for all that it has
            await bob.until(lambda: sorted(bob.text) == sorted("hello!12"))


async def test_while_jupyter_is_away_everybody_stays(one: Worker, jupyter: FakeJupyter) -> None:
    async with directly(one, "ada") as ada, directly(one, "bob") as bob:
        await ada.until(lambda: ada.synced)
        jupyter.is_away = True
        await _until_asked(jupyter, 4)
        await ada.type("!")
        await bob.until(lambda: bob.text == "hello!")
        jupyter.is_away = False
        jupyter.signed_out.add("ada")
        assert await ada.until_closed() == 1008


async def test_the_sockets_of_one_browser_need_one_question(
    store: Store, one: Worker, jupyter: FakeJupyter
) -> None:
    """Asked about one after the other, on any machine before an answer is old: that takes 2 s."""
    async with AsyncExitStack() as stack:
        seldom = running_worker(store.url, "w2", jupyter_url=jupyter.url, reauth_s=20.0)
        one = await stack.enter_async_context(seldom)
        tabs = [await stack.enter_async_context(directly(one, "ada")) for _ in range(10)]
        for tab in tabs:
            await tab.until(lambda tab=tab: tab.synced)  # type: ignore[misc]
        for watched in one.gateway.reauth._watched.values():
            watched.due = 0.0
        before = jupyter.asked

        async def all_were_asked_about() -> bool:
            now = asyncio.get_running_loop().time()
            return all(one.due > now for one in one_by_one)

        one_by_one = list(one.gateway.reauth._watched.values())
        await until(
            all_were_asked_about, what="all were asked about", timeout_s=PATIENCE_S, poll_s=0
        )
        assert jupyter.asked - before <= 2


async def test_whom_the_proxy_vouches_for_nobody_is_asked_about(
    one: Worker, jupyter: FakeJupyter
) -> None:
    async with joined(one, "ada") as ada, directly(one, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        assert len(one.gateway.reauth._watched) == 1
        jupyter.signed_out.add("ada")
        await _until_asked(jupyter, 3)
        await ada.hear_for(0.05)
        assert not ada.socket.closed


def test_by_default_it_takes_five_minutes() -> None:
    assert Settings.load().reauth_s == 300
