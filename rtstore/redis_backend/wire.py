"""Wire: one RESP3 connection to one server. All that is issued in one tick leaves in one write."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import hiredis

from rtstore.errors import (
    LeaseLost,
    RTStoreError,
    StaleEpoch,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
)

_UNAVAILABLE = (
    "LOADING", "BUSY", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS",
    "UNBLOCKED",
)  # fmt: skip
_STALE = ("NODOC", "STALE", "ERR The ID specified in XADD is equal or smaller")


def error_of(text: str) -> RTStoreError:
    """The error of our tree that a Redis error reply means."""
    if text.startswith(("OOM", "MISCONF")):
        return StoreFull(text)
    if text.startswith(_STALE):
        return StaleEpoch(text)
    if text.startswith("LEASE"):
        return LeaseLost(text)
    if text.startswith(_UNAVAILABLE):
        return StoreUnavailable(text)
    return StoreRefused(text)


class Wire(asyncio.Protocol):
    """Commands out in order, replies in to their futures; pushes to a callback."""

    def __init__(self, *, pushed: Callable[[list[Any]], None]) -> None:
        self._reader = hiredis.Reader()
        self._waiting: deque[asyncio.Future[Any] | None] = deque()
        self._out: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._pushed = pushed
        self._loop = asyncio.get_running_loop()
        self.lost = asyncio.Event()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """`lost` for who waits for other things too."""
        self.heard_at = self._loop.time()
        """When the server last said anything (the loop's clock)."""
        self.why = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # uvloop's is no asyncio.Transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail all that waits: what was sent may or may not have run."""
        self.why = self.why or (str(exc) if exc else "closed by the server")
        self.lost.set()
        self.ended.set_result(None)
        while self._waiting:
            future = self._waiting.popleft()
            if future is not None and not future.done():
                future.set_exception(StoreUnavailable(f"connection lost: {self.why}"))

    def data_received(self, data: bytes) -> None:
        """Hand out what came."""
        self.heard_at = self._loop.time()
        self._reader.feed(data)
        while True:
            try:
                reply = self._reader.gets()
            except hiredis.ProtocolError as error:
                self.abort(f"not RESP: {error}")
                return
            if reply is False:
                return
            if isinstance(reply, hiredis.PushNotification):
                self._pushed(reply)
            elif self._waiting:
                self._answer(self._waiting.popleft(), reply)
            elif isinstance(reply, hiredis.ReplyError):  # of what was posted
                self.abort(str(reply))

    @staticmethod
    def _answer(future: asyncio.Future[Any] | None, reply: Any) -> None:  # noqa: ANN401 -- a Redis reply
        if future is None or future.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            future.set_exception(error_of(str(reply)))
        else:
            future.set_result(reply)

    def send(self, *args: bytes | str | int | float) -> asyncio.Future[Any]:
        """Issue a command; its reply or error comes by the future.

        Raises StoreUnavailable, and UnicodeEncodeError or TypeError for what can't be sent; then
        nothing was.
        """
        if self.lost.is_set() or self._transport is None:
            raise StoreUnavailable(f"connection lost: {self.why}")
        packed = hiredis.pack_command(args)  # first: who waits for no reply would get another's
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(future)
        self._write(packed)
        return future

    def post(self, *args: bytes | str | int | float) -> None:
        """Issue a command that answers by a push; one that is refused ends the connection."""
        if not self.lost.is_set():
            self._write(hiredis.pack_command(args))

    def _write(self, packed: bytes) -> None:
        self._out.append(packed)
        if len(self._out) == 1:
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and not self.lost.is_set():
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    @property
    def is_waiting(self) -> bool:
        """Whether a reply is due."""
        return bool(self._waiting)

    def abort(self, why: str) -> None:
        """Give the connection up now; all that waits fails."""
        self.why = self.why or why
        if self._transport is not None:
            self._transport.abort()
