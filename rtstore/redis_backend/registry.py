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
COMPARE_EVERY_S = 10.0
"""Clocks, ours and the store's: ours may be set while we run."""


class Registry:
    """``rt:w:…``, ``rt:workers``, ``rt:docs:…``: single keys, each in its own slot."""

    def __init__(self, link: Link, keys: Keys) -> None:
        self._link, self._keys = link, keys
        self._ahead_ms, self._compared_at = 0.0, float("-inf")

    async def _now_ms(self) -> int:
        """By the store's clock: those of workers on other hosts may differ by minutes."""
        if time.monotonic() - self._compared_at > COMPARE_EVERY_S:
            seconds, micros = await self._link.command("TIME")
            self._compared_at = time.monotonic()
            self._ahead_ms = int(seconds) * 1000 + int(micros) // 1000 - time.time() * 1000
        return int(time.time() * 1000 + self._ahead_ms)

    async def beat(self, worker: str, told: Mapping[str, str]) -> None:
        """Say that this worker lives, for WORKER_TTL_MS."""
        key, until = self._keys.worker(worker), await self._now_ms() + WORKER_TTL_MS
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
        now = await self._now_ms()
        await self._link.command("ZREMRANGEBYSCORE", self._keys.workers, "-inf", now)
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
        now = await self._now_ms()
        await self._link.command("ZADD", self._keys.docs_of(document_id), now, document_id)

    async def unmark(self, document_id: str) -> None:
        """Nobody needs it kept any more."""
        await self._link.command("ZREM", self._keys.docs_of(document_id), document_id)

    async def in_use(self, within_ms: int = IN_USE_MS) -> list[str]:
        """Ids of the documents marked within this time."""
        since = await self._now_ms() - within_ms
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
