"""Outbox: what is on its way to one browser, bounded in bytes."""

from __future__ import annotations

from typing import Protocol


class Writes(Protocol):
    """The part of an asyncio transport that an outbox needs."""

    def write(self, data: bytes) -> None:
        """Send, or queue what the socket does not take now."""

    def get_write_buffer_size(self) -> int:
        """Bytes queued."""

    def is_closing(self) -> bool:
        """Whether nothing more will be sent."""

    def abort(self) -> None:
        """Close at once; what is queued is lost."""


class Outbox:
    """Frames are written as they are, built once for all who get them.

    The transport queues what the socket does not take; an outbox whose queue is over its bound is
    `full`: whoever writes must skip it until it has `drained`, and bring it up to date then.
    """

    __slots__ = ("_bytes_max", "_transport", "abort")

    def __init__(self, transport: Writes, *, bytes_max: int) -> None:
        self._transport, self._bytes_max = transport, bytes_max
        self.abort = transport.abort

    def write(self, frame: bytes) -> None:
        """Send `frame`, now or when the socket takes it; nothing if the socket is gone."""
        try:
            self._transport.write(frame)
        except RuntimeError:
            # uvloop's transports raise once they are closed, about 1 ms before we hear of it.
            if not self._transport.is_closing():
                raise

    @property
    def full(self) -> bool:
        """Whether more waits for this browser than may."""
        return self._transport.get_write_buffer_size() > self._bytes_max

    @property
    def drained(self) -> bool:
        """Whether it took nearly all that was queued."""
        return self._transport.get_write_buffer_size() <= self._bytes_max // 8

    @property
    def closed(self) -> bool:
        """Whether it is of no use to write."""
        return self._transport.is_closing()
