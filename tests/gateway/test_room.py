"""One room over two workers, on a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pycrdt import Doc, Text

from rtstore.gateway.place import Place
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.schema import feed, frames
from rtstore.tasks import until_set
from tests.gateway.team import ALL, ROOT, Worker, joined, make_document, running_worker, typed
from tests.support.stores import Store

Pair = tuple[Worker, Worker]


async def test_a_letter_typed_at_one_worker_appears_at_the_other(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    before = len(await log.read())
    async with joined(one, "ada") as ada, joined(two, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        assert ada.text == bob.text == "hello"
        await ada.type("!")
        await bob.until(lambda: bob.text == "hello!")
        entries = await log.read()
        assert [e.user for e in entries[before:]] == ["ada"]
        assert entries[-1].client == str(ada.doc.client_id)
        authors = await one.link.command("HGETALL", log.keys.authors)
        assert list(authors) == [str(ada.doc.client_id).encode()]


async def test_the_writer_does_not_get_its_own_update_back(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with joined(one, "ada") as ada, joined(one, "bob") as bob, joined(two, "eve") as eve:
        for person in (ada, bob, eve):
            await person.until(lambda p=person: p.synced)  # type: ignore[misc]
        await ada.type("1")
        await bob.until(lambda: bob.text == "hello1")
        await eve.until(lambda: eve.text == "hello1")
        await eve.type("2")
        await ada.until(lambda: ada.text == "hello12")
        assert (ada.updates, bob.updates + 1) == (1, 2)


async def test_joining_without_news_appends_nothing(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        await ada.type("x")
        length = 3  # epoch, import, x
        async with joined(two, "bob") as bob:
            await bob.until(lambda: bob.text == "hellox")
            async with joined(two, "eve", doc=bob.doc) as again:
                await again.until(lambda: again.synced)
                await again.type("y")
                await ada.until(lambda: ada.text == "helloxy")
        assert len(await log.read()) == length + 1


async def test_what_was_typed_offline_comes_in_with_the_sync(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    doc: Doc[Text] = Doc()
    doc.apply_update(typed("hello"))
    doc.get("source", type=Text).insert(5, " there")
    async with joined(one, "ada") as ada, joined(two, "bob", doc=doc):
        await ada.until(lambda: ada.text == "hello")
    async with joined(one, "ada") as ada, joined(two, "bob", doc=doc) as bob:
        await bob.until(lambda: bob.synced)
        await ada.until(lambda: ada.text == "hello there")


async def test_an_update_over_the_bound_closes_with_1009(store: Store) -> None:
    async with running_worker(store.url, "w1", update_bytes_max=2**16) as one:
        log = await make_document(one.link)
        async with joined(one, "ada") as ada:
            await ada.until(lambda: ada.synced)
            await ada.type("x" * 70_000)
            assert await ada.until_closed() == 1009
        assert len(await log.read()) == 2


async def test_rooms_that_are_none_close_with_4404(workers: Pair) -> None:
    for name in ("text:file:missing-1", "nonsense", "a:b:c d"):
        async with joined(workers[0], "ada", room=name) as ada:
            assert await ada.until_closed() == 4404


async def test_a_file_that_is_deleted_while_somebody_comes_in_is_gone(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = workers
    log = await make_document(one.link)
    has_file, files = Place.has_file, FileIndex(two.link, Keys().root(ROOT))
    was_asked = asyncio.Event()

    async def asked(self: Place) -> bool:
        told = await has_file(self)
        was_asked.set()
        return told

    listen = type(one.link).listen

    @asynccontextmanager
    async def deleted_before(self: Any, channel: str, heard: Any) -> AsyncIterator[None]:
        if channel == log.keys.feed:  # whoever asks before is told that the file is there
            await until_set(was_asked, within_s=10.0)
            assert await files.delete("a.txt")
            await two.link.command("SPUBLISH", channel, feed.notice("deleted"))
        async with listen(self, channel, heard):
            yield

    monkeypatch.setattr(Place, "has_file", asked)
    monkeypatch.setattr(type(one.link), "listen", deleted_before)
    async with joined(one, "ada") as ada:
        assert await ada.until_closed() == 1003


async def test_a_second_type_is_refused_with_the_reason(workers: Pair) -> None:
    await make_document(workers[0].link)
    async with joined(workers[0], "ada", room="json:notebook:doc-a.txt") as ada:
        assert await ada.until_closed() == 4400


async def test_a_session_of_another_deployment_is_refused_reloadably(workers: Pair) -> None:
    await make_document(workers[0].link)
    async with joined(workers[0], "ada", session="c-else.1.gen1") as ada:
        message = await ada.socket.receive()
        assert ada.socket.close_code == 1003
        assert '"reloadable":true' in str(message.extra)


async def test_a_reader_may_not_write(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    read = frozenset({"contents:read"})
    async with joined(one, "ada", rights=read) as ada, joined(two, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        await ada.type("no")
        await bob.type("!")
        await ada.until(lambda: ada.updates > 0)
        assert bob.text == "hello!"
        assert {e.user for e in await log.read()} == {"", "bob"}


async def test_nobody_joins_unsigned_or_without_the_right(workers: Pair) -> None:
    await make_document(workers[0].link)
    with pytest.raises(Exception, match="403"):
        async with joined(workers[0], "ada", rights=frozenset()):
            pass
    assert ALL


async def test_members_wait_for_the_import(workers: Pair) -> None:
    one, two = workers
    async with joined(one, "zoe", room="text:file:doc-b.txt"):
        pass
    from rtstore.redis_backend.file_index import FileIndex
    from rtstore.redis_backend.update_log import Origin, UpdateLog
    from rtstore.schema.ids import BEGINNING

    keys = Keys()
    await FileIndex(one.link, keys.root("c-test")).index("b.txt", fresh="doc-b.txt")
    log = UpdateLog(one.link, keys.document("doc-b.txt"), worker="k")
    place = {"server": "c-test", "path": "b.txt", "type": "file", "format": "text"}
    opened = await log.open(BEGINNING, gen="gen1", place=place)
    async with joined(two, "ada", room="text:file:doc-b.txt") as ada:
        await ada.say(1, user={})
        await ada.until(lambda: bool(ada.people))
        assert not ada.synced
        await log.append(typed("late"), Origin(), epoch=opened.epoch, tag=log.next_tag())
        await ada.until(lambda: ada.synced)
        await ada.until(lambda: ada.text == "late")


async def test_drain_closes_with_1012(store: Store) -> None:
    async with running_worker(store.url, "w1") as one:
        await make_document(one.link)
        async with joined(one, "ada") as ada:
            await ada.until(lambda: ada.synced)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(one.gateway.rooms.drain())
                assert await ada.until_closed() == 1012


async def test_a_save_is_answered_by_the_keeper_and_only_once(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    heard: list[bytes] = []
    async with two.link.listen(log.keys.feed, heard.append), joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        await ada.socket.send_bytes(b"\x02" + b"\x04save" + b"\x07")
        await ada.until_true(lambda: any(b'"save"' in one for one in heard))
        asked = next(one for one in heard if b'"save"' in one)
        answer = asked.replace(b'"save"', b'"saved"')[:-1] + b', "status": "success"}'
        await two.link.command("SPUBLISH", log.keys.feed, answer)
        await ada.until(lambda: bool(ada.raw))
        assert ada.raw == [frames.raw({"type": "save", "responseTo": 7, "status": "success"})]
