"""Reading runs: ``GET …/rtstore/runs/{kernel_id}/{run_id}`` and ``…/rtstore/runs?document=…``."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema import run_outputs
from rtstore.schema.ids import EntryId, is_document_id
from rtstore.schema.kernel_fold import Said
from rtstore.schema.run import OVER

SECRETS = ("frames", "answer", "sent_at")


async def show(request: web.Request) -> web.Response:
    """One run and its outputs; 404 if there is none (any more). Needs contents:read."""
    gateway: Gateway = request.app[GATEWAY]
    await gateway.gate.admit(request, "contents:read")
    deployment = gateway.rooms.deployment
    keys = deployment.keys.kernel(deployment.contents_id, request.match_info["kernel_id"])
    run = await RunQueue(deployment.link, keys).get(request.match_info["run_id"])
    if run is None:
        raise web.HTTPNotFound(reason=f"no run {request.match_info['run_id'][:40]}")
    told: dict[str, Any] = {k: v for k, v in run.as_fields().items() if k not in SECRETS}
    log = OutputLog(deployment.link, keys)
    said = []
    position = EntryId.parse(run.sent_at or "0-0")
    while entries := await log.read(position):
        for entry in entries:
            position = entry.id
            if entry.parent == run.id:
                content = await log.content(entry)
                said.append(
                    Said(str(entry.id), entry.kind, entry.type, entry.parent, content, entry.ts)
                )
        if run.state in OVER and any(one.kind == "run" and one.type in OVER for one in said):
            break
    return web.json_response(told | {"outputs": run_outputs.outputs(run.id, said)})


async def of_document(request: web.Request) -> web.Response:
    """Each cell's newest run in a document: who, which kernel, state, hash, and its marks.

    Marks: "edited" since it ran, ran in an "earlier" start of the kernel, ran "out of order" (a
    cell above it ran later). Needs contents:read; 404 for an unknown document.
    """
    gateway: Gateway = request.app[GATEWAY]
    await gateway.gate.admit(request, "contents:read")
    deployment = gateway.rooms.deployment
    document_id = request.query.get("document", "").rpartition(":")[2]
    if not is_document_id(document_id) or await deployment.files.path_of(document_id) is None:
        raise web.HTTPNotFound(reason="no such document")
    keys = deployment.keys.document(document_id)
    book = RunBook(deployment.link, keys)
    runs = await book.runs()
    marks = await deployment.link.command("HGETALL", keys.marks)
    for cell, told in marks.items():
        if cell.decode() in runs:
            runs[cell.decode()]["marks"] = json.loads(told)
    return web.json_response(runs)
