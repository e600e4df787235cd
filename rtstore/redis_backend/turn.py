"""Turn: what a user says of themselves in a Jupyter server, published once in a while."""

from __future__ import annotations

from rtstore.redis_backend.keys import RootKeys
from rtstore.redis_backend.link import Link, Script

_SAY = Script.load("turn_say")


class Turn:
    """``rt:{S}:spoke``: when each user was heard last, over all workers."""

    def __init__(self, link: Link, keys: RootKeys, *, every_s: float) -> None:
        self._link, self._keys, self._every_ms = link, keys, int(every_s * 1000)

    async def say(self, user: str, payload: bytes) -> float:
        """Publish it; 0 if that was done, else how many seconds too early it is."""
        left_ms = await self._link.call(
            _SAY, (self._keys.spoke, self._keys.feed), (user, self._every_ms, payload)
        )
        return int(left_ms) / 1000
