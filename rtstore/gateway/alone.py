"""Alone: a worker that its supervisor left behind, and that nobody needs any more."""

from __future__ import annotations

import asyncio

from rtstore.gateway.gateway import Gateway

ALONE_S = 600.0
CHECK_S = 20.0


async def until_alone(gateway: Gateway) -> None:
    """Return when there was neither a Jupyter server nor a socket for ALONE_S."""
    loop = asyncio.get_running_loop()
    useful = loop.time()
    while loop.time() - useful <= ALONE_S:
        await asyncio.sleep(CHECK_S)
        if gateway.rooms.sockets or await gateway.jupyter.answers():
            useful = loop.time()
