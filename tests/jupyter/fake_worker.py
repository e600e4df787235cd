"""A worker that keeps the contract of workers and nothing else, for tests of the proxy.

In a test: ``async with FakeWorker(state_dir, slot=0, secret=…).running() as worker``. As a process
that can be killed: ``python -m tests.jupyter.fake_worker STATE_DIR SLOT SECRET``.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import WSMsgType, web

from rtstore.schema.identity import HEADER, Identity, verify
from rtstore.supervisor import slots


class FakeWorker:
    """Remembers what it was asked; its rooms echo, and close as they are told to."""

    def __init__(self, state_dir: Path, *, slot: int, secret: str) -> None:
        self.name = f"fake-{slot}"
        self.requests: list[web.Request] = []
        self.identities: list[Identity] = []
        self.closed: asyncio.Queue[tuple[int | None, str]] = asyncio.Queue()
        self.answers = 200
        """The status of every answer but upgrades."""
        self.reads = asyncio.Event()
        """Whether rooms take in what is sent to them, and requests are answered."""
        self.reads.set()
        self._state_dir = state_dir
        self._slot = slot
        self._secret = secret

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeWorker]:
        """Serve, and be announced."""
        app = web.Application(client_max_size=2**30)
        app.router.add_get("/{any:.*}/api/collaboration/room/{room}", self._room)
        app.router.add_route("*", "/{any:.*}", self._plain)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        with tempfile.TemporaryDirectory(prefix="rt") as folder:
            socket = str(Path(folder) / "w.sock")
            await web.UnixSite(runner, socket).start()
            try:
                async with slots.claim(self._state_dir, self._slot) as claim:
                    claim.announce(
                        fingerprint="", contents_id="", socket=socket, port=0, worker=self.name
                    )
                    yield self
            finally:
                await runner.cleanup()

    def _admit(self, request: web.Request) -> None:
        self.requests.append(request)
        header = request.headers[HEADER]
        self.identities.append(verify(header, secret=self._secret, now=time.time()))

    async def _plain(self, request: web.Request) -> web.StreamResponse:
        self._admit(request)
        body = await request.text()
        await self.reads.wait()
        told = {"worker": self.name, "path": request.raw_path, "body": body}
        return web.json_response(told, status=self.answers, headers={"ETag": '"1"'})

    async def _room(self, request: web.Request) -> web.StreamResponse:
        self._admit(request)
        room = request.match_info["room"]
        if room.startswith("refuse"):
            return web.Response(status=int(room.split("-")[1]))
        socket = web.WebSocketResponse(max_msg_size=2**30, autoclose=False)
        await socket.prepare(request)
        await socket.send_str(self.name)
        while True:
            await self.reads.wait()
            message = await socket.receive()
            if message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            elif message.type is WSMsgType.TEXT:
                await self._obey(socket, message.data)
            elif message.type is WSMsgType.CLOSE:
                self.closed.put_nowait((message.data, message.extra or ""))
                await socket.close()
                return socket
            else:
                return socket

    async def _obey(self, socket: web.WebSocketResponse, command: str) -> None:
        """``close CODE REASON``, ``flood COUNT BYTES`` or ``vanish``."""
        match command.split(" ", 2):
            case ["close", code, reason]:
                await socket.close(code=int(code), message=reason.encode())
            case ["flood", count, size]:
                for _ in range(int(count)):
                    await socket.send_bytes(bytes(int(size)))
            case ["vanish"]:
                assert socket._req is not None
                transport = socket._req.transport
                assert transport is not None
                transport.abort()


async def _main(state_dir: str, slot: str, secret: str) -> None:
    async with FakeWorker(Path(state_dir), slot=int(slot), secret=secret).running():
        print("ready", flush=True)  # noqa: T201 -- read by the test
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
