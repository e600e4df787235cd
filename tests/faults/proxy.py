"""A proxy between workers and their store: bad weather for some links, or for all.

async with proxy_to(store.socket, tmp) as proxy:
    proxy.url                             # for the workers
    with proxy.weather(of, stalled=True): # nothing comes through on the links that `of` chooses
        ...
    proxy.cut(of)                         # they end now

A link is known by the name that it gives itself: ``rtstore:<worker>:<role>``.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import resp

Which = Callable[[str], bool]
"""Of a link's name: whether it is meant."""
READ_BYTES = 2**16
_NAME_AFTER = b"SETNAME\r\n$"


def everything(_: str) -> bool:
    """All links."""
    return True


def of_worker(worker: str, role: str = "") -> Which:
    """The links of one worker, or only the one of this role."""
    return lambda name: name.startswith(f"rtstore:{worker}") and name.endswith(role)


@dataclass(frozen=True, slots=True)
class Weather:
    """What happens to links."""

    of: Which
    stalled: bool = False
    delay_s: float = 0.0
    bytes_per_s: float = 0.0
    """Of what the store sends; 0: as it comes."""
    meddle: Callable[[list[bytes]], list[bytes]] | None = None
    """Takes the pushes (of subscriptions) that came together, and gives those that are sent."""
    loses_replies: bool = False
    """What the store does is done, but nobody is told."""


@dataclass(eq=False, slots=True)
class _Link:
    client: asyncio.StreamWriter
    store: asyncio.StreamWriter
    name: str = ""

    def cut(self) -> None:
        for writer in (self.client, self.store):
            if not writer.transport.is_closing():
                writer.transport.abort()


@dataclass(eq=False)
class Proxy:
    """See the module."""

    to: Path
    url: str
    refuses: bool = False
    """Whether new links are closed at once."""
    _links: set[_Link] = field(default_factory=set)
    _weathers: list[Weather] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def names(self) -> list[str]:
        """Of the links that there are."""
        return sorted(link.name for link in self._links)

    def cut(self, of: Which = everything) -> None:
        """End links, as a network does: with a reset."""
        for link in list(self._links):
            if of(link.name):
                link.cut()

    @contextmanager
    def weather(self, of: Which = everything, **how: object) -> Iterator[None]:
        """Have this weather on links that are there and on new ones, while the body runs."""
        one = Weather(of, **how)  # type: ignore[arg-type]
        self._weathers.append(one)
        try:
            yield
        finally:
            self._weathers.remove(one)
            self._changed.set()

    def _of(self, link: _Link) -> list[Weather]:
        return [one for one in self._weathers if one.of(link.name)]

    async def _calm(self, link: _Link) -> None:
        """Wait until the link is not stalled."""
        while any(one.stalled for one in self._of(link)):
            self._changed.clear()
            await self._changed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One link, until either end ends it."""
        if self.refuses:
            writer.transport.abort()
            return
        try:
            from_store, to_store = await asyncio.open_unix_connection(str(self.to))
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, to_store)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._up(link, reader))
                tasks.create_task(self._down(link, from_store))
        except* (OSError, ValueError):
            pass
        finally:
            link.cut()
            self._links.discard(link)

    async def _up(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(READ_BYTES):
            if not link.name:
                link.name = _name(data)
            await self._calm(link)
            link.store.write(data)
            await link.store.drain()
        link.cut()

    async def _down(self, link: _Link, reader: asyncio.StreamReader) -> None:
        rest = b""
        while data := await reader.read(READ_BYTES):
            await self._calm(link)
            found, rest = resp.split(rest + data)
            out = b""
            for weather in self._of(link):
                if weather.meddle is not None:
                    pushes = [one for one in found if one[:1] == resp.PUSH]
                    found = [one for one in found if one[:1] != resp.PUSH] + weather.meddle(pushes)
                if weather.loses_replies:
                    found = [one for one in found if one[:1] == resp.PUSH]
                if weather.delay_s or weather.bytes_per_s:
                    size = sum(map(len, found))
                    slow_s = size / weather.bytes_per_s if weather.bytes_per_s else 0.0
                    await asyncio.sleep(weather.delay_s + slow_s)
            out = b"".join(found)
            if out:
                link.client.write(out)
                await link.client.drain()
        link.cut()


def _name(data: bytes) -> str:
    at = data.find(_NAME_AFTER)
    if at < 0:
        return ""
    size, _, rest = data[at + len(_NAME_AFTER) :].partition(b"\r\n")
    return rest[: int(size)].decode()


@asynccontextmanager
async def proxy_to(socket: Path) -> AsyncIterator[Proxy]:
    """A proxy on a unix socket of its own, in front of the store on `socket`."""
    with tempfile.TemporaryDirectory(prefix="rtp-") as folder:
        own = Path(folder) / "s"
        proxy = Proxy(socket, f"unix://{own}")
        server = await asyncio.start_unix_server(proxy.serve, str(own))
        try:
            yield proxy
        finally:
            server.close()
            proxy.cut()
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await server.wait_closed()
