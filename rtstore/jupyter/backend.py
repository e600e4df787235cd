"""Backend: all that this Jupyter server has to do with the store and the workers."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger
from jupyter_server.serverapp import ServerApp
from tornado.websocket import WebSocketHandler

from rtstore.errors import RTStoreError, StoreRefused, StoreUnavailable
from rtstore.jupyter import culling, disk, provisioner, remote_kernels
from rtstore.jupyter.adoption import adopt
from rtstore.jupyter.contents_events import ContentsEvents
from rtstore.jupyter.events import Arrivals, LastTold
from rtstore.jupyter.file_ids import FileIds
from rtstore.jupyter.files import Files
from rtstore.jupyter.kernels import Actor, Kernels
from rtstore.jupyter.live import Live
from rtstore.jupyter.moves import Moves
from rtstore.jupyter.notices import Notices
from rtstore.jupyter.saver import Saver
from rtstore.jupyter.server_record import ServerRecord, WorkerListener
from rtstore.jupyter.standing import Standing
from rtstore.jupyter.system import System, running_system
from rtstore.jupyter.tickets import Tickets
from rtstore.jupyter.workers import Workers
from rtstore.redis_backend import kernel_modes
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.schema import session_events
from rtstore.schema.run import Run
from rtstore.settings import Settings

logger = logging.getLogger(__name__)

RETRY_S, RETRY_MAX_S = 1.0, 30.0
SAVE_ALL_S = 5.0
"""At the server's stop, for the last edits to reach the files; the store has them anyway."""
SERVICE_RESTART = 1012


@dataclass(frozen=True, slots=True)
class Connected:
    """What there is while there is a store."""

    link: Link
    index: FileIndex
    notices: Notices
    moves: Moves
    saver: Saver
    tasks: asyncio.TaskGroup
    """Ends with the connection."""


class Backend:
    """See the module. Handlers hold it from the start; what needs the store may raise
    StoreUnavailable at any time, saying why.
    """

    def __init__(self, serverapp: ServerApp, settings: Settings) -> None:
        self._serverapp = serverapp
        self.settings = settings
        self.keys = Keys(settings.key_prefix)
        self.contents_id = settings.contents_root_id(_root_of(serverapp, self.contents_manager()))
        self.secret = secrets.token_hex()
        """What workers and we sign with; until it is known, one that nobody has."""
        self.workers = Workers()
        self.tickets = Tickets()
        self.files = Files(self.contents_manager)
        self.changes = ContentsEvents(is_indexed=self.is_indexed, gone=self._gone)
        self.file_ids = FileIds(self.changes.add)
        self.arrivals = Arrivals(self.event_logger)
        self.kernels = Kernels(
            lambda: serverapp.kernel_manager,
            lambda kernel_id: (self._path_of_kernel(kernel_id), self._user_of_kernel(kernel_id)),
            lambda index, instance: adopt(
                serverapp.kernel_manager,
                serverapp.session_manager,
                index,
                owner=self.contents_id,
                instance=instance,
            ),
            self.keys,
            contents_id=self.contents_id,
        )
        self.live = Live(serverapp, self.kernels, self.file_ids, self.keys, self.contents_id)
        provisioner.outlives = settings.kernels_outlive
        self.last_told = LastTold()
        self.sockets: set[WebSocketHandler] = set()
        """Open room sockets, closed at the server's stop."""
        self._listener = WorkerListener(serverapp)
        self.standing = Standing(lambda: self._listener.url)
        self._connected: Connected | None = None
        self._why_not = "rtstore is starting its store and workers"
        self._gave_up = False

    @property
    def event_logger(self) -> EventLogger:
        """Jupyter's event bus."""
        return self._serverapp.event_logger

    @property
    def connected(self) -> Connected:
        """Raises StoreUnavailable while there is no store."""
        if self._connected is None:
            raise StoreUnavailable(self._why_not)
        return self._connected

    def contents_manager(self) -> Any:  # noqa: ANN401 -- any contents manager
        """The one in use now; other extensions may have replaced the first."""
        return self._serverapp.web_app.settings["contents_manager"]

    def _path_of_kernel(self, kernel_id: str) -> str:
        """The notebook that a kernel is for; '' if it is for none, or that can't be told."""
        path_of = getattr(self._serverapp.session_manager, "path_of_kernel", None)
        return str(path_of(kernel_id)) if path_of is not None else ""

    def _gone(self, path: str) -> None:
        if (gone := getattr(self._serverapp.session_manager, "gone", None)) is not None:
            gone(path)

    def _user_of_kernel(self, kernel_id: str) -> str:
        user_of = getattr(self._serverapp.session_manager, "user_of_kernel", None)
        return str(user_of(kernel_id)) if user_of is not None else ""

    def is_indexed(self, path: str) -> bool:
        """Whether the file was ever opened together, as far as is known here at no cost."""
        return self.file_ids.get_id(path) is not None

    def patience_s(self, usual_s: float) -> float:
        """How long to wait for a worker; not at all if the last start failed."""
        return 0.0 if self._gave_up else usual_s

    def why_no_worker(self) -> str:
        """What to tell somebody whom no worker can serve."""
        if self._connected is None:
            return self._why_not
        return "no rtstore worker answers; they are being started again"

    async def save_if_open(self, path: str) -> None:
        """Have the file saved if somebody has it open; waits for it, but not for long."""
        file_id = self.file_ids.get_id(path)
        if file_id is not None and self._connected is not None:
            await self._connected.saver.save_if_open(file_id)

    async def until_hash_is_known(self, path: str) -> None:
        """Wait, not for long, until everybody who has the file open knows its present hash.

        Their front ends learn it a moment after the file was saved; one that compares hashes in
        that moment tells its user that the file has changed on disk.
        """
        file_id = self.file_ids.get_id(path)
        if file_id is not None and self._connected is not None:
            await self._connected.saver.until_hash_is_known(
                file_id, lambda: self.files.hash_of(path)
            )

    async def is_kernel_per_user(self, path: str) -> bool:
        """Whether each user has a kernel of their own for this notebook."""
        file_id = self.file_ids.get_id(path)
        if self._connected is None or file_id is None:
            return False
        try:
            return await kernel_modes.of(self._connected.link, self.keys.document(file_id)) == (
                kernel_modes.PER_USER
            )
        except (StoreUnavailable, StoreRefused):
            return False

    async def start_lease(self, path: str) -> Lease | None:
        """The lock under which a kernel for this file is started; None while there is no store.

        Raises StoreUnavailable.
        """
        file_id = self.file_ids.index(path)
        if self._connected is None or file_id is None:
            return None
        me = f"jupyter-{os.getpid()}"
        key = self.keys.document(file_id).lease("start")
        return Lease(self._connected.link, key, f"{key}:tokens", owner=me)

    async def others_in(self, path: str, actor: Actor | None) -> list[str]:
        """Who has this file open besides one page of `actor`; [] if the store can't be asked."""
        file_id = self.file_ids.get_id(path)
        if self._connected is None or file_id is None:
            return []
        keys = self.keys.document(file_id)
        try:
            values = await self._connected.link.command("HVALS", keys.who)
        except (StoreUnavailable, StoreRefused):
            return []
        names = [(str(told.get("user")), str(told.get("name"))) for told in map(_json, values)]
        mine = [name for user, name in names if actor is not None and user == actor.username]
        others = [name for user, name in names if actor is None or user != actor.username]
        return others + mine[1:]

    async def tell_of_hits(self, hit: list[Run], what: str) -> None:
        """Log, in everybody's page, whose runs somebody else ended; the cells say it too."""
        for document in {run.document for run in hit}:
            path = self.file_ids.get_path(document) or ""
            names = ", ".join(sorted({run.name for run in hit if run.document == document}))
            self._log_in_pages(document, path, f"{what} while cells of {names} ran or waited")

    async def _about_to_cull(self, kernel_id: str, why: str) -> None:
        path = self._path_of_kernel(kernel_id)
        await self.kernels.about_to_cull(kernel_id, why)
        if document := self.file_ids.get_id(path):
            self._log_in_pages(document, path, f"the kernel was {why}")

    def tell_kept(self, path: str, actor: Actor | None, others: list[str]) -> None:
        """Log, in everybody's page, that a kernel that somebody shut down goes on, and why."""
        if document := self.file_ids.get_id(path):
            by = actor.name if actor is not None else "Somebody"
            self._log_in_pages(
                document,
                path,
                f"{by} shut the kernel down, but it goes on: {', '.join(others)} have the notebook"
                " open too. Shut it down once more within half a minute to end it for all",
            )

    def _log_in_pages(self, document: str, path: str, message: str) -> None:
        told = {
            "level": session_events.NEWS,
            "room": f"json:notebook:{document}",
            "path": path,
            "action": "save",
            "msg": message,
        }
        self.event_logger.emit(schema_id=session_events.SCHEMA, data=told)

    async def run(self) -> None:
        """Have store and workers, for ever: start them, or find them, again and again."""
        self._listener.open()
        delay = RETRY_S
        while True:
            try:
                async with running_system(self.settings, contents_id=self.contents_id) as system:
                    delay = RETRY_S
                    await self._serve(system)
            except (RTStoreError, OSError) as error:
                self._why_not = f"rtstore can't work: {error}"
                self._gave_up = True
                logger.error("%s; trying again in %.0f s", self._why_not, delay)  # noqa: TRY400 -- says all
            except Exception:
                # The outermost edge: Jupyter goes on without us, so we come back.
                self._why_not, self._gave_up = "rtstore failed; the server's log says why", True
                logger.exception("rtstore failed; trying again in %.0f s", delay)
            await asyncio.sleep(delay)
            delay = min(2 * delay, RETRY_MAX_S)

    async def stop(self, running: asyncio.Task[None]) -> None:
        """End in order: no more edits, the last ones saved, then `running` (our `run`)."""
        for socket in tuple(self.sockets):
            socket.close(SERVICE_RESTART, "the Jupyter server stops")
        await self._save_all()
        running.cancel()
        await asyncio.wait([running])
        await self.standing.close()
        await self._listener.close()
        await self.workers.close()

    async def _save_all(self) -> None:
        if (connected := self._connected) is None:
            return
        try:
            in_use = await Registry(connected.link, self.keys).in_use()
        except (StoreUnavailable, StoreRefused) as error:
            logger.warning("open documents not saved at the stop, the store has them: %s", error)
            return
        ours = [file_id for file_id in in_use if self.file_ids.get_path(file_id) is not None]
        await connected.saver.save_all(ours, wait_s=SAVE_ALL_S)

    async def _serve(self, system: System) -> None:
        """Work with this store and these workers, until cancelled."""
        self.secret = system.secret
        self.workers.attach(system.state_dir)
        async with connect(
            system.store_url, name=f"jupyter-{os.getpid()}", keys=self.keys
        ) as link:
            root = self.keys.root(self.contents_id)
            manager = self._serverapp.kernel_manager
            culling.say_first(manager, self._about_to_cull, self.kernels.failed_to)
            record = ServerRecord(link, root.server, self._serverapp, self._listener.url)
            try:
                async with asyncio.TaskGroup() as tasks:
                    connected = self._connect(link, tasks)
                    self._connected, self._gave_up = connected, False
                    told = "rtstore ready root=%s workers in %s"
                    logger.info(told, self.contents_id, system.state_dir)
                    tasks.create_task(record.run())
                    tasks.create_task(self.kernels.run(link, self._listener.url))
                    if remote_kernels.gateway_of(manager := self._serverapp.kernel_manager):
                        tasks.create_task(remote_kernels.keep_fresh(manager))
                    tasks.create_task(self.file_ids.run(link, connected.index, root.feed))
                    tasks.create_task(self.changes.run(connected.notices, self.file_ids.learned))
                    for job in self.live.jobs(link, connected.index):
                        tasks.create_task(job)
            finally:
                self._connected, self._why_not = None, "rtstore is stopping"
                await record.remove()

    def _connect(self, link: Link, tasks: asyncio.TaskGroup) -> Connected:
        index = FileIndex(link, self.keys.root(self.contents_id))
        kept_days = self.settings.outputs_kept_days
        notices = Notices(link, self.keys, index, outputs_kept_days=kept_days)
        moves = Moves(link, self.keys, index, notices, contents_manager=self.contents_manager)
        return Connected(link, index, notices, moves, Saver(link, self.keys), tasks)


def _root_of(serverapp: ServerApp, manager: Any) -> str | Path:  # noqa: ANN401
    """What names the contents root: its directory, or the manager of what is no directory."""
    if disk.is_below(manager):
        return str(manager.root_dir)
    kind = type(manager)
    return Path(serverapp.root_dir) / f"{kind.__module__}.{kind.__qualname__}"


def _json(value: bytes) -> dict[str, Any]:
    try:
        told = json.loads(value)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
