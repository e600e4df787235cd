from __future__ import annotations

import asyncio

import pytest

from rtstore.errors import StaleEpoch
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import SCHEMA, Opened, UpdateLog
from rtstore.schema import feed
from rtstore.schema.ids import BEGINNING, EntryId
from tests.redis_backend.backends import PLACE, append, append_all, until


async def _server_changes(link: Link, keys: DocumentKeys) -> None:
    await link.command("HSET", keys.meta, "srv", "another:server")


async def test_the_first_open_makes_the_document(log: UpdateLog, opened: Opened) -> None:
    assert (opened.epoch, opened.tail, opened.snapshot) == (1, EntryId(1, 0), BEGINNING)
    assert (opened.verdict, opened.why) == ("new", "create")
    meta = opened.meta
    assert {key: meta[key] for key in PLACE} == PLACE
    assert (meta["gen"], meta["schema"], meta["rules"]) == ("g1", SCHEMA, "0")
    assert (meta["epoch_by"], meta["epoch_why"]) == ("w1", "create")
    assert "held" not in meta
    assert meta == await log.meta()
    [entry] = await log.read()
    assert (entry.kind, entry.update, entry.is_content) == ("e", b"0-0", False)


async def test_two_that_open_at_once_agree(log: UpdateLog, log2: UpdateLog) -> None:
    async with asyncio.TaskGroup() as tasks:
        one = tasks.create_task(log.open(BEGINNING, gen="g1", place=PLACE))
        two = tasks.create_task(log2.open(BEGINNING, gen="g2", place=PLACE))
    first, second = sorted((one.result(), two.result()), key=lambda o: o.why, reverse=True)
    assert (first.verdict, second.verdict, second.why) == ("new", "ok", "")
    assert (first.epoch, first.tail) == (second.epoch, second.tail)
    assert first.meta["gen"] == second.meta["gen"]
    assert len(await log.read()) == 1


async def test_opening_again_changes_nothing(
    log: UpdateLog, log2: UpdateLog, opened: Opened
) -> None:
    await append(log, b"a")
    again = await log2.open(BEGINNING, gen="other", place={"path": "other"})
    assert (again.epoch, again.tail, again.verdict, again.why) == (1, EntryId(1, 1), "ok", "")
    assert (again.meta["gen"], again.meta["path"]) == ("g1", "a.ipynb")


@pytest.mark.parametrize("is_compacted", [False, True])
async def test_the_generation_is_that_of_the_content(
    log: UpdateLog, log2: UpdateLog, opened: Opened, link: Link, *, is_compacted: bool
) -> None:
    entry = await append(log, b"a")
    if is_compacted:
        await log.compact(BEGINNING, entry, b"a", keep=EntryId(1, 2))
        await link.command("DEL", log.keys.log)
    await link.command("DEL", log.keys.meta)
    await link.command("HINCRBY", log.keys.meta, "fence", 1)  # somebody took the lease
    again = await log2.open(BEGINNING, gen="other", place=PLACE)
    assert (again.epoch, again.why, again.meta["gen"]) == (2, "create", "g1")
    assert {key: again.meta[key] for key in PLACE} == PLACE


async def test_who_knows_no_generation_makes_no_document(log: UpdateLog) -> None:
    with pytest.raises(StaleEpoch, match="nobody has opened"):
        await log.open(BEGINNING, gen="", place=PLACE)
    assert await log.meta() == {}


async def test_verdict_on_the_last_entry_known(log: UpdateLog, opened: Opened) -> None:
    await append_all(log, [b"a", b"b"])
    entry = (await log.read())[-1]
    assert (await log.open(entry.id, entry.tag, gen="")).verdict == "ok"
    assert (await log.open(entry.id, gen="")).verdict == "ok"
    assert (await log.open(entry.id, "w9.999", gen="")).verdict == "forked"


async def test_verdict_on_what_was_trimmed(log: UpdateLog, opened: Opened) -> None:
    await append_all(log, [b"a", b"b", b"c"])
    await log.compact(BEGINNING, EntryId(1, 2), b"ab", keep=EntryId(1, 3))
    in_snapshot = await log.open(EntryId(1, 1), gen="")
    assert (in_snapshot.verdict, in_snapshot.snapshot) == ("ok", EntryId(1, 2))


async def test_verdict_on_what_nobody_has(log: UpdateLog, opened: Opened) -> None:
    await append(log, b"a")
    told = await log.open(EntryId(1, 5), "w1.5", gen="")
    assert (told.verdict, told.why, told.epoch) == ("unknown", "regressed", 2)
    later = await log.open(EntryId(7, 3), "w1.5", gen="")
    assert (later.verdict, later.why, later.epoch) == ("unknown", "regressed", 8)


async def test_another_server_begins_an_epoch(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    made = await append(log, b"a")
    await _server_changes(link, keys)
    heard: list[bytes] = []
    async with link.listen(keys.feed, heard.append):
        told = await log.open(made, gen="g2")
        await until(lambda: bool(heard))
    assert (told.epoch, told.tail, told.why) == (2, EntryId(2, 0), "server")
    assert (told.verdict, told.meta["gen"]) == ("ok", "g1")
    assert feed.parse(heard[0]) == feed.FeedEntry(EntryId(2, 0), "e", "w1.0", b"1-1")
    assert (await log.load(made)).is_whole_after(made)
    assert (await log.open(made, gen="")).epoch == 2


async def test_an_epoch_entry_after_what_was_saved_is_saved(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    saved = await append(log, b"a")
    await link.command("HSET", keys.meta, "saved_id", str(saved))
    await _server_changes(link, keys)
    assert (await log.open(saved, gen="")).meta["saved_id"] == "2-0"
    await append(log, b"b", epoch=2)
    await _server_changes(link, keys)
    assert (await log.open(saved, gen="")).meta["saved_id"] == "2-0"


@pytest.mark.parametrize("held", [False, True])
async def test_all_is_lost(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys, *, held: bool
) -> None:
    await append_all(log, [b"a", b"b"])
    await link.command("DEL", keys.log, keys.meta)
    told = await log.open(EntryId(1, 2), "w1.9", gen="g1", is_held=held, place=PLACE)
    assert (told.epoch, told.verdict, told.why) == (2, "new", "create")
    assert told.meta.get("held") == ("w1" if held else None)


async def test_only_the_log_is_lost(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    await link.command("HSET", keys.meta, "saved_id", "1-0", "held", "w3", "error", "x")
    await link.command("DEL", keys.log)
    told = await log.open(BEGINNING, gen="g2", place=PLACE)
    assert (told.epoch, told.verdict, told.meta["gen"]) == (2, "new", "g2")
    assert not {"saved_id", "held", "error"} & set(told.meta)


async def test_entries_stand_after_a_snapshot_that_is_left_over(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    """What is appended to the new log must not hide before the old snapshot."""
    await append(log, b"a")
    await log.compact(BEGINNING, EntryId(1, 1), b"a", keep=EntryId(1, 2))
    await link.command("HSET", keys.snap, "id", "5-9")
    await link.command("DEL", keys.log, keys.meta)
    told = await log.open(BEGINNING, gen="g2", place=PLACE)
    await append(log, b"b", epoch=told.epoch)
    assert [e.update for e in (await log.load()).entries if e.is_content] == [b"b"]
