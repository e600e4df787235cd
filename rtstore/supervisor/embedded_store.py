"""The embedded store: one Valkey or Redis server per data directory, shared by all processes.

```
<data_dir>/store/lock          held while the server is being started or stopped
<data_dir>/store/server.lock   held by the server itself, who inherits it: never two of them
<data_dir>/store/watch.lock    held by the watcher, who stops the server when it is idle
<data_dir>/store/store.json    where it listens, its program and pid
<data_dir>/store/store.log     what it said
<data_dir>/store/appendonlydir what it keeps
```
It is in a session of its own and outlives whoever started it; whoever needs it calls `start`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from rtstore.errors import StoreRefused, StoreUnavailable, StoreUnfit
from rtstore.supervisor import processes, store_binary
from rtstore.supervisor.locks import FileLock, is_held
from rtstore.supervisor.processes import Process
from rtstore.supervisor.state_dir import private_dir, read_json, socket_path, write_json
from rtstore.supervisor.store_connection import OUR_NAMES, StoreConnection

logger = logging.getLogger(__name__)

IDLE_S = 300.0
"""Without a client for this long, the server is shut down."""
ANSWER_S = 30.0
"""A living server that answers nothing for this long is reported, never replaced."""
LOADING_S = 600.0
"""A server may load its data for this long."""
LOST_SOCKET_S = 3.0
"""A living server whose socket file is gone for this long is ended, and started again."""
POLL_S = 0.005

Durability = Literal["fast", "local"]


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """A running server."""

    pid: int
    version: str
    socket: Path
    url: str
    directory: Path
    users: int
    """Connections that use it; 0 means that it will stop when it stays so."""
    memory: str
    uptime_s: int


class EmbeddedStore:
    """The server of `<data_dir>/store`. Any number of processes may do any of this at once."""

    def __init__(
        self, data_dir: Path, *, durability: Durability = "fast", idle_s: float = IDLE_S
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._dir = self._data_dir / "store"
        self._durability = durability
        self._idle_s = idle_s
        self._server: Process | None = None
        self._watcher: Process | None = None

    @property
    def directory(self) -> Path:
        """Where its data and its log are."""
        return self._dir

    @property
    def log(self) -> Path:
        """What the server said."""
        return self._dir / "store.log"

    @property
    def socket(self) -> Path | None:
        """Where it listens, or did when it last ran; None if it never ran."""
        told = read_json(self._record).get("socket")
        return Path(told) if told else None

    @property
    def url(self) -> str | None:
        """`socket` as a URL for RTSTORE_REDIS_URL; the same over restarts."""
        path = self.socket
        return None if path is None else f"unix://{quote(str(path))}"

    async def start(self) -> str:
        """Have the server running and answering, by whomever; return its URL.

        Raises StoreUnfit (it can't run, or not with this data; the message has its last words)
        or StoreUnavailable (it runs but does not answer). The data are never replaced.
        """
        private_dir(self._data_dir)
        private_dir(self._dir)
        for attempt in (1, 2):
            before = processes.size(self.log)
            async with self._changing():
                started = None if is_held(self._server_lock) else await self._spawn()
            if await self._until_ready(started):
                break
            if attempt == 2 or started is not None:
                raise StoreUnfit(
                    f"the store in {self._dir} did not start: "
                    f"{processes.tail(self.log, after=before)} (whole log: {self.log})."
                    " Its data were left as they are. If its append-only file is damaged, copy"
                    " that directory and repair it with valkey-check-aof --fix; or set"
                    " RTSTORE_DATA_DIR to begin anew, or RTSTORE_REDIS_URL"
                )
        self.watch()
        url = self.url
        assert url is not None
        return url

    async def stop(self, *, unless_used: bool = False) -> bool:
        """Shut the server down, its data on disk; True if none runs afterwards.

        With `unless_used`, False if anybody else is connected. Raises StoreUnavailable if it
        does not answer, StoreRefused if it can't write its data.
        """
        if not self._dir.is_dir():
            return True
        async with self._changing():
            if not is_held(self._server_lock):
                return True
            async with self.connected("stop") as connection:
                if unless_used and await connection.other_users():
                    return False
                with suppress(StoreUnavailable):  # its answer is to close the connection
                    await connection.call("SHUTDOWN")
            return await self._until_free(10.0)

    async def kill(self) -> bool:
        """SIGKILL a server that does not answer; what it acknowledged is on disk."""
        async with self._changing():
            if (process := self._process()) is not None:
                process.send(signal.SIGKILL)
            return await self._until_free(5.0)

    async def status(self) -> StoreStatus | None:
        """What runs now, or None. Raises StoreUnavailable if it lives but does not answer."""
        if not is_held(self._server_lock):
            return None
        async with self.connected("status") as connection:
            info = await connection.info()
            users = await connection.other_users()
        path, url = self.socket, self.url
        assert path is not None
        assert url is not None
        return StoreStatus(
            pid=int(info["process_id"]),
            version=info.get("valkey_version", info["redis_version"]),
            socket=path,
            url=url,
            directory=self._dir,
            users=users,
            memory=info["used_memory_human"],
            uptime_s=int(info["uptime_in_seconds"]),
        )

    def connected(
        self, role: str, *, using: bool = False
    ) -> AbstractAsyncContextManager[StoreConnection]:
        """A connection to the running server; with `using` it counts as use of the store."""
        path = self.socket
        if path is None:
            raise StoreUnavailable(f"the store in {self._dir} never ran")
        name = f"rtstore:{role}-{os.getpid()}:store" if using else f"{OUR_NAMES}{role}"
        return StoreConnection.open(path, name=name)

    def watch(self) -> None:
        """See to it that a watcher runs, who stops the server when nobody uses it."""
        if self._watcher is not None and self._watcher.alive:
            return
        if self._idle_s <= 0 or is_held(self._dir / "watch.lock"):
            return
        argv = [sys.executable, "-P", "-m", "rtstore.supervisor.store_watch"]
        argv += [str(self._data_dir), str(self._idle_s)]
        with suppress(OSError):  # without it the store only runs on when nobody needs it
            self._watcher = Process.spawn(argv, log=self._dir / "watch.log")

    @property
    def _record(self) -> Path:
        return self._dir / "store.json"

    @property
    def _server_lock(self) -> Path:
        return self._dir / "server.lock"

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        """Nobody else starts or stops the server meanwhile."""
        lock = FileLock(self._dir / "lock")
        if not await lock.acquire(timeout_s=ANSWER_S, poll_s=POLL_S):
            raise StoreUnavailable(
                f"another process has been starting or stopping the store in {self._dir}"
                f" for {ANSWER_S:.0f} s"
            )
        try:
            yield
        finally:
            lock.release()

    async def _spawn(self) -> Process:
        self._reap()
        self._refuse_headless_data()
        told = read_json(self._record)
        known = Path(told["socket"]) if "socket" in told else None
        path = socket_path(self._dir, "store.sock", known=known)
        kept = (self._dir / "appendonlydir").is_dir()
        binary = store_binary.find(before=told.get("binary") if kept else None)
        record = {
            "socket": str(path),
            "binary": str(binary.path),
            "version": binary.version,
            "durability": self._durability,
            "host": socket.gethostname(),
        }
        write_json(self._record, record)  # first: it must be found even if we die now
        lock = FileLock(self._server_lock)
        if not await lock.acquire(timeout_s=1.0, poll_s=POLL_S):  # only a look can be in the way
            raise StoreUnavailable(f"the store in {self._dir} is being looked at; try again")
        try:
            server = Process.spawn(self._argv(binary.path, path), log=self.log, pass_fds=[lock.fd])
        except OSError as error:
            raise StoreUnfit(f"{binary.path} can't be started: {error.strerror}") from error
        finally:
            lock.release()
        self._server = server
        write_json(self._record, record | {"pid": server.pid, "created": server.created_at})
        logger.info("store started pid=%d version=%s", server.pid, binary.version)
        return server

    def _argv(self, binary: Path, path: Path) -> list[str]:
        flags = {
            "port": "0",
            "unixsocket": str(path),
            "unixsocketperm": "700",
            "dir": str(self._dir),
            "appendonly": "yes",
            "appendfsync": "always" if self._durability == "local" else "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "auto-aof-rewrite-min-size": "16mb",
            "tcp-keepalive": "60",
            # Default 4096: an XADD into a full node copies it whole.
            "stream-node-max-bytes": "1024",
            "daemonize": "no",
        }
        return [
            str(binary),
            *(word for key, value in flags.items() for word in (f"--{key}", value)),
        ]

    def _refuse_headless_data(self) -> None:
        """Without its manifest a server would start empty, and write over what is there."""
        folder = self._dir / "appendonlydir"
        if folder.is_dir() and not any(folder.glob("*.manifest")) and any(folder.glob("*.aof")):
            raise StoreUnfit(
                f"{folder} holds data but no manifest, so a server would start empty over them."
                " Restore the manifest, or move that directory away to begin anew"
            )

    async def _until_ready(self, started: Process | None) -> bool:
        """True when it answers a PING; False when it died meanwhile."""
        clock = asyncio.get_running_loop().time
        since, loading = clock(), False
        while True:
            try:
                async with self.connected("ready"):
                    self._check_flags()
                    return True
            except StoreRefused as error:
                loading = str(error).startswith("LOADING")
            except StoreUnavailable:
                pass
            if started is not None and not started.alive:
                return False
            if not is_held(self._server_lock):
                return False
            self._heal(waited_s=clock() - since)
            if clock() - since > (LOADING_S if loading else ANSWER_S):
                raise StoreUnavailable(
                    f"the store in {self._dir} runs but has not answered for"
                    f" {clock() - since:.0f} s: {processes.tail(self.log)}."
                    " If it hangs: rtstore store stop --force"
                )
            await asyncio.sleep(POLL_S)

    def _heal(self, *, waited_s: float) -> None:
        """The server lock is held, and yet there is no answer: clear away what explains it."""
        told = read_json(self._record)
        if told.get("host") not in (None, socket.gethostname()):
            raise StoreUnfit(
                f"the store in {self._dir} is being run by host {told['host']}, and an embedded"
                " store is for one host. Set RTSTORE_DATA_DIR to a directory on a local disk,"
                " or RTSTORE_REDIS_URL to a server that both hosts reach"
            )
        server = self._process()
        if server is None and "created" in told and waited_s > 0.05:
            # It was killed while a fork of it rewrote the append-only file: that fork holds the
            # lock until it is done with work that nobody wants any more.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(told["pid"], signal.SIGKILL)
        elif server is not None and waited_s > LOST_SOCKET_S and not Path(told["socket"]).exists():
            logger.warning("store has lost its socket file, ending it pid=%d", server.pid)
            server.send(signal.SIGTERM)

    def _process(self) -> Process | None:
        """The server as recorded, if it lives."""
        told = read_json(self._record)
        if "created" not in told:
            return None
        return Process.find(int(told["pid"]), created=told["created"])

    def _check_flags(self) -> None:
        runs_with = read_json(self._record).get("durability", self._durability)
        if runs_with != self._durability:
            logger.warning(
                "store runs with durability=%s, not %s; it takes effect when the store is"
                " started again (rtstore store stop)",
                runs_with,
                self._durability,
            )

    async def _until_free(self, timeout_s: float) -> bool:
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout_s
        while is_held(self._server_lock):
            if clock() > deadline:
                return False
            await asyncio.sleep(POLL_S)
        self._reap()
        return True

    def _reap(self) -> None:
        """Let the kernel forget a server that was our child and has died."""
        if self._server is not None and not self._server.alive:
            self._server = None
