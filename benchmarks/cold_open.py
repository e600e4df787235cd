"""Cold open: a document of very many single edits, before and after compaction."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import time
from pathlib import Path
from typing import Any

from pycrdt import Doc, Text

from benchmarks.people import arrive
from benchmarks.stage import Stage, room
from rtstore.pubsub.content import content_of
from rtstore.redis_backend.history import History
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import updates

AT_ONCE = 500


def edits(trace: Path | None, count: int) -> list[tuple[int, int, str]]:
    """(position, deleted, inserted) of each edit: of a recorded trace, or made up."""
    if trace is None:
        dice, length, out = random.Random(1), 0, []
        for _ in range(count):
            is_delete = length > 10 and dice.random() < 0.3
            at = dice.randrange(length + 1) if dice.random() < 0.05 else length
            at = min(at, length - 1) if is_delete else at
            out.append((at, 1, "") if is_delete else (at, 0, "x"))
            length += -1 if is_delete else 1
        return out
    told: dict[str, Any] = json.loads(gzip.decompress(trace.read_bytes()))
    return [tuple(patch) for txn in told["txns"] for patch in txn["patches"]]


def replayed(script: list[tuple[int, int, str]]) -> list[bytes]:
    """One update for each edit."""
    doc: Doc[Text] = Doc()
    body = doc.get("source", type=Text)
    out: list[bytes] = []
    doc.observe(lambda event: out.append(event.update))
    for at, deleted, inserted in script:
        with doc.transaction():
            if deleted:
                del body[at : at + deleted]
            if inserted:
                body.insert(at, inserted)
    return out


async def cold_open(stage: Stage, *, trace: Path | None, count: int) -> dict[str, float]:
    """Times in ms and sizes in bytes."""
    assert stage.link is not None
    told = await asyncio.to_thread(replayed, edits(trace, count))
    name = f"cold-{time.time_ns()}"
    log = await stage.make_document(name, told[0])
    began = time.perf_counter()
    for at in range(1, len(told), AT_ONCE):
        async with asyncio.TaskGroup() as tasks:
            for update in told[at : at + AT_ONCE]:
                tasks.create_task(log.append(update, Origin("bench"), epoch=1, tag=log.next_tag()))
    appending = time.perf_counter() - began
    out = {"edits": len(told), "append_us": 1e6 * appending / len(told)}
    out["before_bytes"] = await _memory(stage, name)
    out["before_ms"], out["step2_bytes"] = await _open(stage, name, 0)
    began = time.perf_counter()
    loaded = await log.load()
    history = History(stage.link, log.keys, name, directory=None)
    await history.archive(loaded.entries)
    archived = time.perf_counter()
    merged = await asyncio.to_thread(updates.merge, content_of(loaded))
    last = loaded.entries[-1].id
    keep = last._replace(revision=last.revision + 1)
    await log.compact(loaded.snapshot_id, last, merged, keep=keep)
    out["archive_ms"] = 1000 * (archived - began)
    out["compact_ms"] = 1000 * (time.perf_counter() - archived)
    out["after_bytes"] = await _memory(stage, name)
    out["after_ms"], _ = await _open(stage, name, 1)
    return out


async def _open(stage: Stage, name: str, server: int) -> tuple[float, int]:
    """From the first byte to SYNC step 2, at a server that has not heard of the document."""
    began = time.perf_counter()
    client = await arrive(room(stage, name, server), stage.headers())
    took = 1000 * (time.perf_counter() - began)
    assert client.transport is not None
    client.transport.disconnect()
    return took, client.step2_bytes


async def _memory(stage: Stage, name: str) -> float:
    """Of the document's log and snapshot in the store, without its archive."""
    assert stage.link is not None
    total = 0
    for key in ("log", "snap", "meta"):
        reply = await stage.link.command("MEMORY", "USAGE", f"rt:{{{name}}}:{key}", "SAMPLES", 0)
        total += int(reply or 0)
    return total
