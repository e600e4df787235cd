"""The few commands that supervision needs, over the store's unix socket.

Supervision must work while the store does not, and its watcher must be small: so this is RESP2
by hand, one command at a time, not the connection of `rtstore.redis_backend`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from rtstore.errors import StoreRefused, StoreUnavailable

Reply = str | int | None | list["Reply"]
ANSWER_S = 2.0
OUR_NAMES = "rtstore:store:"
"""Names of connections that don't count as use of the store begin so."""


class StoreConnection:
    """One open connection. Every call is bounded; an error leaves it unusable."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, name: str) -> AsyncIterator[Self]:
        """Connect and be called `name`. Raises StoreUnavailable, or StoreRefused while loading."""
        try:
            async with asyncio.timeout(ANSWER_S):
                reader, writer = await asyncio.open_unix_connection(path, limit=2**24)
        except (OSError, TimeoutError) as error:
            raise StoreUnavailable(f"no store at {path} ({str(error) or 'no answer'})") from error
        try:
            connection = cls(reader, writer)
            await connection.call("CLIENT", "SETNAME", name)
            await connection.call("PING")
            yield connection
        finally:
            writer.close()

    async def call(self, *words: str) -> Reply:
        """Run a command. Raises StoreRefused (its error) or StoreUnavailable (no answer)."""
        sent = [f"*{len(words)}\r\n"]
        sent += [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
        try:
            async with asyncio.timeout(ANSWER_S):
                self._writer.write("".join(sent).encode())
                return await self._reply()
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            raise StoreUnavailable(f"the store did not answer {words[0]}") from error

    async def closed(self, *, timeout_s: float) -> bool:
        """Wait until the store is gone; False if it is still there after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while await self._reader.read(4096):
                    pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    async def other_users(self) -> int:
        """How many connections use the store, besides this one and the watcher's."""
        me = await self.call("CLIENT", "ID")
        listed = str(await self.call("CLIENT", "LIST"))
        clients = [dict(_pairs(line)) for line in listed.splitlines() if line]
        return sum(
            client.get("id") != str(me) and not client.get("name", "").startswith(OUR_NAMES)
            for client in clients
        )

    async def info(self) -> dict[str, str]:
        """``INFO`` as a dict."""
        lines = str(await self.call("INFO")).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    async def _reply(self) -> Reply:
        line = (await self._reader.readuntil(b"\r\n"))[:-2].decode(errors="replace")
        kind, rest = line[:1], line[1:]
        match kind:
            case "+":
                return rest
            case "-":
                raise StoreRefused(rest)
            case ":":
                return int(rest)
            case "$" if rest == "-1":
                return None
            case "$":
                data = await self._reader.readexactly(int(rest) + 2)
                return data[:-2].decode(errors="replace")
            case "*":
                return [await self._reply() for _ in range(int(rest))]
            case _:
                raise ValueError(line)


def _pairs(line: str) -> list[tuple[str, str]]:
    return [(word.partition("=")[0], word.partition("=")[2]) for word in line.split(" ")]
