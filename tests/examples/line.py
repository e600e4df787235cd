"""A line to a server that can be cut: what is on its way is lost, and nothing gets through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 65536


class Line:
    """`url` leads through it."""

    def __init__(self, to: str) -> None:
        at = urlsplit(to)
        assert at.hostname is not None
        assert at.port is not None
        self._to = (at.hostname, at.port)
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.url = ""

    def cut(self) -> None:
        """End all connections, and let none be made."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections be made again."""
        self._is_cut = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        far_reader, far_writer = await asyncio.open_connection(*self._to)
        if self._is_cut:  # perhaps only since it was asked for
            writer.transport.abort()
            far_writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._open |= ends
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, far_writer))
                tasks.create_task(_pump(far_reader, writer))
        finally:
            self._open -= ends
            for end in ends:
                end.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def line(to: str) -> AsyncIterator[Line]:
    """A line to the server of this URL."""
    made = Line(to)
    server = await asyncio.start_server(made.carry, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    made.url = f"http://{host}:{port}/"
    try:
        yield made
    finally:
        made.cut()
        server.close()
        await server.wait_closed()
