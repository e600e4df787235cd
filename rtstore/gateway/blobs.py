"""Outputs too large for a document: ``GET …/rtstore/blob/{document_id}/{name}``."""

from __future__ import annotations

import base64
import binascii
import re

from aiohttp import web

from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.schema.ids import is_document_id

_NAME = re.compile(r"[0-9a-f]{32,64}(\.\d+)?")
_MIME = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_HARMLESS = frozenset({"text/plain", "text/csv", "application/json", *_IMAGES})
"""What a browser may show; anything else is for saving."""


async def show(request: web.Request) -> web.Response:
    """The whole value, ``?type=`` its mime type. Needs contents:read; 404 if there is none."""
    gateway: Gateway = request.app[GATEWAY]
    await gateway.gate.admit(request, "contents:read")
    document_id, name = request.match_info["document_id"], request.match_info["name"]
    if not is_document_id(document_id) or not _NAME.fullmatch(name):
        raise web.HTTPNotFound(reason="no such output")
    keys = gateway.rooms.deployment.keys.document(document_id)
    found = await gateway.rooms.deployment.link.command("GET", keys.giant(name))
    if found is None:
        raise web.HTTPNotFound(reason="no such output (any more)")
    mime = request.query.get("type", "text/plain")
    if not _MIME.fullmatch(mime):
        raise web.HTTPBadRequest(reason="type: a mime type")
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache" if "." in name else "private, max-age=31536000",
    }
    if mime not in _HARMLESS:
        mime, headers["Content-Disposition"] = "application/octet-stream", "attachment"
    if mime in _IMAGES:
        try:
            found = base64.b64decode(found)
        except binascii.Error as error:
            raise web.HTTPNotFound(reason="not an image") from error
        return web.Response(body=found, content_type=mime, headers=headers)
    return web.Response(body=found, content_type=mime, charset="utf-8", headers=headers)
