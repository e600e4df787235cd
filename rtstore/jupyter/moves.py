"""Files that were moved from outside (``mv``, a file browser): found again by their inode."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from rtstore.errors import NoSuchDocument
from rtstore.jupyter import disk
from rtstore.jupyter.notices import Notices
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link

logger = logging.getLogger(__name__)

SEARCH_AGAIN_S = 30.0
"""A path that was looked for in vain is not looked for again for this long; keepers ask often."""


class Moves:
    """See the module."""

    def __init__(
        self,
        link: Link,
        keys: Keys,
        index: FileIndex,
        notices: Notices,
        *,
        contents_manager: Callable[[], Any],
    ) -> None:
        self._link = link
        self._keys = keys
        self._index = index
        self._notices = notices
        self._contents_manager = contents_manager
        self._in_vain: dict[str, float] = {}

    async def follow(self, path: str) -> str | None:
        """Where the document's file is now, if it was moved; everybody is told then.

        A file counts as the same one if it has the inode that the keeper saw at its last save,
        and also that time or that content: inodes are used again.
        """
        manager = self._contents_manager()
        now = time.monotonic()
        self._in_vain = {p: until for p, until in self._in_vain.items() if until > now}
        if path in self._in_vain or not disk.is_below(manager):
            return None
        if new := await self._find(manager, path):
            logger.info("file moved from outside old=%s new=%s", path, new)
            await self._notices.renamed(path, new)
            return new
        self._in_vain[path] = now + SEARCH_AGAIN_S
        return None

    async def _find(self, manager: Any, path: str) -> str | None:  # noqa: ANN401
        try:
            file_id = await self._index.id_of(path)
        except NoSuchDocument:
            return None
        if file_id is None:
            return None
        saved = await self._link.command(
            "HMGET", self._keys.document(file_id).meta, "saved_ino", "saved_mtime", "saved_hash"
        )
        ino, mtime_ns = _number(saved[0]), _number(saved[1])
        saved_hash = saved[2].decode() if saved[2] else None
        if not ino:
            return None
        return await asyncio.to_thread(_same_file, manager, path, ino, mtime_ns, saved_hash)


def _same_file(
    manager: Any,  # noqa: ANN401
    path: str,
    ino: int,
    mtime_ns: int | None,
    saved_hash: str | None,
) -> str | None:
    for found, found_mtime_ns in disk.find_inode(manager, path, ino=ino):
        if found_mtime_ns == mtime_ns or disk.hash_of(manager, found)[0] == saved_hash:
            return found
    return None


def _number(told: bytes | None) -> int | None:
    return int(told) if told and told.isdigit() else None
