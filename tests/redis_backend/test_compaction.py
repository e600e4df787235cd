from __future__ import annotations

import asyncio
import hashlib
import random

import pytest

from rtstore.errors import RTStoreError, StaleEpoch, StoreRefused
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Loaded, Opened, UpdateLog
from rtstore.schema.ids import BEGINNING, EntryId
from tests.redis_backend.backends import PLACE, append, append_all, not_on_fakeredis


def _merged(loaded: Loaded) -> bytes:
    """Marks stand for updates here: to merge is to join."""
    return loaded.snapshot + b"".join(e.update for e in loaded.entries if e.is_content)


async def _compact(log: UpdateLog, loaded: Loaded, *, keep: EntryId | None = None) -> int:
    at = loaded.entries[-1].id
    keep = keep or EntryId(at.epoch, at.revision + 1)
    return await log.compact(loaded.snapshot_id, at, _merged(loaded), keep=keep)


async def test_the_snapshot_replaces_the_entries(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    await append_all(log, [b"a,", b"b,"])
    assert await _compact(log, await log.load()) == 3
    snap = await link.command("HGETALL", keys.snap)
    assert (snap[b"id"], snap[b"data"], snap[b"by"]) == (b"1-2", b"a,b,", b"w1")
    assert (snap[b"bytes"], snap[b"sha"].decode()) == (b"4", hashlib.sha256(b"a,b,").hexdigest())
    assert (await log.meta())["compactions"] == "1"
    assert await log.read() == []


async def test_ids_go_on_where_an_emptied_log_ended(log: UpdateLog, opened: Opened) -> None:
    await append(log, b"a,")
    await _compact(log, await log.load())
    assert await append(log, b"b,") == EntryId(1, 2)
    assert (await log.open(EntryId(1, 2), gen="")).why == ""
    assert _merged(await log.load()) == b"a,b,"


async def test_slow_readers_are_kept_some_entries(log: UpdateLog, opened: Opened) -> None:
    await append_all(log, [b"%d," % i for i in range(10)])
    await _compact(log, await log.load(), keep=EntryId(1, 6))
    assert [entry.id.revision for entry in await log.read()] == [6, 7, 8, 9, 10]
    assert (await log.load(EntryId(1, 7))).is_whole_after(EntryId(1, 7))


@not_on_fakeredis("COPY makes an alias of a hash, not a copy")
async def test_the_previous_snapshot_stays_a_day(
    log: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    await append(log, b"a,")
    await _compact(log, await log.load())
    assert not await link.command("EXISTS", keys.snap_prev)
    await append(log, b"b,")
    await _compact(log, await log.load())
    assert await link.command("HGET", keys.snap_prev, "data") == b"a,"
    assert 86_000 < await link.command("TTL", keys.snap_prev) <= 86_400
    assert await link.command("TTL", keys.snap) == -1


async def test_of_two_at_once_one_is_refused(
    log: UpdateLog, log2: UpdateLog, opened: Opened
) -> None:
    await append(log, b"a,")
    early = await log.load()
    await append(log, b"b,")
    late = await log2.load()
    await _compact(log2, late)
    await append(log, b"c,")
    with pytest.raises(StaleEpoch, match="the snapshot is at 1-2"):
        await _compact(log, early)
    assert _merged(await log.load()) == b"a,b,c,"


async def test_what_came_after_the_load_stays(
    log: UpdateLog, log2: UpdateLog, opened: Opened
) -> None:
    await append(log, b"a,")
    loaded = await log.load()
    await append(log2, b"b,")
    await _compact(log, loaded)
    assert _merged(await log2.load()) == b"a,b,"


async def test_a_snapshot_of_what_the_log_has_not_is_refused(
    log: UpdateLog, opened: Opened
) -> None:
    await append(log, b"a,")
    with pytest.raises(StaleEpoch, match="the log has no 1-2"):
        await log.compact(BEGINNING, EntryId(1, 2), b"a,b,", keep=EntryId(1, 3))
    assert (await log.load()).snapshot == b""


@pytest.mark.parametrize("keep", ["1-3", "2-0"])
async def test_trimming_beyond_the_snapshot_is_refused(
    log: UpdateLog, opened: Opened, keep: str
) -> None:
    await append_all(log, [b"a,", b"b,"])
    with pytest.raises(StoreRefused, match="would trim to"):
        await log.compact(BEGINNING, EntryId(1, 1), b"a,", keep=EntryId.parse(keep))
    assert _merged(await log.load()) == b"a,b,"


async def test_a_compactor_that_slept_through_a_reset_is_refused(
    log: UpdateLog, log2: UpdateLog, opened: Opened, link: Link, keys: DocumentKeys
) -> None:
    made = await append(log, b"old,")
    early = await log.load()
    await link.command("HSET", keys.meta, "saved_id", str(made))
    assert await log2.reset(kind="file", format="text", gen="g2", tail=made, snapshot=BEGINNING)
    with pytest.raises(StaleEpoch):
        await _compact(log, early)
    assert _merged(await log2.load()) == b""


@pytest.mark.parametrize("seed", range(3))
async def test_no_history_loses_an_update(log: UpdateLog, log2: UpdateLog, seed: int) -> None:
    """Appends, epochs, and compactors that are late, early or never come, in any order."""
    chance = random.Random(seed)
    epoch = (await log.open(BEGINNING, gen="g1", place=PLACE)).epoch
    loads: list[Loaded] = []
    told: list[bytes] = []
    refused = 0
    for step in range(200):
        match chance.choices(("append", "load", "compact", "open"), (6, 2, 3, 0.3))[0]:
            case "append":
                told.append(b"%d," % step)
                await append(chance.choice((log, log2)), told[-1], epoch=epoch)
            case "load":
                loads.append(await chance.choice((log, log2)).load())
            case "compact" if loads:
                loaded = loads.pop(chance.randrange(len(loads)))
                if not loaded.entries:
                    continue
                at = loaded.entries[-1].id
                keep = EntryId(at.epoch, max(0, at.revision + 1 - chance.choice((0, 5))))
                try:
                    await _compact(chance.choice((log, log2)), loaded, keep=keep)
                except RTStoreError:
                    refused += 1
            case "open":
                epoch = (await log.open(EntryId(epoch + 1, 0), gen="")).epoch
        if step % 20 == 0:
            assert _merged(await log.load()) == b"".join(told)
    assert _merged(await log.load()) == b"".join(told)
    assert refused


async def test_load_sees_no_moment_between_snapshot_and_trim(
    log: UpdateLog, log2: UpdateLog, opened: Opened
) -> None:
    told = [b"%d," % i for i in range(60)]
    done = asyncio.Event()

    async def write() -> None:
        for one in told:
            await append(log, one)
            await _compact(log, await log.load())
        done.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        while not done.is_set():
            seen = _merged(await log2.load()).split(b",")[:-1]
            assert seen == [b"%d" % i for i in range(len(seen))]
    assert _merged(await log2.load()) == b"".join(told)
