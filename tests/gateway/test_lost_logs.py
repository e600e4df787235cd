"""Logs that are not what they were: rooms put back what they hold, or end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Text

from rtstore.errors import StoreUnavailable
from rtstore.gateway import place
from rtstore.redis_backend.drafts import Drafts
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Loaded, Origin, UpdateLog
from rtstore.schema import feed
from rtstore.schema.ids import BEGINNING, EntryId
from tests.gateway.team import PATIENCE_S, ROOT, Worker, joined, make_document, typed
from tests.gateway.test_last_words import until_closed
from tests.support.losing import lose_the_end, somebody_opens
from tests.support.waiting import until

Pair = tuple[Worker, Worker]
APP_ROOM = "app:app:app.list"


async def type_and_leave(worker: Worker, text: str) -> None:
    """The room stays a while, with nobody in it who could say what it was."""
    async with joined(worker, "ada") as ada:
        await ada.until(lambda: ada.synced)
        for letter in text:
            await ada.type(letter)
        async with joined(worker, "eve") as eve:
            await eve.until(lambda: eve.text == f"hello{text}")


async def until_healed(log: UpdateLog, *, count: int = 1) -> None:
    async def is_healed() -> bool:
        return [entry.kind for entry in await log.read()].count("h") >= count

    await until(is_healed, what="a room puts back what it has")


async def hears(worker: Worker, other: Worker, log: UpdateLog, notice: str) -> None:
    """`other` says it, and upon that the worker's room has read its log anew."""
    room = await worker.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
    replace, was_read = room._follower._replace, asyncio.Event()

    def read(loaded: Loaded) -> None:
        replace(loaded)
        was_read.set()

    room._follower._replace = read
    await other.link.command("SPUBLISH", log.keys.feed, feed.notice(notice))
    async with asyncio.timeout(PATIENCE_S):
        await was_read.wait()


async def reads(worker: Worker) -> str:
    """What somebody sees who comes now."""
    async with joined(worker, "bob") as bob:
        await bob.until(lambda: bob.synced)
        return bob.text


async def _reads(worker: Worker, text: str) -> bool:
    return await reads(worker) == text


async def test_an_end_that_was_lost_is_put_back_though_another_opened_it_first(
    workers: Pair,
) -> None:
    one, two = workers
    log = await make_document(one.link)
    await type_and_leave(one, "abc")
    await lose_the_end(two.link, log, left=2)

    opened = await somebody_opens(two.link, log)

    assert (opened.why, opened.tail) == ("server", EntryId(2, 0))
    await until_healed(log)
    assert await reads(two) == "helloabc"


async def test_what_could_not_be_put_back_is_put_back_later(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = workers
    log = await make_document(one.link)
    await type_and_leave(one, "abc")
    failed: list[str] = []
    append = UpdateLog.append

    async def fails_once(self: UpdateLog, update: bytes, origin: Origin, **more: Any) -> EntryId:
        if origin.kind == "h" and not failed:
            failed.append(origin.kind)
            raise StoreUnavailable("cut")
        return await append(self, update, origin, **more)

    monkeypatch.setattr(UpdateLog, "append", fails_once)
    await two.link.command("DEL", log.keys.log, log.keys.meta)
    await two.link.command("SPUBLISH", log.keys.feed, feed.notice("unmade"))

    await until_healed(log)
    assert failed
    assert await reads(two) == "helloabc"


async def test_who_lacks_causes_asks_and_a_room_without_people_answers(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    await type_and_leave(one, "abc")
    await lose_the_end(two.link, log, left=2)  # nobody has noticed
    await two.link.command("HDEL", log.keys.meta, "srv")
    await two.link.command("HSET", log.keys.meta, "srv", two.link.server)

    await two.link.command("SPUBLISH", log.keys.feed, feed.notice("ask"))

    await until_healed(log)
    assert await reads(two) == "helloabc"


async def test_what_was_put_into_quarantine_is_not_put_back(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    await type_and_leave(one, "abc")
    [bad] = [entry for entry in await log.read() if entry.id == EntryId(1, 4)]
    await log.append(str(bad.id).encode(), Origin(kind="q"), epoch=1, tag=log.next_tag())
    await until(lambda: _reads(one, "helloab"), what="the room heard of it")
    await hears(one, two, log, "ask")
    async with joined(one, "ada", acknowledge="1") as ada:
        await ada.until(lambda: ada.synced)
        await ada.type("d")
        await ada.until(lambda: ada.stored[-1:] == [2])  # with the answer to the sync step 1

    assert "h" not in [entry.kind for entry in await log.read()]
    assert "c" not in await reads(two)


async def test_a_log_that_was_begun_again_under_a_room_takes_nothing_of_it(
    workers: Pair,
) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(one, "ada", acknowledge="1") as ada:
        await ada.until(lambda: ada.synced)
        await ada.type(" world")
        await ada.until(lambda: ada.stored[-1:] == [2])
        await two.link.command("DEL", log.keys.log, log.keys.meta)

        await somebody_opens(two.link, log)

        assert (await until_closed(ada))[0] == 1003
    assert [entry.kind for entry in await log.read() if entry.kind != "e"] == []


async def test_a_forgotten_document_is_waited_for_by_who_comes(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "HELD_S", 60.0)
    one, two = workers
    keys = Keys().document("app.list")
    log = UpdateLog(one.link, keys, worker="keeper")
    where = {"server": ROOT, "path": "list", "type": "app", "format": "app"}
    await log.open(BEGINNING, gen="gen1", place=where)
    await log.append(typed("milk"), Origin(), epoch=1, tag=log.next_tag())
    async with joined(one, "ada", room=APP_ROOM) as ada:
        await ada.until(lambda: ada.synced)
        await two.link.command("FLUSHALL")

        room, session = await two.session("list", "app", "app")

        assert (room, session) == (APP_ROOM, f"{ROOT}.1.gen1")
        async with joined(two, "bob", room=room, session=session) as bob:
            await bob.until(lambda: str(bob.doc.get("source", type=Text)) == "milk")


async def test_who_lost_their_path_to_another_document_leave_a_draft_with_that(
    workers: Pair,
) -> None:
    one, two = workers
    log = await make_document(one.link)
    files = FileIndex(two.link, Keys().root(ROOT))
    async with joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        await two.link.command("FLUSHALL")
        await files.index("a.txt", fresh="doc-new")

        await two.link.command("SPUBLISH", log.keys.feed, feed.notice("unmade"))

        assert (await until_closed(ada))[0] == 1003
    drafts = await drafts_at(two.link, "doc-new")
    assert [draft.update for draft in drafts] == [typed("hello")]


async def drafts_at(link: Link, document: str) -> list[Any]:
    return list((await Drafts(link, Keys().document(document)).waiting()).values())
