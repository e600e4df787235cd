"""Channels: our end of one kernel's shell, stdin and control.

The first two have the same identity in every bridge: whoever connects with it takes over for good,
gets what the kernel sends there from then on, and what the one before still sends is never run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import zmq
import zmq.asyncio

from rtstore.errors import KernelUnreachable
from rtstore.kernel_bridge.connection import Connection

CONNECT_S = 60.0
"""A kernel that has just been started may take this long until it listens."""
RETRY_S = 0.05


class Channels:
    """See the module. `opened` makes them."""

    def __init__(
        self, shell: zmq.asyncio.Socket, stdin: zmq.asyncio.Socket, control: zmq.asyncio.Socket
    ) -> None:
        self._shell, self._stdin, self._control = shell, stdin, control

    async def request(self, frames: Sequence[bytes]) -> None:
        """Send a request on shell. Raises KernelUnreachable if the kernel does not listen."""
        await _send(self._shell, frames)

    async def answer(self, frames: Sequence[bytes]) -> None:
        """Send an input_reply on stdin. Raises KernelUnreachable."""
        await _send(self._stdin, frames)

    async def show(self, frames: Sequence[bytes]) -> None:
        """Send a request on control, which a kernel hears while a cell runs. None is answered.

        Raises KernelUnreachable.
        """
        await _send(self._control, frames)

    async def replies(self) -> AsyncIterator[list[bytes]]:
        """What comes back on shell and stdin, for ever."""
        poller = zmq.asyncio.Poller()
        for socket in (self._shell, self._stdin):
            poller.register(socket, zmq.POLLIN)
        while True:
            for socket, _ in await poller.poll():
                yield await socket.recv_multipart()


@asynccontextmanager
async def opened(connection: Connection, *, identity: bytes) -> AsyncIterator[Channels]:
    """Connected, or connecting, while the body runs."""
    context = zmq.asyncio.Context()
    sockets = []
    try:
        for address in (connection.shell, connection.stdin, connection.control):
            socket = context.socket(zmq.DEALER)
            sockets.append(socket)
            if address != connection.control:
                socket.identity = identity
            # A request must not wait here for a kernel that is dead: the next one would run it.
            socket.immediate = True
            socket.linger = 0
            socket.sndtimeo = 0
            socket.rcvhwm = 0
            connection.connect(socket, address)
        yield Channels(*sockets)
    finally:
        for socket in sockets:
            socket.close()
        context.term()


async def _send(socket: zmq.asyncio.Socket, frames: Sequence[bytes]) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            while True:
                try:
                    await socket.send_multipart(frames, flags=zmq.NOBLOCK)
                except zmq.Again:
                    await asyncio.sleep(RETRY_S)
                else:
                    return
    except TimeoutError:
        raise KernelUnreachable(f"the kernel does not listen after {CONNECT_S:g} s") from None
