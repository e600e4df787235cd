"""The room websocket: who asks is checked, then their frames go to a room."""

from __future__ import annotations

import asyncio
import itertools
import logging
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from aiohttp import WebSocketError, WSMsgType, web

from rtstore import metrics
from rtstore.errors import (
    BadDocument,
    BadFrame,
    DocumentError,
    NoSuchDocument,
    StoreRefused,
    StoreUnavailable,
    TooBig,
)
from rtstore.gateway import global_room, live_sockets
from rtstore.gateway.gateway import GATEWAY, Gateway
from rtstore.gateway.global_room import GlobalRoom
from rtstore.gateway.last_words import LastWords
from rtstore.gateway.member import Code, Member, code_of
from rtstore.gateway.place import Place
from rtstore.gateway.room import Room
from rtstore.pubsub.outbox import Outbox
from rtstore.schema.app_document import APP, PREFIX, is_app
from rtstore.schema.ids import is_document_id

logger = logging.getLogger(__name__)

FRAME_MORE_BYTES = 2**20
"""A frame may have so much more than the largest update: presence, the protocol's own bytes."""
PING_S = 45.0

_numbers = itertools.count(1)


class Socket(web.WebSocketResponse):
    """As aiohttp's, which closes what breaks RFC 6455 or is too big, but silently: says why."""

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:
        """See aiohttp."""
        if code == Code.TOO_BIG and not message:
            message = f"a message of more than {self._max_msg_size} bytes".encode()
        elif code == Code.PROTOCOL and not message:
            message = b"not a websocket frame"
        return await super().close(code=code, message=message, drain=drain)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which document a browser wants, as what, and in which session."""

    document_id: str
    kind: str
    form: str
    session: str

    @classmethod
    def parse(cls, room: str, session: str) -> Asked:
        """From a room's name, ``<format>:<type>:<file id>``. Raises NoSuchDocument."""
        if room.startswith("app:") and room.count(":") == 1:
            room = f"app:app:{PREFIX}{room.removeprefix('app:')}"
        parts = room.split(":", 2)
        if len(parts) != 3 or not is_document_id(parts[2]):
            raise NoSuchDocument(f"no room is called {room[:80]}")
        form, kind, document_id = parts
        if is_app(document_id) != (form == kind == APP):
            raise NoSuchDocument(f"{document_id}: an app document's room is app:<name>")
        return cls(document_id, kind, form, session)


async def join(request: web.Request) -> web.StreamResponse:
    """``GET …/api/collaboration/room/{room}`` (a websocket)."""
    gateway = request.app[GATEWAY]
    identity = await gateway.gate.admit_socket(request)
    if gateway.rooms.is_draining:
        raise web.HTTPServiceUnavailable(reason="this worker restarts")
    # What is larger is refused at its first bytes: nobody's memory is for what is not taken.
    bytes_max = gateway.settings.update_bytes_max + FRAME_MORE_BYTES
    socket = Socket(max_msg_size=bytes_max, compress=False, heartbeat=PING_S, timeout=2.0)
    await socket.prepare(request)
    transport = request.transport
    if transport is None:  # it went away while we were asked
        return socket
    outbox = Outbox(transport, bytes_max=gateway.settings.outbox_bytes_max)
    origin = f"{gateway.rooms.deployment.worker}.{next(_numbers)}"
    member = Member(socket, outbox, identity, origin)
    name = unquote(request.match_info["room"])
    client = f"{identity.user.username} {_address(request)} {name}"
    try:
        if wait := gateway.penalties.due(client):
            await asyncio.sleep(wait)
        with gateway.reauth.watching(member, request):
            await _serve_room(socket, member, name, request, gateway)
    except DocumentError as error:
        await member.close(code_of(error), str(error))
    except (BadFrame, TooBig) as error:
        wait = gateway.penalties.add(client)
        metrics.BAD_FRAMES.inc()
        logger.warning("bad frame client=%s wait=%.0f why=%s", client, wait, error)
        code = Code.TOO_BIG if isinstance(error, TooBig) else Code.BAD_FRAME
        await member.close(code, str(error))
    except Exception:
        logger.exception("connection failed client=%s", client)
        await member.close(Code.FAILED, "internal error; see the worker's log")
    return socket


async def _serve_room(
    socket: web.WebSocketResponse,
    member: Member,
    name: str,
    request: web.Request,
    gateway: Gateway,
) -> None:
    if (live := gateway.live.parse(name)) is not None:
        await live_sockets.serve(socket, member, live, gateway)
    elif name == global_room.NAME:
        await _serve(socket, member, gateway.global_room)
    else:
        member.is_acknowledged = request.query.get("acknowledge") == "1"
        await _serve_document(socket, member, name, request.query.get("sessionId", ""), gateway)


async def _serve_document(
    socket: web.WebSocketResponse, member: Member, name: str, session: str, gateway: Gateway
) -> None:
    asked = Asked.parse(name, session)
    try:
        room = await _enter(asked, gateway)
    except (StoreUnavailable, StoreRefused) as error:
        await member.close(Code.LATER, f"the store: {error}")
        return
    try:
        if room.place.is_earlier(session):
            bytes_max = gateway.settings.update_bytes_max
            words = LastWords(
                room.place, member, kind=asked.kind, form=asked.form, bytes_max=bytes_max
            )
            await words.end("", socket=socket)
            return
        _require_type(room.place, asked)
        if session != room.place.session_id:
            await member.close_for_good(_why_other_session(session), is_reloadable=True)
            return
        await _serve(socket, member, room)
    finally:
        gateway.rooms.left(room)


async def _enter(asked: Asked, gateway: Gateway) -> Room:
    enter = partial(gateway.rooms.enter, asked.document_id, kind=asked.kind, form=asked.form)
    room = await enter()
    place = room.place
    # The feed may have lost the news, so the store is asked before anybody is refused.
    if asked.session != place.session_id and place.is_other_history(await place.log.meta()):
        room.end_history()
        gateway.rooms.left(room)
        room = await enter()
    return room


def _require_type(place: Place, asked: Asked) -> None:
    if (place.kind, place.format) != (asked.kind, asked.form):
        raise BadDocument(
            f"{place.path} is open as {place.kind} ({place.format}), "
            f"not as {asked.kind} ({asked.form}); close it there first"
        )


def _why_other_session(session: str) -> str:
    return "" if session else "no sessionId: ask api/collaboration/session first"


async def _serve(socket: web.WebSocketResponse, member: Member, room: Room | GlobalRoom) -> None:
    try:
        await room.join(member)
        await _pump(socket, member, room)
    finally:
        room.leave(member)


async def _pump(socket: web.WebSocketResponse, member: Member, room: Room | GlobalRoom) -> None:
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            await room.receive(member, message.data)
        elif message.type is WSMsgType.TEXT:
            raise BadFrame("a text message; this protocol is binary")
        elif message.type is WSMsgType.ERROR and isinstance(message.data, WebSocketError):
            kind = TooBig if message.data.code == Code.TOO_BIG else BadFrame
            raise kind(str(message.data))


def _address(request: web.Request) -> str:
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")[0].strip()
    return forwarded or request.remote or ""
