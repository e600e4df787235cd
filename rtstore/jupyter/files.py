"""Files: the server's contents, as workers read and save them.

Everything goes through the contents manager, whatever it is, so that trust, hooks, checkpoints
and paired notebooks work as without us. Where the files are real ones their stat and hash are
taken directly, in a thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import posixpath
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from rtstore.jupyter import disk

OURS: ContextVar[bool] = ContextVar("ours", default=False)
"""True while we write: contents events of it, and of nothing else, are our own doing."""
CONTENT_HASH = "rtstore-content-sha256"
"""Hash algorithm told for contents managers that know none."""
STEADY_TRIES = 5
STEADY_WAIT_S = 0.02
"""A file that changes while it is read is read again: half of it is nobody's content."""


Stat = dict[str, Any]
"""mtime_ns, size, ino, writable."""


class Refused(Exception):
    """Nothing was written; `told` is the body of the answer."""

    def __init__(self, status: int, **told: object) -> None:
        super().__init__(told.get("reason"))
        self.status = status
        self.told = told


@dataclass(frozen=True, slots=True)
class Document:
    """A file as a worker names it: where, and as what type and format it is open."""

    path: str
    type: str
    format: str

    @property
    def contents_type(self) -> str:
        """What the contents API calls it: every type but a notebook is a file."""
        return "notebook" if self.type == "notebook" else "file"

    @property
    def contents_format(self) -> str:
        """The format to save as."""
        return "json" if self.type == "notebook" else self.format

    @property
    def is_text(self) -> bool:
        """Whether its line ends are for us to keep."""
        return self.contents_type == "file" and self.format == "text"


class Files:
    """See the module. `contents_manager` is asked each time: extensions may replace it."""

    def __init__(self, contents_manager: Callable[[], Any]) -> None:
        self._contents_manager = contents_manager
        self._locks: dict[str, list[Any]] = {}

    async def stats(self, paths: list[str]) -> dict[str, Stat | None]:
        """What is told of each file without reading it; None where there is none."""
        manager = self._contents_manager()
        if disk.is_below(manager):
            return await asyncio.to_thread(disk.stats, manager, paths)
        return {path: await self._model_stat(path) for path in paths}

    async def read(self, document: Document) -> dict[str, Any]:
        """The file's content with everything that belongs to it, all of one moment.

        Text comes with LF line ends. Raises HTTPError: 404, or 400 if it is not what it is
        opened as.
        """
        model, stat = await self._steady_model(document)
        content = model["content"]
        if document.is_text and isinstance(content, str):
            content = content.replace("\r\n", "\n")
        return {
            "content": content,
            "format": model["format"],
            "type": document.type,
            "message": model.get("message"),  # the contents manager's validation, if it failed
            "hash": model["hash"],
            "hash_algorithm": model["hash_algorithm"],
            "last_modified": model["last_modified"],
            "writable": bool(model.get("writable", True)),
            "stat": stat,
        }

    async def hash_of(self, path: str) -> str | None:
        """As ``GET /api/contents/{path}?content=0&hash=1`` tells. Raises HTTPError 404."""
        return (await self._hash(path))[0]

    async def save(
        self,
        document: Document,
        content: Any,  # noqa: ANN401 -- text, or a notebook's JSON
        *,
        seen_hash: str | None,
        may_create: bool,
        still_owner: Callable[[], Awaitable[bool]],
    ) -> dict[str, Any]:
        """Write `content`, if `still_owner` says so and the file is still the one with
        `seen_hash` (None: no file was seen).

        The owner is asked first: that takes a round trip, in which others may write. Between
        the look at the file and the write to it nothing else of this process runs, where the
        contents manager is synchronous and its files are plain; elsewhere as little as can be.

        The `stat` told is None if somebody else wrote the file right after us: the hash is
        theirs then. Raises Refused, or HTTPError from the contents manager; nothing was written
        then.
        """
        manager, path = self._contents_manager(), document.path
        async with self.only_writer(path):
            if not await still_owner():
                raise Refused(409, reason="lease")
            now = await self._look(document, seen_hash)
            if now is None and not may_create:
                raise Refused(404, reason="missing")
            if now is not None:
                if not now.writable:
                    raise Refused(403, reason="read-only")
                if now.hash != seen_hash:
                    raise Refused(409, reason="changed", hash=now.hash)
                if now.has_crlf and isinstance(content, str):
                    content = content.replace("\n", "\r\n")
            model = await self._write(document, content)
            # At once, in no thread: what comes between is taken for our own doing.
            ours = disk.stats(manager, [path])[path] if disk.is_below(manager) else None
            written = await self._hash(path)
            stat = (await self.stats([path]))[path]
        return {
            "hash": written[0],
            "hash_algorithm": written[1],
            "last_modified": model["last_modified"],
            "stat": stat if ours in (None, stat) else None,
        }

    async def save_beside(self, document: Document, content: Any, label: str) -> str:  # noqa: ANN401
        """Write `content` to a new file next to the document's: ``<name>.<label>-<time><ext>``.

        If the directory is gone, the nearest one that is left. Returns the path.
        """
        manager = self._contents_manager()
        directory, name = posixpath.split(document.path)
        while directory and not await ensure_async(manager.dir_exists(directory)):
            directory = posixpath.dirname(directory)
        stem, ext = posixpath.splitext(name)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        async with self.only_writer(f"{directory}/{stem}.{label}-*{ext}"):
            for again in range(1000):
                more = f"-{again + 1}" if again else ""
                path = posixpath.join(directory, f"{stem}.{label}-{stamp}{more}{ext}")
                if not await ensure_async(manager.file_exists(path)):
                    await self._write(Document(path, document.type, document.format), content)
                    return path
        raise HTTPError(500, f"no free name beside {document.path}")

    @asynccontextmanager
    async def only_writer(self, path: str) -> AsyncIterator[None]:
        """Nobody else writes, moves or deletes `path` through us or Jupyter's API meanwhile."""
        entry = self._locks.setdefault(path, [asyncio.Lock(), 0])
        entry[1] += 1
        try:
            async with entry[0]:
                yield
        finally:
            entry[1] -= 1
            if not entry[1]:
                del self._locks[path]

    async def _write(self, document: Document, content: Any) -> dict[str, Any]:  # noqa: ANN401
        model = {
            "type": document.contents_type,
            "format": document.contents_format,
            "content": content,
        }
        token = OURS.set(True)
        try:
            saved: dict[str, Any] = await ensure_async(
                self._contents_manager().save(model, document.path)
            )
        finally:
            OURS.reset(token)
        return saved

    async def _look(self, document: Document, seen_hash: str | None) -> disk.Seen | None:
        """The file as it is right before a save; None if there is none."""
        manager, path = self._contents_manager(), document.path
        if disk.is_plain(manager):
            return await self._look_at_plain(document)
        if not await ensure_async(manager.file_exists(path)):
            return None
        model = await self._get(document, content=document.is_text)
        told, _ = await self._hash(path)
        if told != seen_hash:
            # Jupytext knows a notebook's other files, whose hashes count, once it has read it.
            model = await self._get(document, content=True)
            told, _ = await self._hash(path)
        content = model.get("content")
        has_crlf = document.is_text and isinstance(content, str) and disk.is_crlf(content.encode())
        return disk.Seen(told, has_crlf=has_crlf, writable=bool(model.get("writable", True)))

    async def _look_at_plain(self, document: Document) -> disk.Seen | None:
        """Read in a thread, as it may be big; then a stat, in no thread, says that it is the same
        still, and the caller writes at once.
        """
        manager, path = self._contents_manager(), document.path
        for _ in range(STEADY_TRIES):
            now = await asyncio.to_thread(disk.look, manager, path, is_text=document.is_text)
            if disk.stats(manager, [path])[path] == (now.stat if now else None):
                return now
        raise Refused(409, reason="changed", hash=None)

    async def _hash(self, path: str) -> tuple[str | None, str | None]:
        """As ``GET /api/contents/{path}?content=0&hash=1`` tells: no type, as the front end asks.

        A manager that knows no hashes gets one of the content: only we compare it then.
        """
        manager = self._contents_manager()
        if disk.is_plain(manager):
            return await asyncio.to_thread(disk.hash_of, manager, path)
        if _knows_hashes(manager):
            model = await ensure_async(manager.get(path, content=False, require_hash=True))
            if model.get("hash"):
                return model["hash"], model.get("hash_algorithm")
        return _content_hash(await ensure_async(manager.get(path, content=True))), CONTENT_HASH

    async def _get(
        self, document: Document, *, content: bool, with_hash: bool = False
    ) -> dict[str, Any]:
        is_text_or_bytes = document.contents_type == "file" and document.format != "json"
        model: dict[str, Any] = await ensure_async(
            self._contents_manager().get(
                document.path,
                content=content,
                type=document.contents_type,
                format=document.format if is_text_or_bytes else None,
                **({"require_hash": True} if with_hash else {}),
            )
        )
        return model

    async def _steady_model(self, document: Document) -> tuple[dict[str, Any], Stat | None]:
        """Content, hash and stat of one moment, hashed in a thread where that can be."""
        manager, path = self._contents_manager(), document.path
        for _ in range(STEADY_TRIES if disk.is_plain(manager) else 0):
            before = (await self.stats([path]))[path]
            model = await self._get(document, content=True)
            model["hash"], model["hash_algorithm"] = await self._hash(path)
            if before == (await self.stats([path]))[path]:
                return model, before
            await asyncio.sleep(STEADY_WAIT_S)
        # Not a plain file, or somebody writes all the time: one read says content and hash, and
        # a stat from before it makes the next change show.
        before = (await self.stats([path]))[path]
        knows = _knows_hashes(manager)
        model = await self._get(document, content=True, with_hash=knows)
        if not (knows and model.get("hash")):
            model["hash"], model["hash_algorithm"] = _content_hash(model), CONTENT_HASH
        return model, before

    async def _model_stat(self, path: str) -> Stat | None:
        try:
            model = await ensure_async(self._contents_manager().get(path, content=False))
        except HTTPError as error:
            if error.status_code == 404:
                return None
            raise
        return {
            "mtime_ns": int(model["last_modified"].timestamp() * 1e9),
            "size": model.get("size") or 0,
            "ino": 0,
            "writable": bool(model.get("writable", True)),
        }


def _content_hash(model: dict[str, Any]) -> str:
    told = json.dumps(model["content"], sort_keys=True, default=str).encode()
    return hashlib.sha256(told).hexdigest()


def _knows_hashes(manager: Any) -> bool:  # noqa: ANN401 -- any contents manager
    """Whether its `get` takes `require_hash` (since jupyter_server 2.11)."""
    taken = inspect.signature(manager.get).parameters
    return "require_hash" in taken or any(p.kind is p.VAR_KEYWORD for p in taken.values())
