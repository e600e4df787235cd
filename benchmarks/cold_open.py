"""Cold open: a document of very many single edits, before and after compaction."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from pycrdt import Doc, Text

from benchmarks.people import arrive
from benchmarks.stage import Stage, room
from rtstore.keeper.charge import Charge
from rtstore.keeper.compactor import Compactor
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.schema import frames, updates
from rtstore.schema.varint import read_bytes, write_bytes
from rtstore.settings import Settings

AT_ONCE = 500
Edit = tuple[int, int, str]
"""Position, characters deleted, text inserted."""


def edits(trace: Path | None, count: int) -> list[Edit]:
    """Of a recorded trace, or made up."""
    if trace is None:
        return list(islice(made_up(), count))
    told: dict[str, Any] = json.loads(gzip.decompress(trace.read_bytes()))
    return [tuple(patch) for txn in told["txns"] for patch in txn["patches"]]


def made_up() -> Iterator[Edit]:
    """Somebody who writes line after line, each above the one before, and mistypes.

    At the top, because finding a place far down costs the replay seconds, and the log nothing.
    """
    dice = random.Random(1)
    while True:
        at = 0
        for _ in range(dice.randrange(20, 80)):
            if at and dice.random() < 0.2:
                at -= 1
                yield at, 1, ""
            else:
                yield at, 0, "x"
                at += 1
        yield at, 0, "\n"


def replayed(script: list[Edit]) -> list[bytes]:
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


def cached(trace: Path | None, count: int) -> list[bytes]:
    """The same, made once and kept in the directory for temporary files."""
    told = trace.read_bytes() if trace else f"made up {count}".encode()
    place = Path(tempfile.gettempdir()) / f"rtstore-replay-{sha256(told).hexdigest()[:12]}"
    if not place.exists():
        draft = place.with_suffix(f".{os.getpid()}")
        draft.write_bytes(b"".join(map(write_bytes, replayed(edits(trace, count)))))
        draft.rename(place)
    kept, at, out = place.read_bytes(), 0, []
    while at < len(kept):
        update, at = read_bytes(kept, at)
        out.append(update)
    return out


async def cold_open(stage: Stage, *, trace: Path | None, count: int) -> dict[str, float]:
    """Times in ms and sizes in bytes."""
    told = await asyncio.to_thread(cached, trace, count)
    name = f"cold-{time.time_ns()}"
    log = await stage.make_document(name, told[0])
    began = time.perf_counter()
    for at in range(1, len(told), AT_ONCE):
        async with asyncio.TaskGroup() as tasks:
            for update in told[at : at + AT_ONCE]:
                tasks.create_task(log.append(update, Origin("bench"), epoch=1, tag=log.next_tag()))
    appending = time.perf_counter() - began
    out: dict[str, float] = {"edits": len(told), "append_us": 1e6 * appending / len(told)}
    wanted = text_of(updates.merge(told))
    out |= await _state(stage, name, 0, wanted, "before")
    began = time.perf_counter()
    await _compact(stage, name, log)
    out["compact_ms"] = 1000 * (time.perf_counter() - began)
    return out | await _state(stage, name, 1, wanted, "after")


def text_of(update: bytes) -> str:
    """What a reader sees of a document that is this update."""
    doc: Doc[Text] = Doc()
    doc.apply_update(update)
    return str(doc.get("source", type=Text))


async def _compact(stage: Stage, name: str, log: UpdateLog) -> None:
    """As the keeper does; it has a document in its charge, of which a compactor needs this."""
    office = SimpleNamespace(link=stage.link, settings=Settings.load())
    counts = SimpleNamespace(tail_entries=0, tail_bytes=0, snapshot_bytes=0)
    charge = SimpleNamespace(
        office=office, keys=log.keys, document_id=name, log=log, replica=counts
    )
    assert await Compactor(cast("Charge", charge)).compact(keep=0)


async def _state(stage: Stage, name: str, server: int, wanted: str, when: str) -> dict[str, float]:
    """Open at a server that has not heard of the document: first byte to SYNC step 2."""
    size = await _memory(stage, name, "log", "snap", "meta")
    archive = await _memory(stage, name, "history")
    began = time.perf_counter()
    client = await arrive(room(stage, name, server), stage.headers())
    took_ms = 1000 * (time.perf_counter() - began)
    assert client.transport is not None
    client.transport.disconnect()
    frame = frames.decode(client.step2)
    assert isinstance(frame, frames.SyncStep2)
    assert text_of(frame.update) == wanted, "the document is not complete"
    return {
        f"{when}_bytes": size,
        f"{when}_archive_bytes": archive,
        f"{when}_ms": took_ms,
        f"{when}_step2_bytes": len(frame.update),
    }


async def _memory(stage: Stage, name: str, *keys: str) -> float:
    """Of some of the document's keys in the store, as the server counts it."""
    assert stage.link is not None
    total = 0
    for key in keys:
        reply = await stage.link.command("MEMORY", "USAGE", f"rt:{{{name}}}:{key}", "SAMPLES", 0)
        total += int(reply or 0)
    return total
