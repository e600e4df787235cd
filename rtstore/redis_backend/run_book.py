"""RunBook: what a document knows of the runs of its cells."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.schema import feed
from rtstore.schema.run import Run

Json = dict[str, Any]


class RunBook:
    """``rt:{D}:asked``, ``:runs``, ``:follows``, ``:cur:…``."""

    def __init__(self, link: Link, keys: DocumentKeys) -> None:
        self._link, self._keys = link, keys

    async def ask(self, runs: Sequence[tuple[Run, Json]]) -> None:
        """Have the document's keeper queue runs, all or none. Raises StoreUnavailable; ask again
        then, under the same ids.

        What comes with each is for the keeper: ``saw`` (hash of the source that the user saw),
        ``code`` (what is to run instead of the cell's source), ``lot`` and ``of`` (which requests
        were at the Jupyter server at once, and how many).
        """
        keys, post = self._keys, runs[0][0].id
        now = int(time.time() * 1000)
        for kernel in {run.kernel for run, _ in runs}:
            await self._link.command("HSET", keys.follows, kernel, now)
        pairs: list[str] = []
        for run, more in runs:
            pairs += (run.id, json.dumps({**run.as_fields(), **more, "post": post}))
        await self._link.command("HSET", keys.asked, *pairs)
        note = feed.notice("run asked", run=post)
        await self._link.command("SPUBLISH", keys.feed, note)

    async def asked(self) -> dict[str, Json]:
        """Runs that are not queued yet, by id."""
        return _parsed(await self._link.command("HGETALL", self._keys.asked))

    async def settled(self, *run_ids: str) -> None:
        """They are queued, or were refused."""
        await self._link.command("HDEL", self._keys.asked, *run_ids)

    async def runs(self) -> dict[str, Json]:
        """Cell → its newest run."""
        return _parsed(await self._link.command("HGETALL", self._keys.runs))

    async def kernels(self) -> list[str]:
        """Kernels that ran cells of this document, or are asked to."""
        return [name.decode() for name in await self._link.command("HKEYS", self._keys.follows)]

    async def forget(self, kernel_id: str) -> None:
        """The kernel is gone, and all that it said is in the document."""
        await self._link.command("HDEL", self._keys.follows, kernel_id)
        await self._link.command("DEL", self._keys.cursor(kernel_id))

    async def cursor(self, kernel_id: str) -> tuple[str, Json]:
        """How far a kernel was followed ('' for not yet), and the state there."""
        cursor, state = await self._link.command(
            "HMGET", self._keys.cursor(kernel_id), "cursor", "state"
        )
        return (cursor or b"").decode(), json.loads(state) if state else {}


def _parsed(reply: dict[bytes, bytes]) -> dict[str, Json]:
    found = {}
    for name, value in reply.items():
        try:
            told = json.loads(value)
        except ValueError:
            continue
        if isinstance(told, dict):
            found[name.decode()] = told
    return found
