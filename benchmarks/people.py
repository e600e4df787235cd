"""Websocket clients that cost little: they compare frames, they have no document."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from pycrdt import Doc, Text

from rtstore.schema import frames

IS_SYNCED = b"\x00\x01"
UPDATE = b"\x00\x02"
ASKS = b"\x00\x00"


class Client(WSListener):
    """One connection. `heard` is called with each update's message and the time it came."""

    def __init__(self, heard: Callable[[bytes, float], None] | None) -> None:
        self._heard = heard
        self._parts: list[bytes] = []
        self.synced = asyncio.Event()
        self.transport: WSTransport | None = None
        self.step2 = b""
        self.closed = ""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Ask for everything."""
        self.transport = transport
        self.say(frames.sync_step1(frames.EMPTY_STATE_VECTOR))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Count updates; answer questions with "nothing new"."""
        if frame.msg_type == WSMsgType.CLOSE:
            self.closed = f"{frame.get_close_code()} {frame.get_close_message()!r}"
            transport.disconnect()
            return
        if frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
            return
        data = frame.get_payload_as_bytes()
        if not frame.fin or self._parts:
            self._parts.append(data)
            if not frame.fin:
                return
            data, self._parts = b"".join(self._parts), []
        kind = data[:2]
        if kind == UPDATE:
            if self._heard is not None:
                self._heard(data, time.perf_counter())
        elif kind == IS_SYNCED:
            self.step2 = data
            self.synced.set()
        elif kind == ASKS:
            self.say(frames.sync_step2(frames.NOTHING))

    def say(self, message: bytes) -> None:
        """Send one message."""
        assert self.transport is not None
        self.transport.send(WSMsgType.BINARY, message)


async def arrive(
    url: str, headers: list[tuple[str, str]], heard: Callable[[bytes, float], None] | None = None
) -> Client:
    """Connected and synchronised."""
    client = Client(heard)
    await ws_connect(
        lambda: client,
        url,
        extra_headers=headers,
        max_frame_size=2**30,
        websocket_handshake_timeout=20,
    )
    async with asyncio.timeout(120):
        await client.synced.wait()
    return client


def typing(count: int) -> tuple[bytes, list[bytes]]:
    """An imported text, and `count` updates of somebody who types one letter after another."""
    doc: Doc[Text] = Doc()
    body = doc.get("source", type=Text)
    body += "# "
    first = doc.get_update()
    told: list[bytes] = []
    doc.observe(lambda event: told.append(event.update))
    for _ in range(count):
        body += "x"
    return first, told
