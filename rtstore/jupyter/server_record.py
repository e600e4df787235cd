"""Where workers reach this Jupyter server: ``rt:{S}:server``, and the listener it names.

Workers get a listener of their own on loopback, with the same routes and the same checks: it is
plain HTTP whatever browsers use, and it still answers while the server stops, so that the last
edits can be saved.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time

from jupyter_server.serverapp import ServerApp
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from rtstore import __version__
from rtstore.errors import StoreRefused, StoreUnavailable
from rtstore.pids import is_alive
from rtstore.redis_backend.link import Link

logger = logging.getLogger(__name__)

BEAT_S = 2.0
"""A wiped store, or one that came back without us, knows us again after this."""
STALE_MS = 10_000
"""A record that was not renewed for this long is nobody's."""


class WorkerListener:
    """The listener; open from `open` to `close`."""

    def __init__(self, serverapp: ServerApp) -> None:
        self._serverapp = serverapp
        self._server: HTTPServer | None = None
        self.url = ""
        """Base URL of this server for workers on this host, ending in a slash."""

    def open(self) -> None:
        """Listen on some port of 127.0.0.1 (or ::1)."""
        app = self._serverapp
        self._server = HTTPServer(
            app.web_app, max_body_size=app.max_body_size, max_buffer_size=app.max_buffer_size
        )
        try:
            sockets, host = bind_sockets(0, "127.0.0.1"), "127.0.0.1"
        except OSError:
            sockets, host = bind_sockets(0, "::1"), "[::1]"
        self._server.add_sockets(sockets)
        self.url = f"http://{host}:{sockets[0].getsockname()[1]}{app.base_url}"

    async def close(self) -> None:
        """Stop listening and end what is open."""
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()


class ServerRecord:
    """This server's entry in the store. Of two servers on one root the first keeps it."""

    def __init__(self, link: Link, key: str, serverapp: ServerApp, url: str) -> None:
        self._link = link
        self._key = key
        self._told = {
            "url": url,
            "public_url": serverapp.connection_url,
            "pid": str(os.getpid()),
            "host": socket.gethostname(),
            "name": f"{serverapp.name} on {socket.gethostname()}",
            "root": str(serverapp.root_dir),
            "version": __version__,
            "started": str(int(time.time())),
        }

    async def run(self) -> None:
        """Keep the entry current, for ever."""
        while True:
            try:
                if await self._is_ours_or_free():
                    told = self._told | {"beat": str(_now_ms())}
                    pairs = [part for pair in told.items() for part in pair]
                    await self._link.command("HSET", self._key, *pairs)
            except (StoreUnavailable, StoreRefused) as error:
                logger.debug("server record not written why=%s", error)
            await asyncio.sleep(BEAT_S)

    async def remove(self) -> None:
        """Say that this server is gone, if the entry is ours."""
        try:
            if await self._link.command("HGET", self._key, "url") == self._told["url"].encode():
                await self._link.command("DEL", self._key)
        except (StoreUnavailable, StoreRefused) as error:
            logger.debug("server record not removed why=%s", error)

    async def _is_ours_or_free(self) -> bool:
        url, pid, host, beat = await self._link.command(
            "HMGET", self._key, "url", "pid", "host", "beat"
        )
        if url is None or url == self._told["url"].encode():
            return True
        if beat is None or int(beat) < _now_ms() - STALE_MS:
            return True
        on_this_host = host == self._told["host"].encode()
        # Killed and started again: the record is young, but its process is gone.
        return on_this_host and (pid is None or not is_alive(int(pid)))


def _now_ms() -> int:
    return int(time.time() * 1000)
