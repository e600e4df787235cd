"""LiveRooms: the live rooms of one worker: what the Jupyter server has, as it changes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from rtstore.errors import JupyterUnavailable, NoSuchDocument, NotAllowed, RTStoreError
from rtstore.gateway.live_room import LiveRoom, Viewer
from rtstore.redis_backend.keys import RootKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.live_state import (
    DIRECTORY,
    SERVER,
    WANTED_MS,
    LiveState,
    of_directory,
)
from rtstore.schema.identity import Identity

logger = logging.getLogger(__name__)

WANT_EVERY_S = WANTED_MS / 3000
MIRRORED_WITHIN_S = 30.0
"""A large directory takes the server some seconds."""
LINGER_S = 30.0
RETRY_S = 0.5


class LiveRooms:
    """See the module. A room lives while somebody looks at it, and a while longer."""

    def __init__(self, link: Link, keys: RootKeys, *, contents_id: str) -> None:
        self._link, self._contents_id = link, contents_id
        self.state = LiveState(link, keys)
        self._rooms: dict[str, LiveRoom] = {}
        self._stale: set[str] = set()
        self._must_read = asyncio.Event()
        self._idle_since: dict[str, float] = {}
        self._leaving = asyncio.Event()

    def parse(self, name: str) -> str | None:
        """The room that a client's name means; None if it is none of a live room's.

        Raises NoSuchDocument for a room of another server, or a path that climbs out.
        """
        kind, _, rest = name.partition(":")
        if kind not in {"server", "dir"}:
            return None
        server, _, path = rest.partition(":")
        if server != self._contents_id:
            raise NoSuchDocument(f"{name[:80]}: this server is {self._contents_id}")
        if kind == "server":
            return SERVER
        path = path.strip("/")
        if ".." in path.split("/") or "\0" in path:
            raise NoSuchDocument(f"no directory {path[:80]!r}")
        return of_directory(path)

    async def run(self) -> None:
        """Live for ever. Raises StoreUnavailable if the feed can't be heard at the start."""
        async with (
            self._link.listen(self.state.feed, self._heard),
            self._link.watch(self._store_changed),
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._read())
            tasks.create_task(self._want())

    def _heard(self, data: bytes) -> None:
        try:
            told = json.loads(data)
        except ValueError:
            return
        room = self._rooms.get(str(told.get("room")))
        if room is None or "changes" not in told:
            return
        if not room.is_loaded:
            room.newest = max(int(told["version"]), room.newest)
        elif not room.heard(int(told["version"]), told["changes"]):
            self._read_again(str(told["room"]))

    def _store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        if is_up:
            self._stale |= self._rooms.keys()
            self._must_read.set()

    def _read_again(self, room: str) -> None:
        self._stale.add(room)
        self._must_read.set()

    async def _read(self) -> None:
        while True:
            await self._must_read.wait()
            self._must_read.clear()
            for name in sorted(self._stale):
                self._stale.discard(name)
                if (room := self._rooms.get(name)) is None:
                    continue
                try:
                    room.load(await self.state.read(name))
                    if room.newest > room.version:  # what was read is older than what was heard
                        room.newest = room.version
                        self._read_again(name)
                except RTStoreError as error:
                    logger.debug("live room not read room=%s why=%s", name, error)
                    self._read_again(name)
                    await asyncio.sleep(RETRY_S)

    async def _want(self) -> None:
        """Have the directories mirrored that somebody looks at, and forget idle rooms."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(WANT_EVERY_S)
            for name, room in list(self._rooms.items()):
                if room.viewers:
                    self._idle_since.pop(name, None)
                elif loop.time() - self._idle_since.setdefault(name, loop.time()) > LINGER_S:
                    del self._rooms[name], self._idle_since[name]
                    continue
                await self._want_one(name)

    async def _want_one(self, name: str) -> None:
        if name == SERVER:
            return
        try:
            await self.state.want(name.removeprefix("dir:"))
        except RTStoreError as error:
            logger.debug("directory not wanted room=%s why=%s", name, error)

    @asynccontextmanager
    async def viewing(self, room: str, who: Callable[[], Identity]) -> AsyncIterator[Viewer]:
        """Look at a room, named as `parse` does, once it can be.

        Raises NoSuchDocument for a directory that there is not, NotAllowed for one that the
        contents manager refuses, JupyterUnavailable if the server does not mirror it in time.
        """
        if not room:
            raise NoSuchDocument("a live room is called server:<id> or dir:<id>:<path>")
        live = self._rooms.get(room)
        if live is None:
            name = f"server:{self._contents_id}"
            if room != SERVER:
                name = f"dir:{self._contents_id}:{room.removeprefix('dir:')}"
            live = self._rooms[room] = LiveRoom(name)
        viewer = Viewer(live, who)
        live.viewers.add(viewer)
        try:
            await self._want_one(room)
            self._read_again(room)
            await self._until_there(live, room)
            yield viewer
        finally:
            live.viewers.discard(viewer)

    async def _until_there(self, live: LiveRoom, room: str) -> None:
        try:
            async with asyncio.timeout(MIRRORED_WITHIN_S):
                await live.is_complete.wait()
        except TimeoutError:
            raise JupyterUnavailable("the Jupyter server does not answer") from None
        told: dict[str, Any] = live.record(DIRECTORY, DIRECTORY) or {}
        if told.get("state") == "missing":
            raise NoSuchDocument(f"no directory {room.removeprefix('dir:')!r}")
        if told.get("state") == "refused":
            raise NotAllowed(str(told.get("why", "refused")))

    def drain(self) -> None:
        """This worker goes: whoever looks is to look elsewhere."""
        self._leaving.set()

    async def until_drained(self) -> None:
        """Return when this worker goes."""
        await self._leaving.wait()
