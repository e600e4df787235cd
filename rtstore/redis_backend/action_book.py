"""ActionBook: what clients want done at a Jupyter server, and what became of it.

Clients ask; the Jupyter server takes, does and ends. Nobody else writes a state.
"""

from __future__ import annotations

import json
from typing import Any

from rtstore.redis_backend.keys import RootKeys
from rtstore.redis_backend.link import Link, Script

_ASK = Script.load("action_ask")
_SWAP = Script.load("action_swap")

CONTENT_MS = 600_000
"""How long what is to be uploaded waits for the server."""

Record = dict[str, Any]


class ActionBook:
    """``rt:{S}:live:actions``, ``:waiting`` and ``:content:<id>``."""

    def __init__(self, link: Link, keys: RootKeys) -> None:
        self._link, self._keys = link, keys
        self._own = tuple(keys.live(name) for name in ("versions", "feed", "actions", "waiting"))

    async def ask(self, record: Record, content: bytes = b"") -> Record | None:
        """Note a new action; the record that its id had already, if it had one.

        `content`: what it uploads; records are shown to people. Raises StoreUnavailable (ask
        again), StoreRefused.
        """
        action_id = record["id"]
        if content:
            key = self._keys.live(f"content:{action_id}")
            await self._link.command("SET", key, content, "PX", CONTENT_MS)
        before = await self._link.call(_ASK, self._own, (action_id, _text(record)))
        return json.loads(before) if before else None

    async def content(self, action_id: str) -> bytes | None:
        """What an action uploads; None if it is there no more."""
        told = await self._link.command("GET", self._keys.live(f"content:{action_id}"))
        return bytes(told) if told is not None else None

    async def get(self, action_id: str) -> Record | None:
        """One of them."""
        told = await self._link.command("HGET", self._keys.live("actions"), action_id)
        return json.loads(told) if told else None

    async def all(self) -> list[Record]:
        """Those that are remembered."""
        return [json.loads(one) for one in await self._link.command("HVALS", self._own[2])]

    async def waiting(self) -> list[str]:
        """Ids of those that nobody has taken, the oldest first."""
        told = await self._link.command("LRANGE", self._own[3], 0, -1)
        return [one.decode() for one in told]

    async def swap(self, seen: Record | None, new: Record) -> bool:
        """Replace a record that is still as it was `seen`; whether it was. Raises
        StoreUnavailable: then it may have been.
        """
        before = _text(seen) if seen is not None else ""
        return bool(await self._link.call(_SWAP, self._own, (new["id"], before, _text(new))))

    async def forget(self, record: Record) -> None:
        """It ended long ago."""
        await self._link.call(_SWAP, self._own, (record["id"], _text(record), ""))
        await self._link.command("DEL", self._keys.live(f"content:{record['id']}"))


def _text(record: Record) -> str:
    return json.dumps(record, separators=(",", ":"))
