"""Notices: what happened to files in band, told to whoever has their documents open."""

from __future__ import annotations

from collections.abc import Iterable

from rtstore.redis_backend.file_index import FileIndex, document_moved
from rtstore.redis_backend.giant_store import DAY_MS, GiantStore
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.schema import feed


class Notices:
    """Keeps the file ids right and publishes on the documents' feeds. Everything may be repeated.

    Raises StoreUnavailable; nothing is kept for later here.
    """

    def __init__(
        self, link: Link, keys: Keys, index: FileIndex, *, outputs_kept_days: float
    ) -> None:
        self._link = link
        self._keys = keys
        self._index = index
        self._outputs_kept_ms = int(outputs_kept_days * DAY_MS)

    async def renamed(self, old: str, new: str) -> None:
        """A file or a directory was moved."""
        for file_id, _, path in await self._index.rename(old, new):
            if path:
                await document_moved(self._link, self._keys.document(file_id), path)
            else:
                await self._tell_deleted([file_id])

    async def deleted(self, path: str) -> None:
        """A file or a directory was deleted. A file made there later is another document."""
        await self._tell_deleted(file_id for file_id, _ in await self._index.delete(path))

    async def replaced(self, path: str) -> None:
        """A file was written by somebody other than its keeper."""
        if file_id := await self._index.id_of(path):
            await self._publish(file_id, feed.notice("replaced"))

    async def copied(self, to: str) -> str:
        """A file was copied to `to`, whose id is returned; an open document there is replaced."""
        await self.replaced(to)
        return (await self._index.index(to))[0]

    async def indexed(self, path: str, given: str) -> str:
        """The id `given` was promised for `path`; returns the one that counts."""
        return (await self._index.index(path, fresh=given))[0]

    async def _tell_deleted(self, ids: Iterable[str]) -> None:
        for file_id in ids:
            await self._publish(file_id, feed.notice("deleted"))
            if self._outputs_kept_ms:
                # Afterwards, and of these alone: what has still a file is its keeper's to judge.
                giants = GiantStore(self._link, self._keys.document(file_id))
                await giants.expire(self._outputs_kept_ms)

    async def _publish(self, file_id: str, note: bytes) -> None:
        await self._link.command("SPUBLISH", self._keys.document(file_id).feed, note)
