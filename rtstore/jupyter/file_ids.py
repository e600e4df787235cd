"""File ids for everybody else in this server: ``settings["file_id_manager"]`` and its REST API.

Others call the interface of jupyter_server_fileid, which is synchronous and never waits; so it is
served from a mirror of the index in Redis. The mirror hears of every change over the contents
root's feed: it is behind by that long (a millisecond), and while the store is away it stands
still. An id given out here meanwhile is written as soon as the store is back.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError

from rtstore.errors import NoSuchDocument, StoreRefused, StoreUnavailable
from rtstore.jupyter.contents_events import Change
from rtstore.jupyter.rights import admit, signed_in
from rtstore.redis_backend.file_index import FileIndex, api_path
from rtstore.redis_backend.link import Link
from rtstore.schema import feed

logger = logging.getLogger(__name__)

RETRY_S = 0.5
FORGOTTEN_S = 60.0
"""Pages come back to an emptied store within seconds. Later, the path may be another file's."""


class FileIds:
    """The interface of ``jupyter_server_fileid.manager.BaseFileIdManager``."""

    def __init__(self, tell: Callable[[Change], None]) -> None:
        """`tell` passes on what is changed here."""
        self._tell = tell
        self._ids: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._unwritten: dict[str, str] = {}
        self._forgotten: dict[str, str] = {}
        self._forgotten_at = 0.0
        self._stale: set[str] = set()
        self._is_all_stale = True
        self._news = asyncio.Event()

    def get_id(self, path: str) -> str | None:
        """The id of `path`; None if it was never indexed."""
        try:
            return self._ids.get(api_path(path))
        except NoSuchDocument:
            return None

    def was(self, path: str) -> str | None:
        """As `get_id`; also what a store knew that has come back empty."""
        try:
            path = api_path(path)
        except NoSuchDocument:
            return None
        if time.monotonic() - self._forgotten_at > FORGOTTEN_S:
            self._forgotten = {}
        return self._ids.get(path) or self._forgotten.get(path)

    def get_path(self, id: str) -> str | None:  # noqa: A002 -- callers name it so
        """Where the file with this id is now; None if it is not known."""
        return self._paths.get(id)

    def index(self, path: str) -> str | None:
        """The id of `path`, made now if it has none; None if that can't be a path.

        Should a worker have indexed the path in the same instant, the id given out here goes on
        to name it in this process, and `get_id` tells the other one.
        """
        try:
            path = api_path(path)
        except NoSuchDocument:
            return None
        if path not in self._ids:
            made = str(uuid.uuid4())
            self._put(path, made)
            self._unwritten[path] = made
            self._tell(Change("indexed", path, made))
        return self._ids[path]

    def move(self, old_path: str, new_path: str) -> str | None:
        """A file or directory was moved (contents events say so by themselves)."""
        self._tell(Change("renamed", old_path, new_path))
        return self.get_id(old_path)

    def copy(self, from_path: str, to_path: str) -> str | None:
        """A file was copied: the copy gets an id of its own."""
        return self.index(to_path)

    def delete(self, path: str) -> None:
        """A file or directory was deleted (contents events say so by themselves)."""
        self._tell(Change("deleted", path))

    def save(self, path: str) -> str | None:
        """A file was saved: nothing changes."""
        return self.get_id(path)

    def get_handlers_by_action(self) -> dict[str, Callable[[dict[str, Any]], Any] | None]:
        """None for each action: rtstore listens to contents events itself."""
        return dict.fromkeys(("get", "save", "rename", "copy", "delete"))

    def learned(self, path: str, file_id: str) -> None:
        """Redis says that this is the id of `path`."""
        self._put(path, file_id)
        self._unwritten.pop(path, None)

    async def run(self, link: Link, index: FileIndex, channel: str) -> None:
        """Keep the mirror current, for ever."""
        self._is_all_stale = True
        while True:
            try:
                async with link.watch(self._reconnected), link.listen(channel, self._heard):
                    await self._follow(index)
            except (StoreUnavailable, StoreRefused, TimeoutError) as error:
                logger.debug("file ids wait for the store why=%s", error)
                self._is_all_stale = True
                await asyncio.sleep(RETRY_S)

    async def _follow(self, index: FileIndex) -> None:
        while True:
            self._news.clear()
            if self._is_all_stale:
                self._is_all_stale = False
                self._stale.clear()
                await self._load(index)
            elif self._stale:
                asked, self._stale = sorted(self._stale), set()
                found = await index.paths_of(asked)
                for file_id, path in zip(asked, found, strict=True):
                    self._forget(file_id)
                    if path is not None:
                        self._put(path, file_id)
            else:
                await self._news.wait()

    async def _load(self, index: FileIndex) -> None:
        ids = {path: file_id async for path, file_id in index.entries()}
        if not ids and self._ids:
            self._forgotten, self._forgotten_at = self._ids, time.monotonic()
        ids = self._unwritten | ids
        self._ids, self._paths = ids, {file_id: path for path, file_id in ids.items()}

    def _heard(self, payload: bytes) -> None:
        match feed.parse(payload):
            case feed.FeedNotice({"type": "indexed", "ids": list(ids)}):
                self._stale.update(map(str, ids))
                self._news.set()

    def _reconnected(self, is_back: bool) -> None:  # noqa: FBT001 -- Link.watch's signature
        if is_back:
            self._is_all_stale = True
            self._news.set()

    def _put(self, path: str, file_id: str) -> None:
        before = self._ids.get(path)
        if before not in (None, file_id, self._unwritten.get(path)):
            self._paths.pop(str(before), None)
        self._ids[path] = file_id
        self._paths[file_id] = path

    def _forget(self, file_id: str) -> None:
        path = self._paths.pop(file_id, None)
        if path is not None and self._ids.get(path) == file_id:
            del self._ids[path]


class _FileIdHandler(APIHandler):  # type: ignore[misc] # untyped
    auth_resource = "contents"

    def initialize(self, file_ids: FileIds) -> None:
        """Takes what the route was registered with."""
        self._file_ids = file_ids


class IdHandler(_FileIdHandler):
    """``GET {base}api/fileid/id?path=`` → ``{"id", "path"}``; 404 if it has none."""

    @signed_in
    async def get(self) -> None:
        """Needs contents:read."""
        await admit(self, "read")
        path = self.get_argument("path")
        file_id = self._file_ids.get_id(path)
        if file_id is None:
            raise HTTPError(404, f"{path} has no file id: it was never opened together")
        self.finish({"id": file_id, "path": path})


class PathHandler(_FileIdHandler):
    """``GET {base}api/fileid/path?id=`` → ``{"id", "path"}``; 404 if there is no such file."""

    @signed_in
    async def get(self) -> None:
        """Needs contents:read."""
        await admit(self, "read")
        file_id = self.get_argument("id")
        path = self._file_ids.get_path(file_id)
        if path is None:
            raise HTTPError(404, f"no file has the id {file_id}")
        self.finish({"id": file_id, "path": path})
