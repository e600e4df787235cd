"""Live rooms over websockets: JSON in text frames, and actions asked for."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import WSMsgType, web

from rtstore.errors import (
    BadAction,
    JupyterUnavailable,
    NoSuchDocument,
    NotAllowed,
    StoreRefused,
    StoreUnavailable,
)
from rtstore.gateway import actions
from rtstore.gateway.gateway import Gateway
from rtstore.gateway.live_room import Viewer
from rtstore.gateway.member import Code, Member
from rtstore.schema.identity import Identity

logger = logging.getLogger(__name__)

READ_ONLY = "this room is written by the server: request an action"


async def serve(
    socket: web.WebSocketResponse, member: Member, room: str, gateway: Gateway
) -> None:
    """Show a room (as `LiveRooms.parse` names it) until the socket ends."""
    try:
        async with gateway.live.viewing(room, lambda: member.identity) as viewer:
            member.is_synced = True
            await _until_one_ends(socket, viewer, member, gateway)
    except NoSuchDocument as error:
        await member.close(Code.NO_SUCH_DOCUMENT, str(error))
    except NotAllowed as error:
        await member.close(Code.NOT_ALLOWED, str(error))
    except (JupyterUnavailable, StoreUnavailable, StoreRefused) as error:
        await member.close(Code.LATER, str(error))
    else:
        if gateway.rooms.is_draining:
            await member.close(Code.RESTART, "this worker restarts")


async def _until_one_ends(
    socket: web.WebSocketResponse, viewer: Viewer, member: Member, gateway: Gateway
) -> None:
    async with asyncio.TaskGroup() as tasks:
        jobs = [
            tasks.create_task(job)
            for job in (
                _send(socket, viewer),
                _hear(socket, viewer, member, gateway),
                gateway.live.until_drained(),
            )
        ]
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        for job in jobs:
            job.cancel()


async def _send(socket: web.WebSocketResponse, viewer: Viewer) -> None:
    try:
        while True:
            await socket.send_str(await viewer.news())
    except ConnectionError:
        return


async def _hear(
    socket: web.WebSocketResponse, viewer: Viewer, member: Member, gateway: Gateway
) -> None:
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            told = await _answer(message.data, member.identity, gateway)
            await viewer.answer(json.dumps(told, separators=(",", ":")))
        elif message.type is WSMsgType.BINARY:
            await socket.close(code=Code.BAD_DOCUMENT, message=READ_ONLY.encode())
            return


async def _answer(text: str, identity: Identity, gateway: Gateway) -> dict[str, Any]:
    asked: Any = None
    try:
        asked = json.loads(text)
        if not isinstance(asked, dict) or asked.pop("type", None) != "action":
            return {"type": "error", "message": READ_ONLY}
        record, _ = await actions.ask(asked, identity, gateway)
    except (ValueError, RecursionError):
        return {"type": "error", "message": "no JSON"}
    except (BadAction, NotAllowed, StoreUnavailable, StoreRefused) as error:
        told = {"type": "error", "message": str(error)}
        if isinstance(asked, dict) and actions.is_action_id(asked.get("id")):
            told["id"] = asked["id"]
        return told
    return {"type": "action", "record": record}
