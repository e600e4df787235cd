"""Reading runs: ``GET …/rtstore/runs/{kernel_id}/{run_id}`` and ``…/rtstore/runs?document=…``."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.gateway.run_finding import find
from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.output_log import OutputLog
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_log import read_run
from rtstore.schema.giants import Beside
from rtstore.schema.ids import is_document_id
from rtstore.schema.run import ABORTED, OK, REQUESTED, Run
from rtstore.schema.run_outputs import ALL

SECRETS = ("frames", "answer", "sent_at")


async def show(request: web.Request) -> web.Response:
    """One run and its outputs; 404 if there is none (any more). Needs contents:read."""
    found = await find(request, "contents:read")
    run, keys = found.run, found.keys
    told: dict[str, Any] = {k: v for k, v in run.as_fields().items() if k not in SECRETS}
    outputs = await _outputs(request, run, keys, beyond_end=True)
    return web.json_response(told | {"outputs": outputs})


async def cancel(request: web.Request) -> web.Response:
    """Take a run out of the queue: 204; 409 when it began (interrupt the kernel) or is over.

    Needs kernels:execute.
    """
    found = await find(request, "kernels:execute")
    queue, run, user = found.queue, found.run, found.identity.user
    name = user.display_name or user.username
    if await queue.change(run, ABORTED, when=(REQUESTED,), why=f"cancelled by {name}"):
        return web.Response(status=204)
    now = await queue.get(run.id)
    state = now.state if now is not None else "gone"
    message = f"the run is {state}: only what waits can be cancelled"
    return web.json_response({"message": message}, status=409)


async def request_state(request: web.Request) -> web.Response:
    """``GET …/api/kernels/{kernel_id}/requests/{run_id}``, as nbmodel's clients ask.

    202 while it is not over; 300 with ``Location`` while it asks its user; 200 with ``status``,
    ``execution_count`` and ``outputs`` (a JSON string) at the end.
    """
    found = await find(request, "contents:read")
    run, keys = found.run, found.keys
    if run.prompt_id:
        told: dict[str, Any] = {
            "parent_header": {"msg_id": run.id},
            "input_request": {"prompt": run.prompt, "password": bool(run.password)},
        }
        where = request.path.partition("/requests/")[0] + f"/input?run={run.id}"
        return web.json_response(told, status=300, headers={"Location": where})
    outputs = json.dumps(await _outputs(request, run, keys, beyond_end=False))
    if not run.is_over:
        return web.json_response({"outputs": outputs, "request_status": run.state}, status=202)
    told = {
        "status": "ok" if run.state == OK else "error",
        "execution_count": int(run.count) if run.count else None,
        "outputs": outputs,
    }
    return web.json_response(told | ({"why": run.why} if run.why else {}))


async def _outputs(
    request: web.Request, run: Run, keys: KernelKeys, *, beyond_end: bool
) -> list[dict[str, Any]]:
    if not run.sent_at:  # the kernel never had it
        return []
    log = OutputLog(request.app[GATEWAY].rooms.deployment.link, keys)
    beside = Beside("/", run.document, run.kernel, outputs_max=ALL)
    found = await read_run(log, run, beside, beyond_end=beyond_end)
    return found.whole()


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
