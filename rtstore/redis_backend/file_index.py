"""File ids: which id stands for which path of one contents root, the only truth of it.

``rt:{S}:paths`` (path → id) and ``rt:{S}:files`` (id → path) say the same thing both ways; each
change is one script. Whoever mirrors them hears ``note {"type":"indexed","ids":[…]}`` on
``rt:{S}:feed`` and reads those ids again.
"""

from __future__ import annotations

import posixpath
import re
import uuid
from collections.abc import AsyncIterator, Sequence

from rtstore.errors import NoSuchDocument
from rtstore.redis_backend.keys import DocumentKeys, RootKeys
from rtstore.redis_backend.link import Link, Script
from rtstore.schema import feed

_INDEX = Script.load("file_index_index")
_RENAME = Script.load("file_index_rename")
_DELETE = Script.load("file_index_delete")
_ADOPT = Script.load("file_index_adopt")
_MOVED = Script.load("file_index_moved")

SCAN_COUNT = 1000
"""Fields per HSCAN: 1000 take the server well under a millisecond."""
BATCH = 200
"""Ids per script call, so that moving a huge directory never holds the server up."""


def api_path(path: str) -> str:
    """`path` as Jupyter's contents API writes it: relative, ``/``-separated, no ``.``.

    Raises NoSuchDocument when it leads out of the contents root or names the root itself.
    """
    clean = posixpath.normpath("/" + path.strip("/")).strip("/")
    if not clean or "\0" in clean or ".." in path.split("/"):
        raise NoSuchDocument(f"{path!r} is not the path of a file below the contents root")
    return clean


def _note(ids: Sequence[str]) -> bytes:
    return feed.notice("indexed", ids=list(ids))


class FileIndex:
    """The file ids of one contents root. Paths may come with a leading ``/``; ids are opaque."""

    def __init__(self, link: Link, keys: RootKeys) -> None:
        self._link = link
        self._keys = keys

    async def id_of(self, path: str) -> str | None:
        """The id of `path`; None if it was never indexed."""
        return _text(await self._link.command("HGET", self._keys.paths, api_path(path)))

    async def path_of(self, file_id: str) -> str | None:
        """Where the file with this id is now; None if it was deleted or never was."""
        return _text(await self._link.command("HGET", self._keys.files, file_id))

    async def paths_of(self, ids: Sequence[str]) -> list[str | None]:
        """`path_of` each of `ids` in one command."""
        if not ids:
            return []
        return [_text(p) for p in await self._link.command("HMGET", self._keys.files, *ids)]

    async def index(self, path: str, *, fresh: str | None = None) -> tuple[str, bool]:
        """The id of `path`, made now if it has none (`fresh` if given); whether it was made.

        Does not look whether there is such a file. Two callers at once get the same id.
        """
        fresh = fresh or str(uuid.uuid4())
        file_id, made = await self._link.call(
            _INDEX, self._all_keys(), [api_path(path), fresh, _note([fresh])]
        )
        return _sure_text(file_id), bool(made)

    async def rename(self, old: str, new: str) -> list[tuple[str, str, str]]:
        """Move the id of `old`, and of everything below it, to `new`: (id, old path, new path).

        A new path of ``""`` is an id that lost its path to a file moved onto it. Harmless twice.
        Costs a scan of all paths, since only the paths tell whether `old` was a directory.
        """
        old, new = api_path(old), api_path(new)
        moves = [(i, path, new + path[len(old) :]) for path, i in await self._below(old)]
        done: list[tuple[str, str, str]] = []
        for at in range(0, len(moves), BATCH):
            batch = moves[at : at + BATCH]
            flat = [text for move in batch for text in move]
            reply = await self._link.call(
                _RENAME, self._all_keys(), [_note([m[0] for m in batch]), *flat]
            )
            texts = [_sure_text(t) for t in reply]
            done += zip(texts[::3], texts[1::3], texts[2::3], strict=True)
        return done

    async def delete(self, path: str) -> list[tuple[str, str]]:
        """Forget the id of `path`, and of everything below it: (id, path). Harmless twice.

        A file that is made there later gets a new id, so it never meets the old document.
        """
        gone = [(i, below) for below, i in await self._below(api_path(path))]
        done: list[tuple[str, str]] = []
        for at in range(0, len(gone), BATCH):
            batch = gone[at : at + BATCH]
            flat = [text for pair in batch for text in pair]
            reply = await self._link.call(
                _DELETE, self._all_keys(), [_note([g[0] for g in batch]), *flat]
            )
            texts = [_sure_text(t) for t in reply]
            done += zip(texts[::2], texts[1::2], strict=True)
        return done

    async def adopt(self, file_id: str, path: str) -> bool:
        """Let an id that tabs still use stand for `path` (again), e.g. after a wiped store.

        False, and nothing changed, if another id has the path already.
        """
        path = api_path(path)
        return bool(
            await self._link.call(_ADOPT, self._all_keys(), [file_id, path, _note([file_id])])
        )

    async def entries(self) -> AsyncIterator[tuple[str, str]]:
        """Every (path, id), in no order. What changes meanwhile may be seen old, new or twice."""
        async for entry in self._scan("*"):
            yield entry

    async def _below(self, path: str) -> list[tuple[str, str]]:
        """(path, id) of `path` itself and of all that is below it."""
        pattern = re.sub(r"([\\*?\[\]])", r"\\\1", path) + "/*"
        found = {below: file_id async for below, file_id in self._scan(pattern)}
        if own := await self.id_of(path):
            found[path] = own
        return sorted(found.items())

    async def _scan(self, pattern: str) -> AsyncIterator[tuple[str, str]]:
        cursor = "0"
        while True:
            cursor, page = await self._link.command(
                "HSCAN", self._keys.paths, cursor, "MATCH", pattern, "COUNT", SCAN_COUNT
            )
            cursor = _sure_text(cursor)
            pairs = list(page.items()) if isinstance(page, dict) else _pairs(page)
            for path, file_id in pairs:
                yield _sure_text(path), _sure_text(file_id)
            if cursor == "0":
                return

    def _all_keys(self) -> list[str]:
        return [self._keys.paths, self._keys.files, self._keys.feed]


async def document_moved(link: Link, document: DocumentKeys, path: str) -> bool:
    """Write a document's new path to its ``meta`` and tell its feed; False if there is none."""
    note = feed.notice("path", path=path)
    return bool(await link.call(_MOVED, [document.meta, document.feed], [path, note]))


def _pairs(flat: Sequence[object]) -> list[tuple[object, object]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _text(value: object) -> str | None:
    return None if value is None else _sure_text(value)


def _sure_text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
