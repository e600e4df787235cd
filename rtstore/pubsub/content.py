"""Content: one document's updates as bytes, merged up to a point and listed after it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager

from rtstore.errors import BadContent, BadFrame
from rtstore.redis_backend.update_log import Entry, Loaded
from rtstore.schema import updates
from rtstore.schema.frames import EMPTY_STATE_VECTOR, NOTHING

logger = logging.getLogger(__name__)

IN_THREAD_BYTES = 2**19
"""Merges of more than this leave the event loop alone: about 1 ms per 256 KiB."""
DIFF_IN_THREAD_BYTES = 2**20
TAIL_ENTRIES_MAX = 1000
TAIL_BYTES_MIN = 2**16


class Content:
    """What a joiner is sent. No Doc: bytes that Redis has, and can give again."""

    def __init__(self) -> None:
        self._merged = NOTHING
        self._tail: list[bytes] = []
        self._tail_bytes = 0
        self._merging = asyncio.Lock()
        self._state_vector: bytes | None = None
        self._deletes: updates.Ranges | None = None
        self._has_any = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written: the document is not imported yet."""
        return not self._has_any

    @property
    def is_long(self) -> bool:
        """Whether the tail should be merged now, even though nobody asks."""
        return len(self._tail) > TAIL_ENTRIES_MAX or self._tail_bytes > max(
            TAIL_BYTES_MIN, len(self._merged)
        )

    def replace(self, loaded: Loaded) -> None:
        """Begin again with what was loaded; quarantined entries are left out."""
        told = content_of(loaded)
        self._merged, self._tail = (told[0] if told else NOTHING), told[1:]
        self._tail_bytes = sum(map(len, self._tail))
        self._has_any = bool(told)
        self._state_vector = self._deletes = None

    def parts(self) -> list[bytes]:
        """Updates that are all of it together; none if nothing was ever written."""
        return [self._merged, *self._tail] if self._has_any else []

    def add(self, update: bytes) -> None:
        """The next entry's update."""
        self._tail.append(update)
        self._tail_bytes += len(update)
        self._has_any = True

    async def whole(self) -> bytes:
        """All of it as one update, at least as new as when this was called."""
        async with self._merging:
            if self._tail:
                before, taken = self._merged, list(self._tail)
                parts = [before, *taken]
                if len(before) + self._tail_bytes > IN_THREAD_BYTES:
                    merged = await asyncio.to_thread(updates.merge, parts)
                else:
                    merged = updates.merge(parts)
                if self._merged is not before:  # replaced meanwhile
                    return merged
                self._merged = merged
                del self._tail[: len(taken)]
                self._tail_bytes -= sum(map(len, taken))
                self._state_vector = self._deletes = None
            return self._merged

    async def state_vector(self) -> bytes:
        """Of the whole. Raises BadContent."""
        whole = await self.whole()
        with _not_the_peers_fault():
            if whole is not self._merged:
                return updates.state_vector(whole)
            if self._state_vector is None:
                self._state_vector = updates.state_vector(whole)
        return self._state_vector

    async def since(self, state_vector: bytes) -> bytes:
        """What a peer with this state vector (which decodes) lacks. Raises BadContent."""
        whole = await self.whole()
        with _not_the_peers_fault():
            if len(whole) > DIFF_IN_THREAD_BYTES and state_vector != EMPTY_STATE_VECTOR:
                return await asyncio.to_thread(updates.diff, whole, state_vector)
            return updates.diff(whole, state_vector)

    async def lacks(self, scan: updates.Scan) -> bool:
        """Whether an update says anything that the whole does not. Raises BadContent."""
        if scan.is_nothing:
            return False
        known = updates.decode_state_vector(await self.state_vector())
        if any(end > known.get(client, 0) for client, _, end in scan.clients):
            return True
        if self._deletes is None or self._tail:
            self._deletes = _deletes_of(await self.whole())
        return not updates.covers(self._deletes, scan.deletes)

    async def is_sound(self) -> bool:
        """Whether the whole would pass as a browser's update."""
        whole = await self.whole()
        try:
            await asyncio.to_thread(updates.scan, whole)
        except BadFrame:
            return False
        return True


@contextmanager
def _not_the_peers_fault() -> Iterator[None]:
    """A BadFrame would close the socket of whoever made us look."""
    try:
        yield
    except BadFrame as error:
        raise BadContent(f"what the log holds does not decode: {error}") from error


def _deletes_of(whole: bytes) -> updates.Ranges:
    try:
        return updates.deletes_of(whole)
    except BadFrame as error:  # of an older version, or written by another program
        logger.warning("stored content does not decode why=%s", error)
        return {}  # so that deletes are appended again, which is harmless


def content_of(loaded: Loaded) -> list[bytes]:
    """The snapshot's and the entries' updates, without those that were quarantined."""
    told = [loaded.snapshot] if loaded.snapshot else []
    told.extend(update_of(loaded.entries, set_aside(loaded)))
    return told


def set_aside(loaded: Loaded) -> frozenset[str]:
    """Ids of the entries that are in quarantine."""
    return frozenset(e.update.decode("ascii", "replace") for e in loaded.entries if e.kind == "q")


def update_of(entries: Iterable[Entry], bad: Set[str]) -> Iterable[bytes]:
    """Updates of the content entries that are not in `bad`."""
    return (e.update for e in entries if e.is_content and str(e.id) not in bad)
