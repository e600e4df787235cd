"""Registry: which workers there are, and which documents are in use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from rtstore.redis_backend.keys import BUCKETS, Keys
from rtstore.redis_backend.link import Link

WORKER_TTL_MS = 15_000
IN_USE_MS = 150_000
"""A document is in use while somebody marked it within this time."""
MARK_EVERY_S = 60.0


class Registry:
    """``rt:w:…``, ``rt:workers``, ``rt:docs:…``: single keys, each in its own slot."""

    def __init__(self, link: Link, keys: Keys) -> None:
        self._link, self._keys = link, keys

    async def beat(self, worker: str, told: Mapping[str, str]) -> None:
        """Say that this worker lives, for WORKER_TTL_MS."""
        key, until = self._keys.worker(worker), _now_ms() + WORKER_TTL_MS
        pairs = [part for pair in told.items() for part in pair]
        async with asyncio.TaskGroup() as tasks:  # one write
            tasks.create_task(self._link.command("HSET", key, "until", until, *pairs))
            tasks.create_task(self._link.command("PEXPIRE", key, WORKER_TTL_MS))
            tasks.create_task(self._link.command("ZADD", self._keys.workers, until, worker))

    async def leave(self, worker: str) -> None:
        """Say that this worker is gone."""
        await self._link.command("DEL", self._keys.worker(worker))
        await self._link.command("ZREM", self._keys.workers, worker)

    async def workers(self) -> dict[str, dict[str, str]]:
        """The workers that live, and what they say of themselves; forgets the others."""
        await self._link.command("ZREMRANGEBYSCORE", self._keys.workers, "-inf", _now_ms())
        names = [
            name.decode() for name in await self._link.command("ZRANGE", self._keys.workers, 0, -1)
        ]
        out = {}
        for name in names:
            told = await self._link.command("HGETALL", self._keys.worker(name))
            if told:  # gone since, or its clock is ahead
                out[name] = {k.decode(): v.decode() for k, v in told.items()}
        return out

    async def mark(self, document_id: str) -> None:
        """Say that a document is in use; repeat it every MARK_EVERY_S."""
        await self._link.command("ZADD", self._keys.docs_of(document_id), _now_ms(), document_id)

    async def unmark(self, document_id: str) -> None:
        """Nobody needs it kept any more."""
        await self._link.command("ZREM", self._keys.docs_of(document_id), document_id)

    async def in_use(self, within_ms: int = IN_USE_MS) -> list[str]:
        """Ids of the documents marked within this time."""
        since = _now_ms() - within_ms
        found: list[str] = []

        async def one(bucket: int) -> None:
            reply = await self._link.command(
                "ZRANGEBYSCORE", self._keys.docs(bucket), since, "+inf"
            )
            found.extend(name.decode() for name in reply)

        async with asyncio.TaskGroup() as tasks:  # one write
            for bucket in range(BUCKETS):
                tasks.create_task(one(bucket))
        return found


def _now_ms() -> int:
    return int(time.time() * 1000)
