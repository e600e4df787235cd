"""Room: a websocket into one room of the server, which comes back by itself."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Protocol

from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSMsgType,
    WSServerHandshakeError,
)
from yarl import URL

from rtstore.client.changes import Changes
from rtstore.client.errors import why_closed
from rtstore.errors import BadFrame, JupyterUnavailable, NotAllowed, RTStoreError
from rtstore.tasks import background

logger = logging.getLogger(__name__)

FIRST_RETRY_S, LONGEST_RETRY_S = 0.1, 10.0
CONNECT_S = 10.0
PING_S = 15.0
"""A server that does not answer pings is left after half of this again."""
MESSAGE_BYTES_MAX = 2**30
"""As the server's: a whole notebook with its outputs is one message."""
CLOSE_S = 2.0
_ABNORMAL = 1006


class Peer(Protocol):
    """What speaks and listens in a room. Its methods must not block."""

    def joined(self) -> None:
        """A new socket is open; `Room.send` works. Called again after each loss."""

    def heard(self, message: bytes) -> None:
        """One message. Raises BadFrame if it is none: the socket is closed and opened again."""

    def lost(self) -> None:
        """The socket is gone; another is being opened."""


class Room:
    """One room's socket. `failed` says why there will be no other."""

    def __init__(self, http: ClientSession, url: URL, *, speaks_text: bool = False) -> None:
        self._http, self._url = http, url
        self._speaks_text = speaks_text
        """Live rooms: each message is JSON in a text frame, here as its UTF-8."""
        self._unsent: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._socket: ClientWebSocketResponse | None = None
        self.last_why = "not connected yet"
        """Why the last socket ended."""
        self.changes = Changes()
        """Told at each change of `connected` and `failed`, and by the peer."""
        self.failed: RTStoreError | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a socket now."""
        return self._socket is not None

    def check(self) -> None:
        """Raises the error for which this room ended, if it did."""
        if self.failed is not None:
            raise self.failed

    def send(self, message: bytes) -> None:
        """Send a message on the present socket, after those before it; without one: drop it."""
        if self._socket is not None:
            self._unsent.append(message)
            self._wake.set()

    @asynccontextmanager
    async def running(
        self, peer: Peer, *jobs: Coroutine[None, None, object]
    ) -> AsyncIterator[None]:
        """Be in the room, and run `jobs`, while the body runs."""
        try:
            async with background(self._run(peer), *jobs):
                try:
                    yield
                finally:
                    await self._leave()
        except BaseExceptionGroup as group:
            if len(group.exceptions) > 1:
                raise
            raise group.exceptions[0] from group.exceptions[0].__cause__  # as the body raised it

    async def _leave(self) -> None:
        socket = self._socket
        if socket is None:
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._flush(socket)
                await socket.close()
        except (TimeoutError, ClientError, ConnectionError):
            return

    async def _run(self, peer: Peer) -> None:
        """Connect, and again after each loss, until that makes no sense any more."""
        delay = FIRST_RETRY_S
        while True:
            loop = asyncio.get_running_loop()
            began = loop.time()
            try:
                await self._connect(peer)
            except JupyterUnavailable as error:
                self.last_why = str(error)
                logger.info("room lost url=%s why=%s", self._url.path, error)
            except RTStoreError as error:
                self.failed = error
                self.changes.tell()
                return
            if loop.time() - began > LONGEST_RETRY_S:
                delay = FIRST_RETRY_S
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 -- to spread clients
            delay = min(2 * delay, LONGEST_RETRY_S)

    async def _connect(self, peer: Peer) -> None:
        """One socket, from its opening to its end. Raises the error that ended it."""
        try:
            async with asyncio.timeout(CONNECT_S):
                socket = await self._http.ws_connect(
                    self._url,
                    heartbeat=PING_S,
                    max_msg_size=MESSAGE_BYTES_MAX,
                    timeout=ClientWSTimeout(ws_close=CLOSE_S),
                )
        except WSServerHandshakeError as error:
            raise _refused(error, self._url) from error
        except (ClientError, OSError, TimeoutError) as error:
            raise JupyterUnavailable(f"{self._url.origin()}: {_why(error)}") from error
        try:
            self._unsent.clear()
            self._socket = socket
            peer.joined()
            self.changes.tell()
            async with background(self._write(socket)):
                code, reason = await self._read(socket, peer)
        finally:
            self._socket = None
            peer.lost()
            self.changes.tell()
            await socket.close()
        raise why_closed(code, reason) or JupyterUnavailable(f"closed with {code} {reason}")

    async def _read(self, socket: ClientWebSocketResponse, peer: Peer) -> tuple[int, str]:
        """Until the socket ends: with which code, and why."""
        while True:
            message = await socket.receive()
            if message.type is (WSMsgType.TEXT if self._speaks_text else WSMsgType.BINARY):
                told = message.data
                try:
                    peer.heard(told.encode() if isinstance(told, str) else told)
                except BadFrame as error:
                    return _ABNORMAL, f"the server sent what is no message: {error}"
            elif message.type is WSMsgType.CLOSE:
                return int(message.data or _ABNORMAL), message.extra or ""
            elif message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return socket.close_code or _ABNORMAL, ""

    async def _write(self, socket: ClientWebSocketResponse) -> None:
        """Send what is to be sent. Ends when the socket does, which the reader sees too."""
        try:
            while not socket.closed:
                await self._flush(socket)
                self._wake.clear()
                await self._wake.wait()
        except (ClientError, ConnectionError):
            return

    async def _flush(self, socket: ClientWebSocketResponse) -> None:
        while self._unsent:
            message = self._unsent.popleft()
            if self._speaks_text:
                await socket.send_str(message.decode())
            else:
                await socket.send_bytes(message)


def _refused(error: WSServerHandshakeError, url: URL) -> RTStoreError:
    if error.status in (401, 403):
        return NotAllowed(f"{url.origin()} refuses this token or user ({error.status})")
    return JupyterUnavailable(f"{url.origin()} answered {error.status}")


def _why(error: Exception) -> str:
    return str(error) or "no answer"
