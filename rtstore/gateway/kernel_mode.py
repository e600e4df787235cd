"""``GET`` and ``PUT …/rtstore/kernel-mode/{document_id}``: ``{"mode": "shared" | "per-user"}``."""

from __future__ import annotations

import json

from aiohttp import web

from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.redis_backend import kernel_modes
from rtstore.schema.ids import is_document_id


async def show(request: web.Request) -> web.Response:
    """The mode. Needs contents:read; 404 for an unknown document."""
    gateway: Gateway = request.app[GATEWAY]
    await gateway.gate.admit(request, "contents:read")
    document_id = await _document(request, gateway)
    deployment = gateway.rooms.deployment
    mode = await kernel_modes.of(deployment.link, deployment.keys.document(document_id))
    return web.json_response({"mode": mode})


async def switch(request: web.Request) -> web.Response:
    """Set it, for who opens the notebook from now on. 409 while its cells run; 400 other modes."""
    gateway: Gateway = request.app[GATEWAY]
    await gateway.gate.admit(request, "contents:write")
    document_id = await _document(request, gateway)
    try:
        mode = json.loads(await request.read())["mode"]
    except (ValueError, KeyError, TypeError):
        mode = None
    if mode not in kernel_modes.MODES:
        return _message(400, f"mode: one of {', '.join(kernel_modes.MODES)}")
    deployment = gateway.rooms.deployment
    try:
        await kernel_modes.switch(
            deployment.link,
            deployment.keys,
            mode,
            document_id=document_id,
            contents_id=deployment.contents_id,
        )
    except kernel_modes.StillRunning as error:
        return _message(409, str(error))
    return web.json_response({"mode": mode})


async def _document(request: web.Request, gateway: Gateway) -> str:
    document_id = request.match_info["document_id"]
    files = gateway.rooms.deployment.files
    if not is_document_id(document_id) or await files.path_of(document_id) is None:
        raise web.HTTPNotFound(reason="no such document")
    return document_id


def _message(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
