"""Browsers that open a document, have it, and close it: only what goes over the wire, no Doc.

For thousands of them: a page opens a document in two requests, and is content with the answer to
its first sync step 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from aiohttp import (
    ClientConnectionError,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    TCPConnector,
    WSMsgType,
)

from rtstore.schema import frames
from tests.support.lab import Lab
from tests.support.waiting import until

AT_ONCE = 25
TRY_FOR_S = 120.0


class Browsers:
    """All of them of one user; each document through another worker than the one before."""

    def __init__(self, lab: Lab, http: ClientSession) -> None:
        self._lab, self._http = lab, http

    def write(self, numbers: Iterable[int]) -> list[str]:
        """Put text files on the disk, a hundred in a directory; their paths."""
        paths = [f"many-{number // 100}/{number}.txt" for number in numbers]
        for path in paths:
            file = self._lab.notes / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"This is {path}.\n")
        return paths

    async def open_and_close(self, paths: list[str], *, at_once: int = AT_ONCE) -> None:
        """Each of the documents, so many at the same time."""
        left = list(enumerate(paths))[::-1]

        async def some() -> None:
            while left:
                number, path = left.pop()
                async with self.opened(path, number):
                    pass

        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(some())

    @asynccontextmanager
    async def opened(self, path: str, number: int) -> AsyncIterator[ClientWebSocketResponse]:
        """The document's content was told, on this socket."""
        slots = self._lab.workers()
        url = slots[number % len(slots)].url.rstrip("/")
        asked = {"format": "text", "type": "file"}
        at = f"{url}/api/collaboration/session/{quote(path, safe='')}"

        async def session() -> Any:
            try:
                async with self._http.put(at, json=asked) as reply:
                    assert reply.status in (200, 201, 503), await reply.text()
                    return None if reply.status == 503 else await reply.json()
            except ClientConnectionError:
                return None  # its worker was killed, and is not there yet

        told = await until(session, what=f"{path} is opened", timeout_s=TRY_FOR_S, poll_s=0.2)
        room = quote(f"text:file:{told['fileId']}")
        at = f"{url}/api/collaboration/room/{room}"
        named = {"sessionId": told["sessionId"]}
        async with self._http.ws_connect(at, params=named, max_msg_size=0) as socket:
            await socket.send_bytes(frames.sync_step1(frames.EMPTY_STATE_VECTOR))
            async with asyncio.timeout(TRY_FOR_S):
                await _until_told(socket, path)
            yield socket


async def _until_told(socket: ClientWebSocketResponse, path: str) -> None:
    while True:
        message = await socket.receive()
        assert message.type is WSMsgType.BINARY, f"{path}: {message!r}"
        if isinstance(frame := frames.decode(message.data), frames.SyncStep2):
            assert path.encode() in frame.update
            return


@asynccontextmanager
async def browsers(lab: Lab, at_once: int = AT_ONCE) -> AsyncIterator[Browsers]:
    """They know the server's token; so many sockets at the same time, and a request for each."""
    headers = {"Authorization": f"token {lab.token}"}
    connector = TCPConnector(limit=2 * at_once)
    timeout = ClientTimeout(total=None, sock_connect=TRY_FOR_S, sock_read=TRY_FOR_S)
    async with ClientSession(headers=headers, connector=connector, timeout=timeout) as http:
        yield Browsers(lab, http)
