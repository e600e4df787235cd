"""Lease: at most one intended owner of a name, with a token that Redis checks at each write.

It saves work; what makes writes right is that scripts compare its value.
"""

from __future__ import annotations

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link, Script

TTL_MS = 3000
RENEW_S = 0.75

_ACQUIRE = Script.load("lease_acquire")
_RENEW = Script.load("lease_renew")


class Lease:
    """One name of one document (``keep``)."""

    def __init__(self, link: Link, keys: DocumentKeys, name: str, *, owner: str) -> None:
        self._link, self._owner = link, owner
        self._key, self._meta = keys.lease(name), keys.meta
        self.holding = ""
        """``<owner> <token>`` while it is ours as far as we know, else ''."""

    async def acquire(self) -> bool:
        """Try to take it; False when somebody holds it."""
        reply = await self._link.call(_ACQUIRE, (self._key, self._meta), (self._owner, TTL_MS))
        self.holding = reply.decode()
        return bool(self.holding)

    async def renew(self) -> bool:
        """Keep it for another TTL_MS; False when it is lost."""
        return await self._touch(TTL_MS)

    async def release(self) -> None:
        """Give it back, so that the next owner need not wait."""
        if self.holding:
            await self._touch(0)
            self.holding = ""

    async def _touch(self, ttl_ms: int) -> bool:
        ours = bool(await self._link.call(_RENEW, (self._key,), (self.holding, ttl_ms)))
        if not ours:
            self.holding = ""
        return ours
