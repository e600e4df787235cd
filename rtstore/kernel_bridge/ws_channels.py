"""WsChannels: a kernel's channels over one websocket of its Jupyter server.

For kernels whose own sockets can't be reached from here. The server speaks to the kernel for us,
with the same identity for each bridge that is its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSMessage,
    WSMsgType,
)

from rtstore import metrics
from rtstore.errors import BadFrame, KernelUnreachable, NotSent
from rtstore.schema import kernel_framing
from rtstore.schema.kernel_message import DELIMITER

FRAME_BYTES_MAX = 2**30
"""A single print may be as large."""
WAITING_MAX = 5000
"""Messages that nobody took yet; more wait in the connection, and at the server."""
CONNECT_S = 60.0
"""The server waits for a kernel that starts."""
HEARTBEAT_S = 30.0
"""A server that answers no ping for half of it is gone; it may be busy for some seconds."""
LEAVE = ClientWSTimeout(ws_close=1.0)
_PARTS_AT = 2
_TEXTS = (WSMsgType.TEXT, WSMsgType.BINARY)


class WsChannels:
    """See the module. `opened` makes them."""

    def __init__(self, socket: ClientWebSocketResponse, session: str) -> None:
        self._socket, self.session = socket, session
        self._protocol = socket.protocol or ""
        self._heard: asyncio.Queue[tuple[str, list[bytes]] | None] = asyncio.Queue(WAITING_MAX)
        self._why_closed = ""

    async def request(self, frames: Sequence[bytes]) -> None:
        """Send a request on shell. Raises NotSent if that is certain, else KernelUnreachable."""
        await self._send("shell", frames)

    async def answer(self, frames: Sequence[bytes]) -> None:
        """Send an input_reply on stdin. Raises NotSent, KernelUnreachable."""
        await self._send("stdin", frames)

    async def show(self, frames: Sequence[bytes]) -> None:
        """Send a request on control. Raises NotSent, KernelUnreachable."""
        await self._send("control", frames)

    async def heard(self) -> tuple[str, list[bytes]]:
        """The next message: its channel, and frames as over ZMQ, unsigned.

        Raises KernelUnreachable when the connection is closed, and all was taken.
        """
        told = await self._heard.get()
        if told is None:
            self._heard.put_nowait(None)
            raise KernelUnreachable(f"the Jupyter server let go of the kernel{self._why_closed}")
        return told

    def heard_already(self) -> tuple[str, list[bytes]] | None:
        """The next message if it is there."""
        if self._heard.empty():
            return None
        if (told := self._heard.get_nowait()) is None:
            self._heard.put_nowait(None)
        return told

    async def read(self) -> None:
        """Take what comes, until the connection is closed."""
        while (message := await self._socket.receive()).type in _TEXTS:
            try:
                channel, parts = kernel_framing.unpack(message.data, protocol=self._protocol)
            except BadFrame:
                metrics.BAD_MESSAGES.inc()
                continue
            await self._heard.put((channel, [DELIMITER, b"", *parts]))
        self._why_closed = _why(self._socket, message)
        await self._heard.put(None)

    async def _send(self, channel: str, frames: Sequence[bytes]) -> None:
        data = kernel_framing.pack(channel, frames[_PARTS_AT:], protocol=self._protocol)
        if self._socket.closed:
            raise NotSent(f"the Jupyter server let go of the kernel{self._why_closed}")
        try:
            if isinstance(data, bytes):
                await self._socket.send_bytes(data)
            else:
                await self._socket.send_str(data)
        except (ClientError, OSError) as error:
            raise KernelUnreachable(f"not known to be sent: {error}") from error


@asynccontextmanager
async def opened(
    http: ClientSession, url: str, *, session: str, signature: dict[str, str]
) -> AsyncIterator[WsChannels]:
    """Connected to `url` while the body runs. Raises KernelUnreachable."""
    try:
        async with asyncio.timeout(CONNECT_S):
            socket = await http.ws_connect(
                f"{url}?session_id={session}",
                headers=signature,
                protocols=(kernel_framing.V1,),
                max_msg_size=FRAME_BYTES_MAX,
                heartbeat=HEARTBEAT_S,
                timeout=LEAVE,
            )
    except (ClientError, OSError, TimeoutError) as error:
        raise KernelUnreachable(f"{url}: {str(error) or 'no answer'}") from error
    channels = WsChannels(socket, session)
    try:
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(channels.read())
            try:
                yield channels
            finally:
                reading.cancel()
    finally:
        with suppress(ClientError, OSError):
            await socket.close()


def _why(socket: ClientWebSocketResponse, message: WSMessage) -> str:
    told = message.extra or message.data or socket.exception()
    return f": {told}" if told else ""
