"""The session endpoint: a path becomes a file id and a session id."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from rtstore.errors import (
    BadDocument,
    JupyterUnavailable,
    NoSuchDocument,
    StoreRefused,
    StoreUnavailable,
)
from rtstore.gateway import app_documents
from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.gateway.place import Place, session_id
from rtstore.redis_backend.file_index import api_path
from rtstore.redis_backend.history import History, LastSnapshot
from rtstore.redis_backend.update_log import Opened
from rtstore.schema.app_document import APP
from rtstore.schema.ids import new_gen

logger = logging.getLogger(__name__)

TRY_FOR_S = 8.0
"""The stock front end asks once and never again, so a store that comes back is waited for."""
RETRY_S = 0.2


async def open_session(request: web.Request) -> web.Response:
    """``PUT …/api/collaboration/session/{path}`` with ``{"format", "type"}``.

    200 (known file) or 201 (new to us): ``{"format", "type", "fileId", "sessionId"}``. A file
    that does not exist gets an id too; its room closes with 4404, which the front end shows.
    """
    gateway = request.app[GATEWAY]
    await gateway.gate.admit(request, "contents:write")
    form, kind, schema = await _asked(request)
    loop = asyncio.get_running_loop()
    until = loop.time() + TRY_FOR_S
    while True:
        try:
            path = request.match_info["path"]
            if kind == APP:
                status, told = await app_documents.session(gateway, path, schema)
            else:
                status, told = await _session(gateway, path, kind, form)
            return web.json_response(told, status=status)
        except (NoSuchDocument, BadDocument) as error:
            return _error(400, str(error))
        except (StoreUnavailable, StoreRefused, JupyterUnavailable) as error:
            if loop.time() > until:
                logger.warning("no session path=%s why=%s", request.match_info["path"], error)
                return _error(503, str(error))
            await asyncio.sleep(RETRY_S)


async def _asked(request: web.Request) -> tuple[str, str, object]:
    try:
        told = json.loads(await request.read())
        form, kind, schema = told["format"], told["type"], told.get("schema")
    except (ValueError, KeyError, TypeError):
        raise web.HTTPBadRequest(reason='the body must be {"format": ..., "type": ...}') from None
    if not all(isinstance(x, str) and x.isidentifier() for x in (form, kind)):
        raise web.HTTPBadRequest(reason="format and type must be words")
    if APP in {form, kind} and form != kind:
        raise web.HTTPBadRequest(reason="an app document has format app and type app")
    return form, kind, schema


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"message": message, "reason": None}, status=status)


async def _session(
    gateway: Gateway, path: str, kind: str, form: str
) -> tuple[int, dict[str, Any]]:
    deployment = gateway.rooms.deployment
    path, document_id = await _find(gateway, path)
    is_new = document_id is None
    if document_id is None:
        has_file, earlier = await gateway.jupyter.find_file(path)
        if not has_file:
            told = hashlib.sha256(path.encode()).hexdigest()[:16]
            return 201, _reply(deployment.contents_id, "none", f"missing-{told}", kind, form)
        if earlier and await deployment.files.path_of(earlier) is not None:
            earlier = None  # its file was moved just now
        document_id, _ = await deployment.files.index(path, fresh=earlier)
    gen = await _open(gateway, document_id, path, kind, form)
    return 201 if is_new else 200, _reply(deployment.contents_id, gen, document_id, kind, form)


async def _find(gateway: Gateway, path: str) -> tuple[str, str | None]:
    """The path as the contents API writes it, and its id.

    The timeline slider asks with a leading slash and a path that is encoded twice.
    """
    files = gateway.rooms.deployment.files
    clean = api_path(path)
    document_id = await files.id_of(clean)
    if document_id is None and "%" in clean:
        again = api_path(unquote(clean))
        if (other := await files.id_of(again)) is not None:
            return again, other
        if not (await gateway.jupyter.find_file(clean))[0]:
            return again, None
    return clean, document_id


async def _open(gateway: Gateway, document_id: str, path: str, kind: str, form: str) -> str:
    """Make the document known to the store and the keepers; returns its generation."""
    place = Place(gateway.rooms.deployment, document_id, kind=kind, form=form)
    place.moved(path)
    opened = await place.begin()
    gen, meta = opened.meta["gen"], opened.meta
    if (meta.get("type"), meta.get("format")) != (kind, form):
        history = History(
            place.link, place.keys, document_id, directory=gateway.settings.history_dir
        )
        gen = await _retyped(place, opened, history) or gen
    await place.announce()
    return gen


async def _retyped(place: Place, opened: Opened, history: History) -> str | None:
    """End the document's history, archived, and begin one as what `place` says.

    The new generation; None if somebody has it open or it is not saved. Raises StaleEpoch when
    somebody else was at it meanwhile: ask again.
    """
    if await place.log.is_in_use():  # archiving it would be for nothing
        return None
    loaded = await place.log.load()
    await history.archive(loaded.entries)
    if loaded.snapshot:
        meta = loaded.meta
        await history.archive_snapshot(
            LastSnapshot(
                loaded.snapshot_id, meta["gen"], meta["type"], meta["format"], loaded.snapshot
            )
        )
    gen = new_gen()
    done = await place.log.reset(
        kind=place.kind,
        format=place.format,
        gen=gen,
        tail=opened.tail,
        snapshot=loaded.snapshot_id,
    )
    return gen if done else None


def _reply(contents_id: str, gen: str, document_id: str, kind: str, form: str) -> dict[str, Any]:
    return {
        "format": form,
        "type": kind,
        "fileId": document_id,
        "sessionId": session_id(contents_id, gen),
    }
