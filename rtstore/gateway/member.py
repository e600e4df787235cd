"""Member: one browser's socket in one room."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from rtstore.errors import BadDocument, DocumentError, LoadFailed, NoSuchDocument
from rtstore.pubsub.outbox import Outbox
from rtstore.pubsub.presence import Connection
from rtstore.schema import frames
from rtstore.schema.frames import websocket_frame
from rtstore.schema.identity import Identity
from rtstore.schema.ids import EntryId

CLOSE_WITHIN_S = 2.0
REASON_BYTES_MAX = 123
"""RFC 6455 5.5: a control frame has 125 bytes, two of them for the code."""


class Code:
    """Close codes (RFC 6455 7.4, and what jupyter-docprovider makes of 44xx, 4500 and 1003)."""

    NORMAL = 1000
    PROTOCOL = 1002
    GONE = 1003
    BAD_FRAME = 1007
    POLICY = 1008
    TOO_BIG = 1009
    FAILED = 1011
    RESTART = 1012
    LATER = 1013
    BAD_DOCUMENT = 4400
    NOT_ALLOWED = 4403
    NO_SUCH_DOCUMENT = 4404
    LOAD_FAILED = 4500


_REFUSALS: dict[type[DocumentError], int] = {
    NoSuchDocument: Code.NO_SUCH_DOCUMENT,
    BadDocument: Code.BAD_DOCUMENT,
    LoadFailed: Code.LOAD_FAILED,
}


def code_of(error: DocumentError) -> int:
    """The close code that the front end shows to the person."""
    return _REFUSALS.get(type(error), Code.LOAD_FAILED)


def refusal_of(code: int, reason: str) -> DocumentError:
    """The error that a close code stands for."""
    kinds = {told: kind for kind, told in _REFUSALS.items()}
    return kinds.get(code, LoadFailed)(reason)


@dataclass(slots=True)
class Lag:
    """A browser that reads too slowly: what it missed, and since when."""

    position: EntryId
    since: float


class Member:
    """Who is connected, what they may do, and how to reach them."""

    def __init__(
        self, socket: web.WebSocketResponse, outbox: Outbox, identity: Identity, origin: str
    ) -> None:
        self._socket = socket
        self.outbox = outbox
        self.identity = identity
        self.presence = Connection(origin, identity.user)
        self.is_held = False
        """Whether its updates wait for a sync step 2: after one of them was refused."""
        self.is_synced = False
        """Whether it has the document: until then the front end shows why a socket closes."""
        self.asked: bytes | None = None
        """The state vector of its newest sync step 1, if that can't be answered yet."""
        self.lag: Lag | None = None
        self.is_acknowledged = False
        """Whether it asked to be told what is stored."""
        self._said = self._stored = 0

    @property
    def origin(self) -> str:
        """``<worker>.<conn>``: its name on the feed and in ``…:who``."""
        return self.presence.origin

    @property
    def may_write(self) -> bool:
        """Whether its updates are taken."""
        return self.identity.may("contents:write")

    def send(self, message: bytes) -> None:
        """Send one message of the protocol, now or when the socket takes it."""
        self.outbox.write(websocket_frame(message))

    def said(self) -> None:
        """An update or a sync step 2 came."""
        self._said += 1

    def stored(self) -> None:
        """The store has all that came until now."""
        self._stored = self._said
        self.acknowledge()

    def acknowledge(self) -> None:
        """Tell it how much of what it said is stored, if it wants to know, and reads."""
        if self.is_acknowledged and not self.outbox.full:
            self.send(frames.sync_status(self._stored))

    async def close(self, code: int, reason: str = "") -> None:
        """Close the socket with a code; a peer that does not answer is cut off."""
        told = reason.encode()[:REASON_BYTES_MAX].decode("utf-8", "ignore").encode()
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._socket.close(code=code, message=told, drain=False)
        except (TimeoutError, ConnectionError, RuntimeError):
            self.outbox.abort()

    async def close_for_good(
        self,
        why: str,
        *,
        is_reloadable: bool,
        is_kept: bool = False,
        reason: str = "unknown_session",
    ) -> None:
        """Close so that the stock front end gives its copy up (1003 with JSON).

        `is_kept`: all that it had is here. Else a page that keeps documents keeps its own.
        """
        told: dict[str, Any] = {"reason": reason, "reloadable": is_reloadable}
        if is_kept:
            told["kept"] = True
        text = _json(told | {"errorReason": why} if why else told)
        await self.close(Code.GONE, text if len(text) <= REASON_BYTES_MAX else _json(told))


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, separators=(",", ":"))
