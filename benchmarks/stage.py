"""The stage: a store, two workers, and documents in it; or a relay that does nothing else."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cpu import pin
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.schema.identity import HEADER, Identity, User, sign
from rtstore.schema.ids import BEGINNING
from rtstore.supervisor import store_binary

SECRET = "of-the-benchmarks-only"
ROOT = "c-bench"
GEN = "bench"
RIGHTS = frozenset({"contents:read", "contents:write"})
SERVER_CORE = 0


@dataclass(frozen=True)
class Stage:
    """What a scenario runs on."""

    urls: Sequence[str]
    """Room URLs up to the room's name, one per server process."""
    servers: Sequence[int]
    store: Sequence[int]
    link: Link | None

    def headers(self) -> list[tuple[str, str]]:
        """Of somebody who may do everything."""
        identity = Identity(User.of({"username": "bench"}), RIGHTS)
        return [(HEADER, sign(identity, secret=SECRET, now=time.time()))]

    async def make_document(self, name: str, first: bytes) -> UpdateLog:
        """A document whose import is `first`."""
        assert self.link is not None
        keys = Keys()
        await FileIndex(self.link, keys.root(ROOT)).index(f"{name}.txt", fresh=name)
        log = UpdateLog(self.link, keys.document(name), worker="bench")
        place = {"server": ROOT, "path": f"{name}.txt", "type": "file", "format": "text"}
        opened = await log.open(BEGINNING, gen=GEN, place=place)
        await log.append(first, Origin(), epoch=opened.epoch, tag=log.next_tag())
        return log


def room(stage: Stage, name: str, server: int) -> str:
    """The URL by which a document is joined."""
    base = stage.urls[server % len(stage.urls)]
    return f"{base}/text:file:{name}?sessionId={ROOT}.1.{GEN}"


@asynccontextmanager
async def rtstore_stage(workers: int = 2) -> AsyncIterator[Stage]:
    """A Valkey with its AOF on, and that many workers, all on one core."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rtb-")))
        url = f"unix://{folder}/s"
        store = _spawn(stack, _store_command(folder), {})
        while not (folder / "s").exists():
            await asyncio.sleep(0.01)
        environ = {
            "RTSTORE_REDIS_URL": url,
            "RTSTORE_SECRET": SECRET,
            "RTSTORE_CONTENTS_ID": ROOT,
        }
        command = [sys.executable, "-P", "-m", "rtstore", "worker", "--roles", "gateway"]
        logs = [folder / f"worker-{n}.log" for n in range(workers)]
        pids = [_spawn(stack, command, environ, log) for log in logs]
        ports = [await _port(log) for log in logs]
        link = await stack.enter_async_context(connect(url, name="bench"))
        urls = [f"ws://127.0.0.1:{port}/api/collaboration/room" for port in ports]
        yield Stage(urls, pids, [store], link)


@asynccontextmanager
async def relay_stage(kind: str) -> AsyncIterator[Stage]:
    """The floor: a process that hands each message to the others in the room, and nothing else."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rtb-")))
        log = folder / "relay.log"
        pid = _spawn(stack, [sys.executable, "-m", "benchmarks.relay", kind], {}, log)
        port = await _port(log)
        yield Stage([f"ws://127.0.0.1:{port}"], [pid], [], None)


def _store_command(folder: Path) -> list[str]:
    flags = {
        "port": "0",
        "unixsocket": f"{folder}/s",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "stream-node-max-bytes": "1024",
    }
    return [str(store_binary.find().path), *(w for k, v in flags.items() for w in (f"--{k}", v))]


def _spawn(
    stack: AsyncExitStack, command: list[str], environ: dict[str, str], log: Path | None = None
) -> int:
    told = log.open("wb") if log else subprocess.DEVNULL
    process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=told, stderr=told)
    pin(process.pid, SERVER_CORE)

    def end() -> None:
        process.terminate()
        process.wait(20)

    stack.callback(end)
    return process.pid


async def _port(log: Path) -> int:
    async with asyncio.timeout(30):
        while not (found := re.search(r"port=(\d+)", log.read_text() if log.exists() else "")):
            await asyncio.sleep(0.05)
    return int(found.group(1))
