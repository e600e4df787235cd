"""Rooms: the rooms of one worker; one for each document that somebody here has open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from rtstore import metrics
from rtstore.errors import DocumentError, RTStoreError, StoreRefused, StoreUnavailable
from rtstore.gateway.jupyter_server import JupyterServer
from rtstore.gateway.member import Code
from rtstore.gateway.place import Deployment, Place
from rtstore.gateway.room import Room
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.settings import Settings
from rtstore.tasks import cause_of

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Living:
    room: Room
    ready: asyncio.Future[None]
    left: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None


class Rooms:
    """Opens a room for its first member, and closes it some time after the last has left."""

    def __init__(
        self, deployment: Deployment, settings: Settings, tasks: asyncio.TaskGroup
    ) -> None:
        self.deployment = deployment
        self._settings = settings
        self._tasks = tasks
        self._living: dict[str, _Living] = {}
        self.is_draining = False

    def __len__(self) -> int:
        return len(self._living)

    @property
    def sockets(self) -> int:
        """How many sockets there are in all rooms."""
        return sum(len(living.room) for living in self._living.values())

    async def enter(self, document_id: str, *, kind: str, form: str) -> Room:
        """The room of a document, usable. `kind`, `form`: taken if the store knows none.

        Raises NoSuchDocument, StoreUnavailable, StoreRefused.
        """
        for _ in range(3):
            living = self._living.get(document_id)
            if living is None or living.room.is_over:
                living = self._start(document_id, kind, form)
            if living.timer is not None:
                living.timer.cancel()
                living.timer = None
            await asyncio.shield(living.ready)
            if living.room.refusal is not None:
                raise living.room.refusal
            if not living.room.is_over and not living.left.is_set():
                return living.room
        raise StoreUnavailable(f"document {document_id} does not stay open")

    def _start(self, document_id: str, kind: str, form: str) -> _Living:
        place = Place(self.deployment, document_id, kind=kind, form=form)
        room = Room(
            place,
            ttl_s=self._settings.presence_ttl_s,
            outbox_bytes_max=self._settings.outbox_bytes_max,
            update_bytes_max=self._settings.update_bytes_max,
        )
        living = _Living(room, asyncio.get_running_loop().create_future())
        self._living[document_id] = living
        metrics.ROOMS.set(len(self._living))
        self._tasks.create_task(self._live(document_id, living))
        self.deployment.later(self.deployment.jupyter.find())
        return living

    async def _live(self, document_id: str, living: _Living) -> None:
        room, why, code = living.room, "", Code.LATER
        try:
            await room.run(living.ready, living.left)
        except Exception as error:  # the edge of one room: others go on
            cause = cause_of(error)
            if not isinstance(cause, RTStoreError):
                logger.exception("room failed document=%s", document_id)
                code = Code.FAILED
                cause = StoreUnavailable("internal error; see the worker's log")
            why = str(cause)
            if not living.ready.done():
                living.ready.set_exception(cause)
                living.ready.exception()  # seen, even if nobody waits any more
        finally:
            room.is_over = True
            if self._living.get(document_id) is living:
                del self._living[document_id]
            metrics.ROOMS.set(len(self._living))
        if len(room):
            logger.warning("room ended document=%s members=%d why=%s", document_id, len(room), why)
            await room.close(code, why)

    def left(self, room: Room) -> None:
        """A member has left; an empty room stays for `linger_s`: a page may come back."""
        living = self._living.get(room.place.document_id)
        if living is None or living.room is not room or len(room):
            return
        if room.is_over:
            living.left.set()
        elif living.timer is None:
            loop = asyncio.get_running_loop()
            living.timer = loop.call_later(self._settings.linger_s, self._end, living)

    def _end(self, living: _Living) -> None:
        living.timer = None
        if not len(living.room):
            living.room.is_over = True
            living.left.set()

    async def drain(self) -> None:
        """Close all sockets with 1012, upon which browsers go to another worker."""
        self.is_draining = True
        async with asyncio.TaskGroup() as tasks:
            for living in list(self._living.values()):
                tasks.create_task(living.room.close(Code.RESTART, "this worker restarts"))
        for living in list(self._living.values()):
            living.left.set()


@asynccontextmanager
async def open_rooms(
    link: Link,
    keys: Keys,
    settings: Settings,
    jupyter: JupyterServer,
    *,
    worker: str,
    contents_id: str,
) -> AsyncIterator[Rooms]:
    """The rooms of this worker; all of them end when the body does."""
    async with asyncio.TaskGroup() as tasks:

        async def guarded(job: Coroutine[Any, Any, object]) -> None:
            try:
                await job
            except (StoreUnavailable, StoreRefused, DocumentError) as error:
                logger.info("later: %s", error)
            except Exception:
                logger.exception("background work failed")

        waiting: set[asyncio.Task[None]] = set()

        def later(job: Coroutine[Any, Any, object]) -> None:
            task = tasks.create_task(guarded(job))
            waiting.add(task)
            task.add_done_callback(waiting.discard)

        deployment = Deployment(
            link,
            keys,
            worker,
            contents_id,
            FileIndex(link, keys.root(contents_id)),
            Registry(link, keys),
            jupyter,
            later,
        )
        rooms = Rooms(deployment, settings, tasks)
        try:
            yield rooms
        finally:
            await rooms.drain()
            for task in tuple(waiting):
                task.cancel()
