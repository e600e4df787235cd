"""A file that was open as one type and is opened as another: its history ends, archived."""

from __future__ import annotations

from pathlib import Path

import pytest
from pycrdt import Doc, Text

from rtstore.redis_backend.history import History
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Entry, Origin, UpdateLog
from rtstore.schema import updates
from rtstore.schema.ids import BEGINNING, EntryId
from tests.gateway.team import (
    PATIENCE_S,
    ROOT,
    Person,
    Worker,
    joined,
    make_document,
    running_worker,
    typed,
)
from tests.gateway.test_last_words import reset
from tests.support.stores import Store
from tests.support.waiting import until

Pair = tuple[Worker, Worker]


async def saved_document(link: Link) -> tuple[UpdateLog, EntryId]:
    """A text whose only entry is on disk, and that nobody keeps."""
    log = await make_document(link)
    return log, await saved_up_to_the_end(link, log)


async def saved_up_to_the_end(link: Link, log: UpdateLog) -> EntryId:
    newest = (await log.read())[-1].id
    await link.command("HSET", log.keys.meta, "saved_id", str(newest))
    return newest


async def is_let_in(person: Person) -> None:
    """There is no keeper that would import the file; but who is here hears of themselves."""
    await person.say(1, user={})
    await person.until(lambda: person.doc.client_id in person.people)


def text_of(*told: bytes) -> str:
    doc: Doc[Text] = Doc()
    doc.apply_update(updates.merge(told))
    return str(doc.get("source", type=Text))


@pytest.mark.parametrize("where", ["redis", "directory"])
async def test_entries_and_snapshot_are_archived_before_they_go(
    store: Store, tmp_path: Path, where: str
) -> None:
    directory = tmp_path if where == "directory" else None
    async with running_worker(store.url, "w1", history_dir=directory) as one:
        log, newest = await saved_document(one.link)
        await log.compact(BEGINNING, newest, typed("hello"), keep=newest)
        more = typed("more", client=2)
        await log.append(more, Origin("ada"), epoch=1, tag=log.next_tag())
        await saved_up_to_the_end(one.link, log)

        _, session = await one.session("a.txt", "notebook", "json")

        meta = await log.meta()
        assert (meta["type"], meta["format"]) == ("notebook", "json")
        assert session == f"{ROOT}.1.{meta['gen']}"
        assert [entry.kind for entry in await log.read()] == ["e"]
        history = History(one.link, log.keys, "doc-a.txt", directory=directory)
        # What is in the snapshot was archived when it was made, by who made it.
        assert [e.update for e in await _archived(history)] == [more]
        [last] = await history.snapshots()
        assert (last.id, last.gen, last.type, last.format) == (newest, "gen1", "file", "text")
        assert text_of(last.update) == "hello"


async def test_what_is_written_during_the_archiving_is_archived_too(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = workers
    log, _ = await saved_document(one.link)
    archive = History.archive
    late = typed(" and more", client=2)

    async def interleaved(self: History, entries: list[Entry]) -> None:
        await archive(self, entries)
        monkeypatch.setattr(History, "archive", archive)
        theirs = UpdateLog(two.link, log.keys, worker="w2")
        await theirs.append(late, Origin("bob"), epoch=1, tag=theirs.next_tag())
        await saved_up_to_the_end(two.link, theirs)

    monkeypatch.setattr(History, "archive", interleaved)
    await one.session("a.txt", "notebook", "json")

    assert (await log.meta())["type"] == "notebook"
    history = History(one.link, log.keys, "doc-a.txt", directory=None)
    assert late in [entry.update for entry in await _archived(history)]


async def test_nothing_is_archived_for_who_is_refused(workers: Pair) -> None:
    one, two = workers
    log, _ = await saved_document(one.link)
    async with joined(two, "ada") as ada:
        await ada.until(lambda: ada.synced)
        room, session = await one.session("a.txt", "notebook", "json")
        async with joined(one, "bob", room=room, session=session) as bob:
            assert await bob.until_closed() == 4400
    assert await History(one.link, log.keys, "doc-a.txt", directory=None).blocks() == []


async def test_a_room_that_lingers_elsewhere_ends_at_once(workers: Pair) -> None:
    one, two = workers
    await saved_document(one.link)
    async with joined(two, "ada") as ada:
        await ada.until(lambda: ada.synced)
    await _empty(two)
    room, session = await one.session("a.txt", "notebook", "json")

    async def has_ended() -> bool:
        return len(two.gateway.rooms) == 0

    await until(has_ended, what="the room of the old type ended")
    async with joined(two, "ada", room=room, session=session) as again:
        await is_let_in(again)


async def test_a_room_that_the_feed_did_not_tell_looks_before_it_refuses(workers: Pair) -> None:
    one, two = workers
    log, newest = await saved_document(one.link)
    async with joined(two, "ada") as ada:
        await ada.until(lambda: ada.synced)
    await _empty(two)
    # What the script does, unsaid.
    await one.link.command(
        "XADD", log.keys.log, "2-0", "kind", "e", "user", "", "client", "", "worker", "w1",
        "seq", "0", "ts", "0", "update", str(newest),
    )  # fmt: skip
    await one.link.command("XTRIM", log.keys.log, "MINID", "2-0")
    fields = ("epoch", "2", "gen", "gen2", "type", "notebook", "format", "json")
    await one.link.command("HSET", log.keys.meta, *fields)

    async with joined(
        two, "ada", room="json:notebook:doc-a.txt", session=f"{ROOT}.1.gen2"
    ) as again:
        await is_let_in(again)


async def test_a_room_that_missed_it_all_shows_nobody_the_new_history_and_takes_nothing_into_it(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = workers
    log, _ = await saved_document(one.link)
    async with joined(two, "ada") as ada:
        await ada.until(lambda: ada.synced)
        # As if two was cut off until its members had expired, and one more wrote meanwhile.
        more = typed(" more", client=3)
        await one.link.command(
            "XADD", log.keys.log, "1-*", "kind", "u", "user", "", "client", "", "worker", "w1",
            "seq", "0", "ts", "0", "update", more,
        )  # fmt: skip
        tail = await saved_up_to_the_end(one.link, log)
        room = await two.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
        heard = room._follower.heard
        monkeypatch.setattr(
            room._follower, "heard", lambda entry: None if entry.kind == "e" else heard(entry)
        )
        await reset(one.link, log, tail=tail)
        fresh = typed("another", client=4)
        await log.append(fresh, Origin(), epoch=2, tag=log.next_tag())

        await ada.type("!")
        await ada.hear_for(PATIENCE_S)
        assert ada.socket.close_code == 1003
    assert "another" not in ada.text
    assert [e.update for e in await log.read() if e.is_content] == [fresh]


async def _archived(history: History) -> list[Entry]:
    blocks = [await history.read(name) for name in await history.blocks()]
    return [entry for block in blocks for entry in block if entry.is_content]


async def _empty(worker: Worker) -> None:
    """Until its room, which lingers, has told the store that nobody is there."""

    async def nobody() -> bool:
        return worker.gateway.rooms.sockets == 0 and not await worker.link.command(
            "EXISTS", "rt:{doc-a.txt}:who"
        )

    await until(nobody, what="nobody is there")
