"""History: entries that compaction takes out of the log, kept unmerged in zlib blocks."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Entry
from rtstore.schema.ids import EntryId

BLOCK_ENTRIES = 5000


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
            name = f"{block[0].id}..{block[-1].id}"
            data = await asyncio.to_thread(pack, block)
            if self._directory is not None:
                await asyncio.to_thread(_write, self._directory, name, data)
            else:
                await self._link.command("HSET", self._keys.history, name, data)

    async def blocks(self) -> list[str]:
        """Names of the blocks, ``<first>..<last>``, oldest first."""
        if self._directory is not None:
            found = await asyncio.to_thread(
                lambda d: [p.stem for p in d.glob("*.z")], self._directory
            )
        else:
            found = [k.decode() for k in await self._link.command("HKEYS", self._keys.history)]
        return sorted(found, key=lambda name: EntryId.parse(name.partition("..")[0]))

    async def read(self, block: str) -> list[Entry]:
        """The entries of one block."""
        if self._directory is not None:
            data = await asyncio.to_thread((self._directory / f"{block}.z").read_bytes)
        else:
            data = await self._link.command("HGET", self._keys.history, block)
        return await asyncio.to_thread(unpack, data)


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
