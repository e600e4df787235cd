"""Supervisor: the store, the workers and perhaps Jupyter, there again whenever one dies.

    async with Supervisor(settings, contents_id=S).running() as system:
        …                       # all ready: system.store_url, system.workers

Ended in order: the workers while Jupyter still saves for them, Jupyter, the store. It runs in
any asyncio loop, and sets no signal handler. Killed, it leaves everything serving, and the next
one adopts it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rtstore.errors import RTStoreError, StoreRefused, StoreUnavailable
from rtstore.settings import Settings
from rtstore.supervisor import slots
from rtstore.supervisor.crew import START_S, Crew
from rtstore.supervisor.embedded_store import IDLE_S, EmbeddedStore
from rtstore.supervisor.environ import child_environ, handed_down
from rtstore.supervisor.jupyter_seat import STOP_S, JupyterCommand, JupyterSeat
from rtstore.supervisor.kept import DEATHS_TOLD, Deaths, Kept
from rtstore.supervisor.processes import tail
from rtstore.supervisor.state_dir import state_dir
from rtstore.supervisor.worker_seat import Edition
from rtstore.tasks import background, one_error

logger = logging.getLogger(__name__)

WORKER = (sys.executable, "-P", "-m", "rtstore", "worker")
"""How a worker is started. -P: a file of the user's must not stand for a module of ours."""
JUPYTER_START_S = 180.0
LOOK_AT_WATCHER_S = 15.0


@dataclass(frozen=True, slots=True)
class System:
    """What runs. Its URLs stay the same over restarts."""

    store_url: str
    contents_id: str
    state_dir: Path
    secret: str = field(repr=False)
    jupyter: JupyterSeat | None
    _jupyter_kept: Kept | None

    @property
    def workers(self) -> list[slots.WorkerSlot]:
        """The workers that are there now."""
        return slots.live(self.state_dir)

    @property
    def jupyter_pid(self) -> int | None:
        """The Jupyter server that we supervise, if any."""
        process = self._jupyter_kept.process if self._jupyter_kept else None
        return process.pid if process else None


class Supervisor:
    """Keeps what one contents root needs on this host. Use it once."""

    def __init__(
        self,
        settings: Settings,
        *,
        contents_id: str,
        root_dir: Path | None = None,
        jupyter: JupyterCommand | None = None,
        worker_command: Sequence[str] = WORKER,
        store_idle_s: float = IDLE_S,
    ) -> None:
        """`settings.redis_url` None: the embedded store. `root_dir` is named in messages.

        `worker_command` gets ``--slot`` and its fellows added (see WorkerSeat).
        """
        self._settings = settings
        self._contents_id = contents_id
        self._root_dir = root_dir
        self._jupyter = jupyter
        self._worker_command = worker_command
        self._store_idle_s = store_idle_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[System]:
        """Everything is ready inside, and ended in order outside.

        Raises StoreUnfit, SettingsError or another RTStoreError if something does not start;
        then nothing that we started is left.
        """
        data_dir = self._settings.data_dir.expanduser().absolute()
        state = state_dir(data_dir, self._contents_id)
        with one_error():
            async with self._seat_taken(state) as seat, self._store(data_dir) as store_url:
                told = handed_down(
                    self._settings, store_url=store_url, contents_id=self._contents_id
                )
                crew = Crew(
                    told,
                    state_dir=state,
                    command=self._worker_command,
                    root_dir=self._root_dir or state,
                )
                environ = child_environ(told, state_dir=state)
                async with _jupyter_running(seat, environ) as jupyter, crew_running(crew):
                    await _all_ready(crew, jupyter, logs=state)
                    secret = told.secret or ""
                    yield System(store_url, self._contents_id, state, secret, seat, jupyter)

    @asynccontextmanager
    async def _seat_taken(self, state: Path) -> AsyncIterator[JupyterSeat | None]:
        """First of all, as a port in use should be said before anything is started."""
        if self._jupyter is None:
            yield None
            return
        wanted = handed_down(
            self._settings,
            store_url=self._settings.redis_url or "embedded",
            contents_id=self._contents_id,
        )
        seat = JupyterSeat(self._jupyter, state_dir=state, key=repr(Edition.of(wanted)))
        try:
            await seat.take()
            yield seat
        finally:
            seat.leave()

    @asynccontextmanager
    async def _store(self, data_dir: Path) -> AsyncIterator[str]:
        if self._settings.redis_url is not None:
            yield self._settings.redis_url
            return
        store = EmbeddedStore(
            data_dir, durability=self._settings.durability, idle_s=self._store_idle_s
        )
        url = await store.start()
        try:
            async with background(_keep_store(store)):
                yield url
        finally:
            await _stop_store(store)


@asynccontextmanager
async def _jupyter_running(
    seat: JupyterSeat | None, environ: dict[str, str]
) -> AsyncIterator[Kept | None]:
    if seat is None:
        yield None
        return
    kept = Kept(
        "jupyter",
        start=lambda: seat.start(environ),
        is_ready=seat.is_ready,
        log=seat.log,
        ready_within_s=JUPYTER_START_S,
        stop_within_s=STOP_S,
    )
    try:
        async with background(kept.run()):
            yield kept
    finally:
        await kept.stop()


@asynccontextmanager
async def crew_running(crew: Crew) -> AsyncIterator[None]:
    """Keep the crew while the body runs; drain it then."""
    try:
        async with background(crew.run()):
            yield
    finally:
        await crew.stop()


async def _all_ready(crew: Crew, jupyter: Kept | None, *, logs: Path) -> None:
    try:
        async with asyncio.timeout(START_S):
            await crew.ready.wait()
    except TimeoutError:
        raise RTStoreError(
            f"the workers were not ready within {START_S:.0f} s; their logs are in {logs}"
        ) from None
    if jupyter is None:
        return
    try:
        async with asyncio.timeout(JUPYTER_START_S):
            await jupyter.ready.wait()
    except TimeoutError:
        raise RTStoreError(
            f"Jupyter was not ready within {JUPYTER_START_S:.0f} s; its log is in {logs}"
        ) from None


async def _keep_store(store: EmbeddedStore) -> None:
    """Hold a connection, which says that the store is used, and tells at once when it is gone."""
    clock = asyncio.get_running_loop().time
    deaths = Deaths()
    while True:
        served_from = None
        try:
            await store.start()
            async with store.connected("supervisor", using=True) as connection:
                served_from = clock()
                while not await connection.closed(timeout_s=LOOK_AT_WATCHER_S):
                    store.watch()
            logger.warning("store died, starting it again")
        except (OSError, RTStoreError) as error:  # a full disk passes, too
            logger.warning("store is not there: %s", error)
        served_s = 0.0 if served_from is None else clock() - served_from
        delay_s = deaths.add(now=clock(), served_s=served_s)
        if deaths.to_tell():
            logger.error(
                "store died %d times within a minute; it is tried again, more and more slowly."
                " Its last words (%s): %s",
                DEATHS_TOLD,
                store.log,
                tail(store.log),
            )
        await asyncio.sleep(delay_s)


async def _stop_store(store: EmbeddedStore) -> None:
    try:
        if await store.stop(unless_used=True):
            logger.info("store stopped")
        else:
            logger.info("store left to those who use it")
    except (StoreUnavailable, StoreRefused) as error:
        logger.warning("store left running: %s", error)
