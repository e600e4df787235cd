from __future__ import annotations

import asyncio

import pytest

from rtstore.errors import StaleEpoch
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Entry, Loaded, Opened, Origin, UpdateLog
from rtstore.schema import feed
from rtstore.schema.ids import BEGINNING, EntryId
from tests.redis_backend.backends import append, append_all, until


async def test_appends_get_dense_ids_in_order(log: UpdateLog, opened: Opened) -> None:
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(append(log, b"%d" % i)) for i in range(50)]
    assert [task.result() for task in made] == [EntryId(1, i + 1) for i in range(50)]
    assert [entry.update for entry in await log.read()][1:] == [b"%d" % i for i in range(50)]


async def test_two_workers_share_one_order(
    log: UpdateLog, log2: UpdateLog, opened: Opened
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for i in range(20):
            tasks.create_task(append(log if i % 2 else log2, b"x"))
    ids = [entry.id for entry in await log.read()]
    assert ids == [EntryId(1, i) for i in range(21)]


async def test_an_entry_says_who_and_what(log: UpdateLog, opened: Opened) -> None:
    tag = log.next_tag()
    origin = Origin(user="müller", client="2857110034", kind="h")
    await log.append(b"\x00\xff", origin, epoch=1, tag=tag)
    entry = (await log.read())[-1]
    assert (entry.kind, entry.user, entry.client) == ("h", "müller", "2857110034")
    assert (entry.tag, entry.update, entry.is_content) == (tag, b"\x00\xff", True)
    assert entry.ts > 1_700_000_000_000


async def test_the_feed_says_what_the_log_says(
    log: UpdateLog, opened: Opened, links: tuple[Link, Link], keys: DocumentKeys
) -> None:
    heard: list[bytes] = []
    async with links[1].listen(keys.feed, heard.append):
        for update in (b"", b"one\ntwo ref\n", b"\x00" * 16384):
            await append(log, update)
        await until(lambda: len(heard) == 3)
    entries = (await log.read())[1:]
    for payload, entry in zip(heard, entries, strict=True):
        assert feed.parse(payload) == feed.FeedEntry(entry.id, "u", entry.tag, entry.update)


async def test_the_feed_only_refers_to_what_is_big(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    heard: list[bytes] = []
    async with link.listen(keys.feed, heard.append):
        made = await append(log, b"\x00" * 16385)
        await until(lambda: bool(heard))
    told = feed.parse(heard[0])
    assert isinstance(told, feed.FeedEntry)
    assert (told.id, told.update) == (made, None)
    assert len(heard[0]) < 100
    [entry] = await log.read(first=str(told.id), last=str(told.id))
    assert entry.update == b"\x00" * 16385


async def test_an_old_epoch_is_refused(log: UpdateLog, log2: UpdateLog, opened: Opened) -> None:
    await append(log, b"a")
    again = await log2.open(EntryId(1, 9), gen="g1")
    assert (again.epoch, again.why) == (2, "regressed")
    with pytest.raises(StaleEpoch):
        await append(log, b"b", epoch=1)
    assert (await append(log, b"b", epoch=2)) == EntryId(2, 1)


async def test_a_lost_log_is_not_made_anew(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    await link.command("DEL", keys.log)
    with pytest.raises(StaleEpoch, match="NODOC"):
        await append(log, b"a")
    assert not await link.command("EXISTS", keys.log)


async def test_load_gives_all_or_what_is_after(log: UpdateLog, opened: Opened) -> None:
    await append_all(log, [b"a", b"b", b"c"])
    whole = await log.load()
    assert (whole.snapshot_id, whole.snapshot, whole.first) == (BEGINNING, b"", EntryId(1, 0))
    assert [entry.update for entry in whole.entries if entry.is_content] == [b"a", b"b", b"c"]
    assert whole.meta["path"] == "a.ipynb"
    after = await log.load(EntryId(1, 2))
    assert [entry.update for entry in after.entries] == [b"c"]
    assert after.is_whole_after(EntryId(1, 2))


async def test_load_takes_up_where_the_snapshot_ends(log: UpdateLog, opened: Opened) -> None:
    await append_all(log, [b"a", b"b", b"c"])
    await log.compact(BEGINNING, EntryId(1, 2), b"ab", keep=EntryId(1, 2))
    whole = await log.load()
    assert (whole.snapshot_id, whole.snapshot) == (EntryId(1, 2), b"ab")
    assert [entry.update for entry in whole.entries] == [b"c"]
    assert whole.first == EntryId(1, 2)
    late = await log.load(EntryId(1, 0))
    assert late.snapshot == b""
    assert not late.is_whole_after(EntryId(1, 0))


async def test_load_of_what_never_was(log: UpdateLog) -> None:
    assert await log.load() == Loaded(BEGINNING, b"", [], None, {})
    assert await log.meta() == {}


async def test_read_is_bounded(log: UpdateLog, opened: Opened) -> None:
    await append_all(log, [b"a", b"b", b"c"])
    assert [entry.update for entry in await log.read(first="1-1", last="1-2")] == [b"a", b"b"]
    assert len(await log.read(limit=2)) == 2


def _entry(name: str, kind: str = "u", update: bytes = b"") -> Entry:
    return Entry(EntryId.parse(name), kind, "", "", "w1", "1", 0, update)


@pytest.mark.parametrize(
    ("entries", "snapshot", "whole"),
    [
        ([_entry("1-6"), _entry("1-7")], "0-0", True),
        ([_entry("1-7")], "1-6", False),
        ([_entry("1-6"), _entry("1-8")], "0-0", False),
        ([], "1-5", True),
        ([], "0-0", True),
        ([], "1-6", False),
        ([_entry("2-0", "e", b"1-5"), _entry("2-1")], "0-0", True),
        ([_entry("2-0", "e", b"1-3"), _entry("2-1")], "0-0", False),
        ([_entry("2-0", "e", b"1-6"), _entry("2-1")], "1-6", False),
        ([_entry("1-6"), _entry("2-0", "e", b"1-6"), _entry("3-0", "e", b"2-0")], "0-0", True),
        ([_entry("3-1")], "0-0", False),
    ],
)
def test_whether_nothing_is_missing_or_lost(
    entries: list[Entry], snapshot: str, *, whole: bool
) -> None:
    loaded = Loaded(EntryId.parse(snapshot), b"", entries, None, {})
    assert loaded.is_whole_after(EntryId(1, 5)) is whole
