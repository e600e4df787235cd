"""Lease: at most one intended owner of a name, with a token that Redis checks at each write.

It saves work; what makes writes right is that scripts compare its value.
"""

from __future__ import annotations

from rtstore.redis_backend.keys import DocumentKeys, KernelKeys
from rtstore.redis_backend.link import Link, Script

TTL_MS = 3000
RENEW_S = 0.75

_ACQUIRE = Script.load("lease_acquire")
_RENEW = Script.load("lease_renew")


class Lease:
    """The string `key`; the hash `meta` counts the tokens."""

    def __init__(self, link: Link, key: str, meta: str, *, owner: str) -> None:
        self._link, self._owner = link, owner
        self._key, self._meta = key, meta
        self.holding = ""
        """``<owner> <token>`` while it is ours as far as we know, else ''."""

    @classmethod
    def of_document(cls, link: Link, keys: DocumentKeys, name: str, *, owner: str) -> Lease:
        """One duty of one document (``keep``)."""
        return cls(link, keys.lease(name), keys.meta, owner=owner)

    @classmethod
    def of_kernel(cls, link: Link, keys: KernelKeys, *, owner: str) -> Lease:
        """The service of one kernel."""
        return cls(link, keys.lease, keys.meta, owner=owner)

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
