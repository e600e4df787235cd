"""Health: is the process up, can it serve, and what has it counted."""

from __future__ import annotations

from aiohttp import web

from rtstore import __version__, metrics
from rtstore.gateway.gateway import GATEWAY


async def healthz(_: web.Request) -> web.Response:
    """``GET …/rtstore/healthz``: 200 while the event loop turns."""
    return web.json_response({"status": "ok", "version": __version__})


async def readyz(request: web.Request) -> web.Response:
    """``GET …/rtstore/readyz``: 200 when rooms can be entered and edited, else 503 saying why."""
    gateway = request.app[GATEWAY]
    rooms = gateway.rooms
    why = ""
    if rooms.is_draining:
        why = "draining"
    elif not rooms.deployment.link.connected:
        why = "no connection to the store"
    told = {
        "status": why or "ready",
        "worker": rooms.deployment.worker,
        "rooms": len(rooms),
        "sockets": rooms.sockets,
    }
    return web.json_response(told, status=503 if why else 200)


async def exposition(_: web.Request) -> web.Response:
    """``GET …/rtstore/metrics``: Prometheus' text format."""
    return web.Response(
        body=metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4"}
    )
