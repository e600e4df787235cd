"""PresenceSet: who is in a document or in a Jupyter server, readable, with expiry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rtstore.redis_backend.keys import DocumentKeys, RootKeys
from rtstore.redis_backend.link import Link, Script

_PUT = Script.load("presence_set_put")


@dataclass(frozen=True, slots=True)
class Present:
    """What `put` found."""

    gone: Mapping[str, bytes]
    """Fields that were removed or expired in this call, with what they held."""
    here: Mapping[str, bytes]
    """All that is left."""


class PresenceSet:
    """``…:who``: field ``<worker>.<conn>`` → JSON."""

    def __init__(self, link: Link, keys: DocumentKeys | RootKeys, *, ttl_ms: int) -> None:
        self._link, self._keys, self._ttl_ms = link, keys, ttl_ms

    async def put(self, told: Mapping[str, str], remove: Sequence[str] = ()) -> Present:
        """Set or renew (an empty value) fields, remove others, and drop what has expired."""
        pairs = [part for pair in told.items() for part in pair]
        gone, here = await self._link.call(
            _PUT, (self._keys.who, self._keys.who_exp), (self._ttl_ms, len(told), *pairs, *remove)
        )
        return Present(_pairs(gone), _pairs(here))


def _pairs(flat: Sequence[bytes]) -> dict[str, bytes]:
    return {flat[i].decode(): flat[i + 1] for i in range(0, len(flat), 2)}
