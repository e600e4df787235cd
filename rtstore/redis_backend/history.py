"""History: entries that leave the log, kept unmerged in zlib blocks; and snapshots of histories
that ended.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Entry
from rtstore.schema.ids import EntryId

BLOCK_ENTRIES = 5000
_BETWEEN = ".."
_SNAPSHOT = "snap-"


@dataclass(frozen=True, slots=True)
class LastSnapshot:
    """The snapshot of a history that ended, and what the document was open as."""

    id: EntryId
    gen: str
    type: str
    format: str
    update: bytes


class History:
    """The archive of one document: in ``rt:{D}:history``, or in files where a directory is set."""

    def __init__(
        self, link: Link, keys: DocumentKeys, document_id: str, *, directory: Path | None
    ) -> None:
        self._link, self._keys = link, keys
        self._directory = directory / document_id if directory else None

    async def archive(self, entries: Sequence[Entry]) -> None:
        """Keep `entries` for good. Writing the same ones again replaces them: harmless."""
        for start in range(0, len(entries), BLOCK_ENTRIES):
            block = entries[start : start + BLOCK_ENTRIES]
            name = f"{block[0].id}{_BETWEEN}{block[-1].id}"
            await self._keep(name, await asyncio.to_thread(pack, block))

    async def archive_snapshot(self, last: LastSnapshot) -> None:
        """Keep the snapshot of a history that is about to end. Twice is once."""
        data = await asyncio.to_thread(_pack_snapshot, last)
        await self._keep(f"{_SNAPSHOT}{last.id}", data)

    async def blocks(self) -> list[str]:
        """Names of the blocks of entries, ``<first>..<last>``, oldest first."""
        found = [name for name in await self._names() if _BETWEEN in name]
        return sorted(found, key=lambda name: EntryId.parse(name.partition(_BETWEEN)[0]))

    async def read(self, block: str) -> list[Entry]:
        """The entries of one block."""
        return await asyncio.to_thread(unpack, await self._kept(block))

    async def snapshots(self) -> list[LastSnapshot]:
        """Of the histories that ended, oldest first; of those that were compacted, that is."""
        found = [name for name in await self._names() if name.startswith(_SNAPSHOT)]
        told = [
            await asyncio.to_thread(_unpack_snapshot, name, await self._kept(name))
            for name in found
        ]
        return sorted(told, key=lambda last: last.id)

    async def _names(self) -> list[str]:
        if self._directory is not None:
            return await asyncio.to_thread(
                lambda d: [p.stem for p in d.glob("*.z")], self._directory
            )
        return [k.decode() for k in await self._link.command("HKEYS", self._keys.history)]

    async def _keep(self, name: str, data: bytes) -> None:
        if self._directory is not None:
            await asyncio.to_thread(_write, self._directory, name, data)
        else:
            await self._link.command("HSET", self._keys.history, name, data)

    async def _kept(self, name: str) -> bytes:
        if self._directory is not None:
            return await asyncio.to_thread((self._directory / f"{name}.z").read_bytes)
        data: bytes = await self._link.command("HGET", self._keys.history, name)
        return data


def pack(entries: Sequence[Entry]) -> bytes:
    """One line of JSON per entry, compressed: readable with zlib and eyes alone."""
    lines = (
        json.dumps([
            str(e.id), e.kind, e.user, e.client, e.worker, e.seq, e.ts,
            base64.b64encode(e.update).decode(),
        ])
        for e in entries
    )  # fmt: skip
    return zlib.compress("\n".join(lines).encode(), 6)


def unpack(data: bytes) -> list[Entry]:
    """What `pack` took."""
    out = []
    for line in zlib.decompress(data).decode().split("\n"):
        name, kind, user, client, worker, seq, ts, update = json.loads(line)
        out.append(
            Entry(
                EntryId.parse(name), kind, user, client, worker, seq, ts, base64.b64decode(update)
            )
        )
    return out


def _pack_snapshot(last: LastSnapshot) -> bytes:
    told = [last.gen, last.type, last.format, base64.b64encode(last.update).decode()]
    return zlib.compress(json.dumps(told).encode(), 6)


def _unpack_snapshot(name: str, data: bytes) -> LastSnapshot:
    gen, kind, form, update = json.loads(zlib.decompress(data))
    entry_id = EntryId.parse(name.removeprefix(_SNAPSHOT))
    return LastSnapshot(entry_id, gen, kind, form, base64.b64decode(update))


def _write(directory: Path, name: str, data: bytes) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    draft = directory / f".{name}.{os.getpid()}"
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # durable before the log is trimmed
    draft.replace(directory / f"{name}.z")
    entry = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(entry)  # the name too
    finally:
        os.close(entry)
