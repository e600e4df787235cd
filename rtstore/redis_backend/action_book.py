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
        self._actions, self._waiting = keys.live("actions"), keys.live("waiting")

    async def ask(self, record: Record, content: bytes = b"") -> Record | None:
        """Note a new action; the record that its id had already, if it had one: that stays, and
        so does what it uploads.

        `content`: what it uploads; records are shown to people. Raises StoreUnavailable (ask
        again), StoreRefused.
        """
        action_id = record["id"]
        args = (action_id, _text(record), content, CONTENT_MS)
        before = await self._link.call(_ASK, self._keys_of(action_id), args)
        return json.loads(before) if before else None

    async def content(self, action_id: str) -> bytes | None:
        """What an action uploads; None if it is there no more."""
        told = await self._link.command("GET", self._content(action_id))
        return bytes(told) if told is not None else None

    async def get(self, action_id: str) -> Record | None:
        """One of them."""
        told = await self._link.command("HGET", self._actions, action_id)
        return json.loads(told) if told else None

    async def all(self) -> list[Record]:
        """Those that are remembered."""
        return [json.loads(one) for one in await self._link.command("HVALS", self._actions)]

    async def waiting(self) -> list[str]:
        """Ids of those that nobody has taken, the oldest first."""
        told = await self._link.command("LRANGE", self._waiting, 0, -1)
        return [one.decode() for one in told]

    async def swap(self, seen: Record | None, new: Record) -> bool:
        """Replace a record that is still as it was `seen`; whether it was. What it uploads goes
        with its end. Raises StoreUnavailable: then it may have been.
        """
        before = _text(seen) if seen is not None else ""
        is_over = int(new["ended"] is not None)
        args = (new["id"], before, _text(new), is_over)
        return bool(await self._link.call(_SWAP, self._keys_of(new["id"]), args))

    async def forget(self, record: Record) -> None:
        """It ended long ago."""
        args = (record["id"], _text(record), "", 1)
        await self._link.call(_SWAP, self._keys_of(record["id"]), args)

    def _keys_of(self, action_id: str) -> tuple[str, ...]:
        own = (self._keys.live("versions"), self._keys.live("feed"))
        return (*own, self._actions, self._waiting, self._content(action_id))

    def _content(self, action_id: str) -> str:
        return self._keys.live(f"content:{action_id}")


def _text(record: Record) -> str:
    return json.dumps(record, separators=(",", ":"))
