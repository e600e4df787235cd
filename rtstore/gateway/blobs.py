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
    """The whole value, ``?type=`` its mime type. Needs contents:read.

    404 for what no document ever had as far as is known, 410 where the document has it no more.
    """
    gateway: Gateway = request.app[GATEWAY]
    await gateway.gate.admit(request, "contents:read")
    document_id, name = request.match_info["document_id"], request.match_info["name"]
    if not is_document_id(document_id) or not _NAME.fullmatch(name):
        raise web.HTTPNotFound(reason="no such output")
    keys = gateway.rooms.deployment.keys.document(document_id)
    found = await gateway.rooms.deployment.link.command("GET", keys.giant(name))
    if found is None:
        if not await gateway.rooms.deployment.link.command("EXISTS", keys.meta):
            raise web.HTTPNotFound(reason="no such output")
        # Not to be remembered: the same output is there again once the cell put it out again.
        raise web.HTTPGone(text=_gone(gateway), headers={"Cache-Control": "no-store"})
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


def _gone(gateway: Gateway) -> str:
    """For who followed a link: why there is nothing, and what to do."""
    days = gateway.settings.outputs_kept_days
    after = f" for {days:g} days" if days else ""
    return (
        "This output is not kept any more. Large outputs are deleted when their notebook has not"
        f" shown them{after}.\nRun the cell again to have it, or look for it in a copy of the file"
        " that was saved while a cell showed it: there it is whole.\n"
    )
