"""Live rooms over HTTP: ``GET …/rtstore/server`` and ``…/rtstore/live/{room}``."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from rtstore import __version__
from rtstore.errors import (
    JupyterUnavailable,
    NoSuchDocument,
    NotAllowed,
    StoreRefused,
    StoreUnavailable,
)
from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.gateway.live_room import Viewer
from rtstore.schema.identity import Identity

EVENTS = "text/event-stream"
BEAT_S = 15.0
"""A comment is sent when there is no news, so that nobody between takes the stream for dead."""


async def server(request: web.Request) -> web.Response:
    """``{"id", "version", "user"}``: the S of the rooms, and who asks."""
    gateway = request.app[GATEWAY]
    identity = await gateway.gate.admit(request, "contents:read")
    told = {
        "id": gateway.rooms.deployment.contents_id,
        "version": __version__,
        "user": identity.user.as_state(),
    }
    return web.json_response(told)


async def show(request: web.Request) -> web.StreamResponse:
    """A room's snapshot; with ``Accept: text/event-stream`` that, and every change after it."""
    gateway = request.app[GATEWAY]
    identity = await gateway.gate.admit(request, "contents:read")
    try:
        room = gateway.live.parse(request.match_info["room"]) or ""
        async with gateway.live.viewing(room, lambda: identity) as viewer:
            if EVENTS in request.headers.get("Accept", ""):
                return await _stream(request, viewer, identity, gateway)
            return web.Response(text=await viewer.news(), content_type="application/json")
    except NoSuchDocument as error:
        return web.json_response({"message": str(error)}, status=404)
    except NotAllowed as error:
        return web.json_response({"message": str(error)}, status=403)
    except (JupyterUnavailable, StoreUnavailable, StoreRefused) as error:
        return web.json_response({"message": str(error)}, status=503)


async def _stream(
    request: web.Request, viewer: Viewer, identity: Identity, gateway: Gateway
) -> web.StreamResponse:
    reply = web.StreamResponse()
    reply.content_type = EVENTS
    reply.headers["Cache-Control"] = "no-store"
    reply.headers["X-Accel-Buffering"] = "no"  # nginx would hold it back
    await reply.prepare(request)
    asked_at = asyncio.get_running_loop().time()
    while not gateway.rooms.is_draining:
        try:
            async with asyncio.timeout(BEAT_S):
                message = await viewer.news()
            kind = json.loads(message)["type"]
            await reply.write(f"event: {kind}\ndata: {message}\n\n".encode())
        except TimeoutError:
            await reply.write(b": nothing new\n\n")
        now = asyncio.get_running_loop().time()
        if now - asked_at > gateway.settings.reauth_s:
            asked_at = now
            if not await _may_stay(request, identity, gateway):
                break
    return reply


async def _may_stay(request: web.Request, identity: Identity, gateway: Gateway) -> bool:
    """Whether who asked may still see the same; if not they connect again, and are told why."""
    if gateway.gate.is_vouched(request):
        return False  # the signed word is old by now: a new request brings a new one
    try:
        now = await gateway.gate.again(request, not_before_s=gateway.settings.reauth_s / 2)
    except web.HTTPForbidden:
        return False
    except web.HTTPServiceUnavailable:
        return True
    return now.rights == identity.rights
