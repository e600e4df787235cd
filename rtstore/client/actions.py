"""Actions: having the server do something, once, and knowing how it went."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from rtstore.client.errors import ActionFailed
from rtstore.client.records import Action
from rtstore.client.requests import Requests
from rtstore.errors import JupyterUnavailable, NotAllowed

WAIT_S = 10
"""The server answers after this, also if the action is not over."""


async def request(
    requests: Requests, action: str, params: Mapping[str, Any], request_id: str = ""
) -> Action:
    """Ask for an action and wait for its end, through restarts of workers.

    It is done once however often this must ask, as it has an id. Raises ActionFailed,
    NotAllowed, JupyterUnavailable.
    """
    asked = {"id": request_id or uuid.uuid4().hex, "action": action, "params": dict(params)}
    reply = await requests.ask("POST", "rtstore/actions", asked)
    if reply.status in (404, 405):
        raise JupyterUnavailable(f"{requests.base} takes no actions: its rtstore is too old")
    if reply.status >= 400:
        raise ActionFailed(f"{action}: {reply.message}", status=reply.status)
    record = Action.of(reply.told)
    while not record.is_over:
        told = await requests.ask("GET", f"rtstore/actions/{record.id}?wait={WAIT_S}")
        if told.status >= 400:
            raise ActionFailed(f"{action}: {told.message}", status=told.status, record=record)
        record = Action.of(told.told)
    if record.state == "ok":
        return record
    error = record.error or {}
    why = str(error.get("message") or "nobody knows how it ended")
    status = int(error.get("status") or 500)
    if status in (401, 403):
        raise NotAllowed(f"{action}: {why}")
    raise ActionFailed(f"{action}: {why}", status=status, record=record)
