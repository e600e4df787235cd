"""A worker as supervisors know one: its slot, its sockets, a connection to the store, a drain."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rtstore.errors import StoreRefused, StoreUnavailable
from rtstore.supervisor.slots import claim
from rtstore.supervisor.state_dir import read_json
from rtstore.supervisor.store_connection import StoreConnection


async def until(told: Callable[[], bool]) -> None:
    while True:
        if told():
            return
        await asyncio.sleep(0.01)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


async def use_store() -> None:
    url = urlsplit(os.environ["RTSTORE_REDIS_URL"])
    while True:
        try:
            path = Path(unquote(url.path))
            async with StoreConnection.open(path, name="rtstore:fake:commands") as store:
                while not await store.closed(timeout_s=60):
                    pass
        except (StoreUnavailable, StoreRefused):
            await asyncio.sleep(0.05)


async def work(told: argparse.Namespace) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    if told.stubborn:
        ended = asyncio.Event()
    launch = told.state_dir / f"launch-{told.slot}.json"
    async with claim(told.state_dir, told.slot) as seat, asyncio.TaskGroup() as group:
        using = group.create_task(use_store())
        await asyncio.start_unix_server(answer, told.socket)
        await asyncio.start_server(answer, "127.0.0.1", told.port)
        await until(lambda: read_json(launch).get("pid") == os.getpid())
        if not told.never_ready:
            seat.announce(
                # A real one works it out from its settings; see test_environ.py.
                fingerprint=read_json(launch)["fingerprint"],
                contents_id=told.contents_id,
                socket=told.socket,
                port=told.port,
                worker=f"w-{os.getpid()}",
            )
        await ended.wait()
        using.cancel()
    with (told.state_dir / "drained").open("a") as drained:
        drained.write(f"{time.monotonic()} worker\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--slot", type=int)
    parser.add_argument("--contents-id")
    parser.add_argument("--state-dir", type=Path)
    parser.add_argument("--socket")
    parser.add_argument("--port", type=int)
    parser.add_argument("--dies-if", type=Path)
    parser.add_argument("--never-ready", action="store_true")
    parser.add_argument("--stubborn", action="store_true")
    told = parser.parse_args()
    if told.dies_if and told.dies_if.exists():
        sys.exit("the moon is not in the house of Redis")
    asyncio.run(work(told))


main()
