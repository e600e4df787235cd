"""Unhealed: what a room had before it read its log anew, until it is sure that the log has it."""

from __future__ import annotations

import asyncio

from rtstore.gateway.writer import Writer
from rtstore.pubsub.content import Content, set_aside
from rtstore.redis_backend.update_log import Loaded
from rtstore.schema import updates


class Unhealed:
    """A store that comes back may lack the end of a log, or all of it. See the module."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._set_aside: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self._parts)

    def read_anew(self, content: Content, loaded: Loaded) -> None:
        """Keep what `content` has; `loaded` is about to take its place.

        Nothing is kept where an entry was put into quarantine meanwhile: it may be among what
        `content` has, and must not come back.
        """
        bad = set_aside(loaded)
        if bad <= self._set_aside:
            self._parts += content.parts()
        else:
            self._parts.clear()
        self._set_aside = bad

    async def heal(self, writer: Writer) -> None:
        """Append what the log lacks of it. Raises StoreUnavailable, StoreRefused; it is kept."""
        while count := len(self._parts):
            if count > 1:
                self._parts[:count] = [await asyncio.to_thread(updates.merge, self._parts[:count])]
            await writer.heal(self._parts[0])
            del self._parts[:1]
