from __future__ import annotations

import pytest

from rtstore.errors import StaleEpoch
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.presence_set import PresenceSet
from rtstore.redis_backend.update_log import Opened, UpdateLog
from rtstore.schema import feed
from rtstore.schema.feed import FeedEntry
from rtstore.schema.ids import BEGINNING, EntryId
from tests.redis_backend.backends import append, until


async def _reset(log: UpdateLog) -> bool:
    """By who has archived all there is."""
    loaded = await log.load()
    tail = loaded.entries[-1].id if loaded.entries else loaded.snapshot_id
    return await log.reset(
        kind="file", format="text", gen="g2", tail=tail, snapshot=loaded.snapshot_id
    )


@pytest.fixture
async def saved(log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys) -> EntryId:
    """A document whose only entry is on disk."""
    made = await append(log, b"a")
    await link.command("HSET", keys.meta, "saved_id", str(made))
    return made


async def test_a_saved_document_begins_anew(
    log: UpdateLog, saved: EntryId, link: Link, keys: DocumentKeys
) -> None:
    await log.compact(BEGINNING, saved, b"a", keep=saved)
    await link.command("HSET", keys.base, "data", "x")
    assert await _reset(log)
    meta = await log.meta()
    assert (meta["type"], meta["format"], meta["gen"]) == ("file", "text", "g2")
    assert (meta["epoch"], meta["epoch_why"], meta["path"]) == ("2", "retype", "a.ipynb")
    assert not {"saved_id", "saved_hash"} & set(meta)
    loaded = await log.load()
    assert (loaded.snapshot, [entry.kind for entry in loaded.entries]) == (b"", ["e"])
    assert await link.command("HGET", keys.snap_prev, "data") == b"a"
    assert 0 < await link.command("TTL", keys.snap_prev) <= 86_400
    assert not await link.command("EXISTS", keys.base)


async def test_writers_of_the_old_history_are_refused(log: UpdateLog, saved: EntryId) -> None:
    assert await _reset(log)
    with pytest.raises(StaleEpoch):
        await append(log, b"old", epoch=1)
    assert await append(log, b"new", epoch=2) == EntryId(2, 1)


async def test_an_entry_that_came_after_the_archiving_keeps_the_history(
    log: UpdateLog, saved: EntryId, link: Link, keys: DocumentKeys
) -> None:
    late = await append(log, b"b")
    await link.command("HSET", keys.meta, "saved_id", str(late))
    with pytest.raises(StaleEpoch, match="has gone on to 1-2"):
        await log.reset(kind="file", format="text", gen="g2", tail=saved, snapshot=BEGINNING)
    assert [entry.update for entry in await log.read(first="1-1")] == [b"a", b"b"]
    assert (await log.meta())["gen"] == "g1"


async def test_a_compaction_after_the_archiving_keeps_its_snapshot(
    log: UpdateLog, saved: EntryId, link: Link, keys: DocumentKeys
) -> None:
    await log.compact(BEGINNING, saved, b"a", keep=saved)
    with pytest.raises(StaleEpoch, match="the snapshot is at 1-1"):
        await log.reset(kind="file", format="text", gen="g2", tail=saved, snapshot=BEGINNING)
    assert await link.command("HGET", keys.snap, "data") == b"a"


async def test_readers_hear_of_the_new_history_and_nothing_is_missing_between(
    log: UpdateLog, saved: EntryId, links: tuple[Link, Link], keys: DocumentKeys
) -> None:
    heard: list[bytes] = []
    async with links[1].listen(keys.feed, heard.append):
        assert await _reset(log)
        await until(lambda: bool(heard))
    told = feed.parse(heard[0])
    assert isinstance(told, FeedEntry)
    assert (told.id, told.kind, told.update) == (EntryId(2, 0), "e", str(saved).encode())
    [entry] = await log.read()
    assert (entry.id, entry.tag) == (told.id, told.origin)


async def test_not_while_somebody_is_there(
    log: UpdateLog, saved: EntryId, link: Link, keys: DocumentKeys
) -> None:
    people = PresenceSet(link, keys, ttl_ms=30_000)
    await people.put({"w1.1": "{}"})
    assert not await _reset(log)
    await people.put({}, ["w1.1"])
    lease = Lease.of_document(link, keys, "keep", owner="w1")
    await lease.acquire()
    assert not await _reset(log)
    await lease.release()
    assert await _reset(log)


async def test_not_while_anything_is_unsaved(log: UpdateLog, saved: EntryId) -> None:
    await append(log, b"b")
    assert not await _reset(log)
    assert (await log.meta())["type"] == "notebook"


async def test_saved_before_a_restart_of_the_server_is_saved(
    log: UpdateLog, saved: EntryId, link: Link, keys: DocumentKeys
) -> None:
    await link.command("HSET", keys.meta, "srv", "another:server")
    await log.open(saved, gen="")
    assert await _reset(log)


async def test_what_never_had_content_may_be_anything(log: UpdateLog, opened: Opened) -> None:
    assert await _reset(log)
