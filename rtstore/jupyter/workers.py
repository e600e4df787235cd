"""Workers: the worker processes of this host, reached over their unix sockets.

Each room's sockets go round robin over the slots that are taken; a worker that does not answer
is skipped, and one that is starting again is waited for.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from pathlib import Path
from zlib import crc32

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ClientWebSocketResponse,
    ClientWSTimeout,
    UnixConnector,
    WSServerHandshakeError,
)
from yarl import URL

from rtstore.supervisor import slots

logger = logging.getLogger(__name__)

FRAME_BYTES_MAX = 2**30
"""As the peer: sync step 2 of a notebook with its outputs is one frame."""
CONNECT_S = 5.0
"""A worker that takes longer to answer an upgrade hangs: try another."""
LOOK_AGAIN_S = 0.1
"""Between two rounds over all workers while none answers; a killed one is back in < 2 s."""
REREAD_S = 0.25
"""How old the list of slots may be; a reconnecting crowd must not read files for each socket."""

ROUTES_MAX = 10_000
"""Rooms whose turn is remembered."""
_UNREACHED = (ClientError, OSError, TimeoutError)


class NoWorker(Exception):
    """No worker answered in the time given."""


class Workers:
    """See the module. Made before the state directory is known: `attach` it then."""

    def __init__(self) -> None:
        self._state_dir: Path | None = None
        self._sessions: dict[str, ClientSession] = {}
        self._sockets: list[str] = []
        self._read_at = 0.0
        self._turns: OrderedDict[str, int] = OrderedDict()

    def attach(self, state_dir: Path) -> None:
        """Look for slot files in this directory from now on."""
        self._state_dir = state_dir
        self._read_at = 0.0

    async def close(self) -> None:
        """End all connections."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def websocket(
        self, path: str, headers: Mapping[str, str], *, within_s: float
    ) -> ClientWebSocketResponse:
        """A websocket to some worker, for `path` (raw, with its query).

        Raises NoWorker, or WSServerHandshakeError if a worker refused.
        """
        url = URL("http://worker" + path, encoded=True)
        async for session in self._each(path, within_s):
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await session.ws_connect(
                        url,
                        headers=headers,
                        max_msg_size=FRAME_BYTES_MAX,
                        timeout=ClientWSTimeout(ws_close=5.0),
                    )
            except WSServerHandshakeError as error:
                if error.status != 503:
                    raise
            except _UNREACHED as error:
                logger.debug("worker not reached why=%r", error)
        raise NoWorker

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, within_s: float
    ) -> ClientResponse:
        """The response of some worker, headers read, body not; the caller releases it.

        Sent again to another worker if one dies on it, so `method` must be idempotent, or is
        sent at most once to a worker that took the connection (POST, PATCH). Raises NoWorker.
        """
        url = URL("http://worker" + path, encoded=True)
        is_repeatable = method in {"GET", "HEAD", "PUT", "DELETE"}
        refused: ClientResponse | None = None
        # What a page posts in order (the cells of Run All) goes to one worker, and keeps it.
        async for session in self._each(path, within_s, takes_turns=is_repeatable):
            try:
                reply = await session.request(
                    method, url, headers=headers, data=BytesIO(body), allow_redirects=False
                )
            except _UNREACHED as error:
                logger.debug("worker not reached why=%r", error)
                if not is_repeatable and not isinstance(error, ClientConnectorError):
                    raise NoWorker from error  # it may have been acted on
                continue
            if reply.status != 503 or not is_repeatable:
                return reply
            if refused is not None:
                refused.release()
            refused = reply
        if refused is not None:
            return refused
        raise NoWorker

    async def _each(
        self, path: str, within_s: float, *, takes_turns: bool = True
    ) -> AsyncIterator[ClientSession]:
        """Workers to try, the next in turn first, again and again until the time is over."""
        deadline = time.monotonic() + within_s
        while True:
            for socket in self._in_turn(path.partition("?")[0], takes_turns=takes_turns):
                yield self._session(socket)
            if time.monotonic() >= deadline:
                return
            await asyncio.sleep(LOOK_AGAIN_S)

    def _in_turn(self, route: str, *, takes_turns: bool) -> list[str]:
        """Sockets of workers: each room is spread by itself, so that people in one document are
        on different workers, and documents begin at different ones.
        """
        if time.monotonic() - self._read_at > REREAD_S:
            found = slots.live(self._state_dir) if self._state_dir else []
            self._sockets = [worker.socket for worker in found]
            self._read_at = time.monotonic()
        turn = self._turns.pop(route, crc32(route.encode()))
        self._turns[route] = turn + takes_turns
        if len(self._turns) > ROUTES_MAX:
            self._turns.popitem(last=False)
        at = turn % len(self._sockets) if self._sockets else 0
        return self._sockets[at:] + self._sockets[:at]

    def _session(self, path: str) -> ClientSession:
        if path not in self._sessions:
            self._sessions[path] = ClientSession(
                # limit: each open room holds a connection for as long as its tab lives
                connector=UnixConnector(path=path, limit=0),
                timeout=ClientTimeout(total=None, connect=CONNECT_S, sock_read=60),
                auto_decompress=False,
            )
        return self._sessions[path]
