"""Browsers that read nothing and a store that takes nothing: a worker's memory has a bound."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, TCPConnector
from pycrdt import Map

from rtstore.client import Text, connect
from rtstore.supervisor.slots import WorkerSlot
from tests.faults.browsers import Browsers
from tests.faults.laboratory import Laboratory, laboratory
from tests.support.waiting import until

READERS = int(os.environ.get("RTSTORE_READERS", "20"))
OUTBOX = 2**18
PIECE = 2**17
PIECES = 40
MB = 2**20
BESIDE_BYTES = 24 * MB
"""Sockets, the document in the room and at its keeper, and what the allocator keeps."""


def _narrow(info: tuple[object, ...]) -> socket.socket:
    made = socket.socket(info[0], info[1], info[2])  # type: ignore[arg-type]
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    return made


@asynccontextmanager
async def readers(here: Laboratory, path: str) -> AsyncIterator[None]:
    """Pages through the first worker that have the document, and read nothing from then on."""
    headers = {"Authorization": f"token {here.lab.token}"}
    connector = TCPConnector(limit=0, socket_factory=_narrow)
    async with (
        ClientSession(headers=headers, connector=connector) as http,
        AsyncExitStack() as all_,
    ):
        pages = Browsers(here.lab, http)
        for _ in range(READERS):
            await all_.enter_async_context(pages.opened(path, 0))
        yield


async def _paste(text: Text, number: int) -> None:
    """A page says that what was edited is dirty."""
    with text.transaction():
        text.append(f"<{number}>" + "x" * PIECE)
        text.ydoc.get("state", type=Map)["dirty"] = True


async def _says(slot: WorkerSlot, what: str) -> bool:
    async with ClientSession() as http, http.get(slot.url + "/rtstore/metrics") as reply:
        return what in await reply.text()


@pytest.mark.timeout(240)
async def test_slow_readers_and_a_store_that_refuses(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    environ = {
        "RTSTORE_OUTBOX_BYTES_MAX": str(OUTBOX),
        "RTSTORE_SAVE_AFTER_S": "600",
        "RTSTORE_SAVE_LATEST_S": "600",
    }
    async with laboratory(tmp_path, environ=environ) as here, AsyncExitStack() as stack:
        enter, lab = stack.enter_async_context, here.lab
        slow, quick, third = here.workers()
        (path,) = Browsers(lab, await enter(ClientSession())).write([0])
        text = await enter((await enter(connect(quick.url, token=lab.token))).text(path))
        other = await enter((await enter(connect(third.url, token=lab.token))).text(path))
        await enter(readers(here, path))
        process = here.process(slow)
        most = before = process.memory_info().rss
        for number in range(PIECES):
            await _paste(text, number)
            await text.flush()
            most = max(most, process.memory_info().rss)
        lag = f"slow_members_total {READERS}.0"
        await until(lambda: _says(slow, lag), what="all of them lag behind")
        bound = READERS * (OUTBOX + PIECE + 2**16) + 6 * PIECES * PIECE + BESIDE_BYTES

        await other.until(lambda: other.value == text.value)
        redis = await enter(here.store.client())
        await redis.config_set("maxmemory", 1)
        for number in range(PIECES, 2 * PIECES):
            await _paste(text, number)
            await asyncio.sleep(0)  # each is a message of its own
        refused = 'refused_total{why="StoreFull"}'
        await until(lambda: _says(quick, refused), what="the store refuses", timeout_s=60)
        assert other.is_dirty
        assert f"<{PIECES}>" not in other.value
        most = max(most, process.memory_info().rss)
        await redis.config_set("maxmemory", 0)
        await text.flush()
        await text.save()
        await other.until(lambda: other.value == text.value and not other.is_dirty)
        said = (lab.notes / path).read_text()
    assert [number for number in range(2 * PIECES) if f"<{number}>" not in said] == []
    told = f"{READERS} browsers that read nothing: {before / MB:.0f} to {most / MB:.0f} MB"
    measured(f"{told}, at most {bound / MB:.0f} more")
    assert most - before < bound, told
