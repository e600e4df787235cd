"""Running cells: ``POST …/api/kernels/{kernel_id}/execute``, as three front ends send it.

The stock one: ``{"cell_id", "document_id"}``; jupyter-server-documents: ``{"document_id", "cells":
[{"cell_id", "source_hash"}]}``; jupyter-server-nbmodel: ``{"code", "metadata": {"cell_id",
"document_id", "record_timing"}}``. Each is answered when its runs are in the kernel's queue, not
when they are over: a page has six connections, and no more.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from rtstore.errors import StoreRefused, StoreUnavailable
from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.gateway.place import Place
from rtstore.redis_backend.kernel_index import KernelIndex
from rtstore.redis_backend.run_book import RunBook
from rtstore.schema import feed
from rtstore.schema.feed import FeedNotice
from rtstore.schema.identity import User
from rtstore.schema.ids import is_document_id
from rtstore.schema.run import Run
from rtstore.schema.text import sendable
from rtstore.schema.ticket import HEADER, Ticket

QUEUED_WITHIN_S = 8.0
"""A keeper that died is replaced within 5 s."""
KNOWN_WITHIN_S = 2.0
"""A kernel that was just started is in the store a moment later."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    document: str
    cells: list[dict[str, str]]
    """``cell``, and perhaps ``saw`` (hash of the source that the user saw), ``code``."""
    dialect: str
    records_timing: bool = False


async def execute(request: web.Request) -> web.Response:
    """See the module. 200 queued; 202: no keeper has answered yet, the cells run when one does.

    400, 404 and 409 (not what the user saw) with ``message`` and ``cell_id``: then none of the
    request's cells runs.
    """
    gateway = request.app[GATEWAY]
    ticket = Ticket.of_header(request.headers.get(HEADER, ""))
    try:
        return await _execute(request, gateway, ticket)
    finally:
        gateway.line.passed(ticket)


async def _execute(request: web.Request, gateway: Gateway, ticket: Ticket | None) -> web.Response:
    arrived_ms = ticket.arrived_ms if ticket else int(time.time() * 1000)
    identity = await gateway.gate.admit(request, "kernels:execute")
    asked = parse(await _json(request))
    kernel_id = request.match_info["kernel_id"]
    try:
        await _must_exist(gateway, kernel_id, asked)
        runs = [
            _run(asked, cell, kernel_id, identity.user, arrived_ms=arrived_ms)
            for cell in asked.cells
        ]
        settled = await _ask(gateway, asked, runs, ticket)
    except (StoreUnavailable, StoreRefused) as error:
        raise _refusal(web.HTTPServiceUnavailable, f"the store: {error}") from error
    for run in runs:
        status, why, cell_id = settled.get(run.id, (202, "", ""))
        if status >= 400:
            gateway.recent_asks.refused(runs[0].id)
            told = {"message": why, "cell_id": cell_id, "run": run.id}
            if status == 409:
                told["error"] = "source_mismatch"
            return web.json_response(told, status=status)
    status = 202 if len(settled) < len(runs) else 200
    return _answer(request, asked, runs, status)


def parse(told: Any) -> Asked:  # noqa: ANN401 -- JSON
    """What a body says. Raises HTTPBadRequest naming what is missing."""
    if not isinstance(told, dict):
        raise _refusal(web.HTTPBadRequest, "the body must be a JSON object")
    metadata = told.get("metadata") if isinstance(told.get("metadata"), dict) else {}
    if "cells" in told:
        return Asked(_document(told.get("document_id")), _cells(told["cells"]), "documents")
    if metadata:
        cell = {"cell": _cell(metadata), "code": sendable(str(told.get("code", "")))}
        timing = bool(metadata.get("record_timing"))
        return Asked(_document(metadata.get("document_id")), [cell], "nbmodel", timing)
    cell = {"cell": _cell(told), "saw": sendable(str(told.get("source_hash") or ""))}
    timing = bool(told.get("record_timing"))
    return Asked(_document(told.get("document_id")), [cell], "stock", timing)


def _cells(told: object) -> list[dict[str, str]]:
    if not isinstance(told, list) or not told or not all(isinstance(one, dict) for one in told):
        raise _refusal(web.HTTPBadRequest, "cells must be a list of objects, and not empty")
    return [
        {"cell": _cell(one), "saw": sendable(str(one.get("source_hash") or ""))} for one in told
    ]


def _cell(told: dict[str, Any]) -> str:
    if not told.get("cell_id"):
        raise _refusal(web.HTTPBadRequest, "cell_id is missing")
    return sendable(str(told["cell_id"]))


def _document(room: object) -> str:
    """The document id in a room's name, ``json:notebook:<id>``."""
    document_id = sendable(str(room or "")).rpartition(":")[2]
    if not document_id:
        raise _refusal(
            web.HTTPBadRequest, "document_id is missing: is the notebook open in a shared room?"
        )
    if not is_document_id(document_id):
        raise _refusal(web.HTTPNotFound, f"no document {document_id[:80]!r}")
    return document_id


async def _must_exist(gateway: Gateway, kernel_id: str, asked: Asked) -> None:
    deployment = gateway.rooms.deployment
    index = KernelIndex(deployment.link, deployment.keys, deployment.contents_id)
    meta = await index.known(kernel_id, within_s=KNOWN_WITHIN_S)
    if not meta or meta.get("state") == "dead":
        raise _refusal(web.HTTPNotFound, f"no kernel {kernel_id}")
    path = await deployment.files.path_of(asked.document)
    if path is None:
        raise _refusal(web.HTTPNotFound, f"no document {asked.document}")
    keys = deployment.keys.document(asked.document)
    kind = await deployment.link.command("HGET", keys.meta, "type")
    if kind != b"notebook" and (kind is not None or not path.endswith(".ipynb")):
        raise _refusal(web.HTTPBadRequest, f"{path} is no notebook")


def _run(
    asked: Asked, cell: dict[str, str], kernel_id: str, user: User, *, arrived_ms: int
) -> Run:
    return Run(
        id=uuid.uuid4().hex,
        document=asked.document,
        cell=cell["cell"],
        user=user.username,
        name=user.display_name or user.name or user.username,
        kernel=kernel_id,
        requested=str(arrived_ms),
        records_timing="1" if asked.records_timing else "",
    )


async def _ask(
    gateway: Gateway, asked: Asked, runs: list[Run], ticket: Ticket | None
) -> dict[str, tuple[int, str, str]]:
    """Ask the keeper; run id → (status, why, cell) of those that it settled in time.

    `cell`: the one for which the request was refused.
    """
    deployment = gateway.rooms.deployment
    place = Place(deployment, asked.document, kind="notebook", form="json")
    book = RunBook(deployment.link, place.keys)
    settled: dict[str, tuple[int, str, str]] = {}
    news = asyncio.Event()

    def heard(data: bytes) -> None:
        message = feed.parse(data)
        if isinstance(message, FeedNotice) and message.told.get("type") == "run settled":
            told = message.told
            answer = int(told.get("status", 500)), str(told.get("why")), str(told.get("cell"))
            settled[str(told.get("run"))] = answer
            news.set()

    wanted = {run.id for run in runs}
    of_lot = {"lot": ticket.lot, "of": ticket.of} if ticket else {}
    async with deployment.link.listen(place.keys.feed, heard):
        more: list[dict[str, Any]] = [
            {key: cell[key] for key in ("saw", "code") if key in cell} | of_lot
            for cell in asked.cells
        ]
        asks = list(zip(runs, more, strict=True))
        await gateway.line.until_next(ticket)
        await book.ask(asks)
        gateway.line.passed(ticket)
        gateway.recent_asks.note(book, asks, place.announce)
        await place.announce()
        try:
            async with asyncio.timeout(QUEUED_WITHIN_S):
                while not wanted <= settled.keys():
                    await news.wait()
                    news.clear()
        except TimeoutError:
            pass
    return {run_id: settled[run_id] for run_id in wanted & settled.keys()}


def _answer(request: web.Request, asked: Asked, runs: list[Run], status: int) -> web.Response:
    if asked.dialect == "documents":
        return web.json_response(None, status=status)
    run = runs[0]
    told: dict[str, Any] = {"run": run.id, "kernel_id": run.kernel, "cell_id": run.cell}
    if asked.dialect == "stock":
        return web.json_response(told, status=status)
    where = request.path.removesuffix("execute") + f"requests/{run.id}"
    told |= {"request_id": run.id, "pending": True, "request_status": "queued"}
    headers = {"Location": where, "Access-Control-Expose-Headers": "Location"}
    return web.json_response(told | {"request_url": where}, status=202, headers=headers)


async def _json(request: web.Request) -> Any:  # noqa: ANN401
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise _refusal(web.HTTPBadRequest, f"the body is no JSON: {error}") from error


def _refusal(kind: type[web.HTTPException], message: str) -> web.HTTPException:
    return kind(text=json.dumps({"message": message}), content_type="application/json")
