"""Actions: ``POST …/rtstore/actions``, and what became of them.

A worker only notes what is asked for; the Jupyter server does it. So no worker's death matters.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
import uuid

from aiohttp import web

from rtstore.errors import BadAction, NotAllowed, StoreRefused, StoreUnavailable
from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.gateway.live_room import may_see
from rtstore.redis_backend.action_book import ActionBook, Record
from rtstore.redis_backend.live_state import SERVER
from rtstore.schema import actions as known
from rtstore.schema.identity import Identity

BODY_BYTES_MAX = 64 * 2**20
"""An upload comes as one JSON value."""
WAIT_MAX_S = 30.0
OVER = frozenset({"ok", "error", "lost"})
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def is_action_id(told: object) -> bool:
    """Whether an action may be called so."""
    return isinstance(told, str) and _ID.fullmatch(told) is not None


async def ask(asked: object, identity: Identity, gateway: Gateway) -> tuple[Record, bool]:
    """Note an action; its record, and whether it is new. The same id again is no other action.

    Raises BadAction, NotAllowed, StoreUnavailable, StoreRefused.
    """
    if not isinstance(asked, dict):
        raise BadAction("the request must be a JSON object")
    action_id = asked.get("id") or uuid.uuid4().hex
    if not is_action_id(action_id):
        raise BadAction("id: letters, digits and - only, 64 at most")
    params = known.parse(asked.get("action"), asked.get("params", {}))
    if not identity.may(params.right):
        raise NotAllowed(f"not allowed: {params.right}")
    told = params.model_dump(exclude_none=True)
    content = b""
    if "content" in told:
        content = json.dumps(told.pop("content")).encode()
        told |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    record: Record = {
        "id": action_id,
        "action": params.action,
        "params": told,
        "right": params.right,
        "user": identity.user.username,
        "name": identity.user.display_name or identity.user.name or identity.user.username,
        "by": "",
        "state": "requested",
        "requested": int(time.time() * 1000),
        "began": None,
        "ended": None,
        "result": None,
        "error": None,
    }
    before = await _book(gateway).ask(record, content)
    if before is None:
        return record, True
    # Not by user: with a token alone, Jupyter makes one up for each request.
    if (before["action"], before["params"]) != (record["action"], record["params"]):
        raise BadAction(f"id {action_id} is that of another action")
    return before, False


async def post(request: web.Request) -> web.Response:
    """``{"id"?, "action", "params"}`` → 201 the record, 200 if the id was known. 400, 403, 503."""
    gateway = request.app[GATEWAY]
    identity = await gateway.gate.admit(request, "contents:read")
    try:
        record, is_new = await ask(json.loads(await _body(request)), identity, gateway)
    except (ValueError, RecursionError):
        return _refused(400, "the body is no JSON")
    except BadAction as error:
        return _refused(400, str(error))
    except NotAllowed as error:
        return _refused(403, str(error))
    except (StoreUnavailable, StoreRefused) as error:
        return _refused(503, f"the store: {error}")
    return web.json_response(record, status=201 if is_new else 200)


async def show(request: web.Request) -> web.Response:
    """One record. ``?wait=<seconds>``: once it has ended, or that time is over."""
    gateway = request.app[GATEWAY]
    identity = await gateway.gate.admit(request, "contents:read")
    try:
        wait_s = min(WAIT_MAX_S, max(0.0, float(request.query.get("wait", "0"))))
    except ValueError:
        return _refused(400, "wait: a number of seconds")
    action_id = request.match_info["action_id"]
    try:
        record = await _settled(gateway, identity, action_id, wait_s)
    except (StoreUnavailable, StoreRefused) as error:
        return _refused(503, f"the store: {error}")
    if record is None or not may_see(identity, "actions", record):
        return _refused(404, f"no action {action_id[:64]}")
    return web.json_response(record)


async def _settled(
    gateway: Gateway, identity: Identity, action_id: str, wait_s: float
) -> Record | None:
    book = _book(gateway)
    record = await book.get(action_id)
    if record is None or record["state"] in OVER or wait_s == 0.0:
        return record
    async with gateway.live.viewing(SERVER, lambda: identity) as viewer:
        try:
            async with asyncio.timeout(wait_s):
                while record is not None and record["state"] not in OVER:
                    await viewer.news()
                    record = await book.get(action_id)
        except TimeoutError:
            pass
    return record


async def every(request: web.Request) -> web.Response:
    """``{"actions": [record, …]}``, the newest last."""
    gateway = request.app[GATEWAY]
    identity = await gateway.gate.admit(request, "contents:read")
    try:
        records = await _book(gateway).all()
    except (StoreUnavailable, StoreRefused) as error:
        return _refused(503, f"the store: {error}")
    mine = [one for one in records if may_see(identity, "actions", one)]
    return web.json_response({"actions": sorted(mine, key=lambda one: int(one["requested"]))})


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise BadAction(f"more than {BODY_BYTES_MAX} bytes: upload it by the contents API")
    return bytes(body)


def _book(gateway: Gateway) -> ActionBook:
    deployment = gateway.rooms.deployment
    return ActionBook(deployment.link, deployment.keys.root(deployment.contents_id))


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
