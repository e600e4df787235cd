"""FakeLink: a Link on fakeredis, for unit tests of the layers above; see Link for its promises.

Where it differs from a real server: no maxmemory, no eviction, INFO is what the test says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fakeredis import FakeServer
from fakeredis.aioredis import FakeRedis
from redis.exceptions import ResponseError

from rtstore.errors import RTStoreError, StoreUnavailable
from rtstore.redis_backend.link import Arg, Heard, Script
from rtstore.redis_backend.wire import error_of
from rtstore.tasks import background

logger = logging.getLogger(__name__)

INFO = {
    "redis_version": "7.0.0",
    "maxmemory_policy": "noeviction",
    "aof_enabled": "1",
    "cluster_enabled": "0",
    "used_memory": "1000000",
    "maxmemory": "0",
}


class FakeLink:
    """One worker's link. Links that share a `FakeServer` are workers that share a Redis."""

    def __init__(self, server: FakeServer | None = None, *, identity: str = "fake:1") -> None:
        self.fake_server = server or FakeServer()
        self.info = dict(INFO)
        """What INFO answers; a test may change it."""
        self.server = identity
        self.connected = True
        self.connections = 1
        self._redis = FakeRedis(server=self.fake_server, protocol=3)
        self._redis.response_callbacks.clear()  # replies as the server gives them
        self._watchers: list[Callable[[bool], None]] = []

    async def command(self, *args: Arg) -> Any:
        """See Link."""
        if not self.connected:
            raise StoreUnavailable("no connection to the fake")
        if args[0] == "INFO":
            return "".join(f"{key}:{value}\r\n" for key, value in self.info.items()).encode()
        task = asyncio.current_task()
        cancelling = task.cancelling() if task is not None else 0
        try:
            reply = await self._redis.execute_command(*args)
        except ResponseError as error:
            raise _as_sent(error) from error
        if task is not None and task.cancelling() > cancelling:
            raise asyncio.CancelledError  # which asyncio.wait_for, used there, swallowed on 3.11
        return reply

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Arg] = ()) -> Any:
        """See Link."""
        source = script.source
        if source.startswith("#!lua"):  # flags, which fakeredis' Lua does not know
            source = "\n" + source.partition("\n")[2]
        return await self.command("EVAL", source, len(keys), *keys, *args)

    @asynccontextmanager
    async def listen(self, channel: str, heard: Heard) -> AsyncIterator[None]:
        """See Link."""
        if not self.connected:
            raise StoreUnavailable("no connection to the fake")
        async with self._redis.pubsub() as pubsub:
            await pubsub.ssubscribe(channel)
            while (await pubsub.get_message(timeout=None))["type"] != "ssubscribe":
                pass

            failed: list[str] = []

            async def read() -> None:
                while True:
                    message = await pubsub.get_message(timeout=None)
                    if message is None:
                        await asyncio.sleep(0)
                    elif message["type"] == "smessage" and self.connected:
                        try:
                            heard(message["data"])
                        except Exception:
                            if not failed:
                                logger.exception("listener failed channel=%s", channel)
                            failed.append(channel)

            async with background(read()):
                yield

    @asynccontextmanager
    async def watch(self, changed: Callable[[bool], None]) -> AsyncIterator[None]:
        """See Link."""
        self._watchers.append(changed)
        try:
            yield
        finally:
            self._watchers.remove(changed)

    def cut(self) -> None:
        """Lose the connection: all fails, nothing is heard."""
        self.connected = False
        self._tell()

    def mend(self, *, identity: str | None = None) -> None:
        """Come back, to a server of another `identity` if one is given."""
        self.server = identity or self.server
        self.connections += 1
        self.connected = True
        self._tell()

    def _tell(self) -> None:
        for changed in tuple(self._watchers):
            changed(self.connected)


def _as_sent(error: ResponseError) -> RTStoreError:
    """redis-py takes the ``ERR`` off; a code of another kind it leaves."""
    text = str(error)
    return error_of(text if text.partition(" ")[0].isupper() else f"ERR {text}")
