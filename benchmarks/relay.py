"""The floor: rooms without a document, a log or a store. `python -m benchmarks.relay KIND`.

KIND aiohttp sends each message with `send_bytes`; raw writes one prebuilt frame to transports.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from aiohttp import WSMsgType, web

from rtstore.schema import frames

ROOMS: dict[str, set[web.WebSocketResponse]] = {}
TRANSPORTS: dict[web.WebSocketResponse, asyncio.Transport] = {}
KIND = sys.argv[1] if len(sys.argv) > 1 else "raw"


async def join(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(max_msg_size=0, compress=False)
    await socket.prepare(request)
    assert request.transport is not None
    TRANSPORTS[socket] = request.transport
    members = ROOMS.setdefault(request.match_info["room"], set())
    members.add(socket)
    try:
        async for message in socket:
            if message.type is not WSMsgType.BINARY:
                continue
            if message.data[:2] == b"\x00\x00":
                await socket.send_bytes(frames.sync_step2(frames.NOTHING))
            elif message.data[:2] == b"\x00\x02":
                await hand_on(message.data, socket, members)
    finally:
        members.discard(socket)
        TRANSPORTS.pop(socket, None)
    return socket


async def hand_on(
    data: bytes, origin: web.WebSocketResponse, members: set[web.WebSocketResponse]
) -> None:
    if KIND == "raw":
        frame = frames.websocket_frame(data)
        for member in members:
            if member is not origin:
                TRANSPORTS[member].write(frame)
        return
    for member in members:
        if member is not origin:
            await member.send_bytes(data)


async def main() -> None:
    app = web.Application()
    app.router.add_get("/{room}", join)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"port={runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
