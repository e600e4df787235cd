"""Drafts: what tabs of an earlier history hold, on its way to files beside the document's."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link

DONE_S = 86_400
"""A page that comes back every minute with the same content gets one file, not one a minute."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The whole state of one tab as one update, and what it has the document open as."""

    user: str
    type: str
    format: str
    update: bytes


class Drafts:
    """The drafts of one document: ``rt:{D}:drafts``, digest → draft, or what became of it."""

    def __init__(self, link: Link, keys: DocumentKeys) -> None:
        self._link, self._key = link, keys.drafts

    async def put(self, draft: Draft) -> bool:
        """Keep it until a keeper has seen to it; False if the same was there within a day.

        Raises StoreUnavailable (it may have been kept), StoreRefused.
        """
        told = {"user": draft.user, "type": draft.type, "format": draft.format, "ts": _now_ms()}
        packed = json.dumps(told).encode() + b"\n" + draft.update
        name = hashlib.sha256(draft.update).hexdigest()
        is_new = bool(await self._link.command("HSETNX", self._key, name, packed))
        await self._link.command("PERSIST", self._key)
        return is_new

    async def waiting(self) -> dict[str, Draft]:
        """Those that nobody has seen to yet, by name."""
        found = await self._link.command("HGETALL", self._key)
        out = {}
        for name, packed in found.items():
            head, newline, update = packed.partition(b"\n")
            if newline:
                told = json.loads(head)
                out[name.decode()] = Draft(told["user"], told["type"], told["format"], update)
        return out

    async def done(self, name: str, *, path: str) -> None:
        """The draft is in the file `path` now; '' if it said nothing of its own."""
        told = json.dumps({"path": path, "ts": _now_ms()})
        await self._link.command("HSET", self._key, name, told)
        await self._link.command("EXPIRE", self._key, DONE_S)


def _now_ms() -> int:
    return int(time.time() * 1000)
