"""What a lab seldom has in its store, as the store's own code writes it, is as its record says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.drafts import Draft, Drafts
from rtstore.redis_backend.history import History, LastSnapshot
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import OutputEntry, OutputLog
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.turn import Turn
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.run import ABORTED, LOST, RUNNING, SENT, Run
from tests.redis_backend.backends import PLACE, append_all
from tests.support.store_check import wrong_in
from tests.support.stores import start_store

KERNEL = "5f2a9be0-1c7d-4f3a-9a57-0d9f1c0b7f42"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[tuple[Link, str]]:
    async with start_store(tmp_path) as store, connect(store.url, name="test") as link:
        yield link, store.url


async def found_in(url: str) -> set[str]:
    problems, found = await wrong_in(url)
    assert problems == []
    return found


async def test_a_history_that_was_compacted_and_ended(store: tuple[Link, str]) -> None:
    link, url = store
    keys = Keys().document("nb-1")
    log = UpdateLog(link, keys, worker="w0000001")
    await log.open(BEGINNING, gen="g1", place=PLACE)
    base = BEGINNING
    for _ in range(2):
        await append_all(log, [b"\x00\xff", b"b"])
        at = (await log.load()).entries[-1].id
        await log.compact(base, at, b"\x00\xffab", keep=at)
        base = at
    history = History(link, keys, "nb-1", directory=None)
    loaded = await log.load()
    await history.archive(loaded.entries)
    await history.archive_snapshot(LastSnapshot(base, "g1", "notebook", "json", b"\x00\xff"))
    assert {"Snapshot", "HistoryBlock", "LogEntry"} <= await found_in(url)
    await link.command("HSET", keys.meta, "saved_id", str(base))
    assert await log.reset(kind="file", format="text", gen="g2", tail=base, snapshot=base)
    assert (await log.meta())["epoch_why"] == "retype"
    await found_in(url)


async def test_drafts_that_wait_and_that_are_in_files(store: tuple[Link, str]) -> None:
    link, url = store
    drafts = Drafts(link, Keys().document("nb-1"))
    await drafts.put(Draft("ann", "file", "text", b"\x00\xff\n{}"))
    await drafts.put(Draft("bob", "notebook", "json", b"other"))
    await drafts.done(min(await drafts.waiting()), path="a.draft.txt")
    assert await found_in(url) == {"DraftEntry"}


async def test_what_was_asked_and_who_spoke(store: tuple[Link, str]) -> None:
    link, url = store
    book = RunBook(link, Keys().document("nb-1"))
    run = Run(id="r1", document="nb-1", cell="c1", user="ann", kernel=KERNEL, requested="1")
    await book.ask([(run, {"saw": "123"}), (Run(id="r2", kernel=KERNEL), {"code": "1"})])
    await Turn(link, Keys().root("c-1"), every_s=60).say("ann", b"aware w1.1\n")
    assert await found_in(url) == {"AskedRun", "FollowedKernel", "SpokeUser"}


async def test_a_kernel_that_many_hear_and_that_ended(store: tuple[Link, str]) -> None:
    link, url = store
    index = KernelIndex(link, Keys(), "c-1")
    keys = index.keys_of(KERNEL)
    await index.put(KERNEL, {"host": "h", "generation": "1", "capture": "ring", "state": "idle"})
    await index.beat("i1", host="h", pid=1, created=2.5)
    await link.command("HSET", keys.ears, "w0000001", "synced", "w0000002", "listening")
    queue, log = RunQueue(link, keys), OutputLog(link, keys)
    source = await log.begin("ring:1", {"capture": "ring"})
    entry = OutputEntry(
        EntryId(source.epoch, 5), "gap", "size", "", "", "7", '{"why": "…", "lost": 3}'
    )
    await log.append([entry])
    await log.give_back("ring:1", 5)
    asked = Run(id="r1", document="nb-1", cell="c1", user="ann", kernel=KERNEL, batch="b1")
    await queue.add(asked)
    await queue.change(asked, SENT, sent="1", sent_at="1-1", frames='["YQ=="]', put_back="1")
    await queue.change(asked, RUNNING, said="asks", prompt="?", password="1", prompt_id="m")
    await queue.answer(asked, "secret", user="bob")
    await queue.fail(asked, "an earlier cell failed")
    await queue.add(Run(id="r2", document="nb-1", cell="c2", kernel=KERNEL, batch="b1"))
    await queue.change(asked, LOST, why="it ended", by_other="1")
    waiting = Run(id="r3", kernel=KERNEL)
    await queue.add(waiting)
    await queue.change(waiting, ABORTED, why="cancelled by Ann")
    await queue.note("act", "restart", by="ann", name="Ann")
    assert {"KernelEar", "OutputEntry", "RunRecord", "FailedBatch"} <= await found_in(url)
    await log.trim(before_ms=2**53)
    await index.serve_afar(KERNEL, "1")
    await index.remove(KERNEL, why="it was shut down")
    await index.forget(KERNEL)
    assert {"EndedKernel", "KernelMeta"} <= await found_in(url)
