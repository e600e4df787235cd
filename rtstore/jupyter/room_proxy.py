"""Room websockets from browsers to the workers, frame by frame.

Neither side is read faster than the other takes it, so a slow browser costs this process one
frame. What a worker says when it closes, the browser hears exactly; a worker that dies without a
word closes the browser's socket with 1012, upon which the front end connects again at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import ClientError, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from rtstore.errors import JupyterUnavailable
from rtstore.jupyter.backend import Backend
from rtstore.jupyter.events import GLOBAL_ROOM
from rtstore.jupyter.proxy import WAIT_S, worker_headers, worker_path
from rtstore.jupyter.rights import admit, held_rights, is_forwarded_origin, signed_in_socket
from rtstore.jupyter.workers import FRAME_BYTES_MAX, NoWorker

logger = logging.getLogger(__name__)

GOING_AWAY = 1001
POLICY = 1008
SERVICE_RESTART = 1012
NOT_ALLOWED = 4403
SYNC_STEP_2 = b"\x00\x01"


class RoomProxy(WebSocketMixin, WebSocketHandler, JupyterHandler):  # type: ignore[misc] # untyped
    """One browser's socket in one room."""

    auth_resource = "contents"

    def initialize(self, backend: Backend) -> None:
        """Takes what the route was registered with."""
        self._backend = backend
        self._opened = asyncio.Event()
        self._is_synced = False
        """Whether the browser has the document: until then it shows why a socket closes."""

    @property
    def max_message_size(self) -> int:
        """As the peer's; Jupyter's default of 10 MiB would cut big notebooks off."""
        return FRAME_BYTES_MAX

    def check_origin(self, origin: str | None = None) -> bool:
        """Jupyter's rules (same host, allow_origin, allow_origin_pat, token), and the host that
        a reverse proxy was asked for.
        """
        given = origin or self.get_origin()
        if given and is_forwarded_origin(self, given):
            return True
        return bool(super().check_origin(origin))

    @signed_in_socket
    async def get(self, room: str) -> None:
        """Join `room`. Needs contents:read. Refusals are HTTP statuses, before the upgrade."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise HTTPError(400, "a room is joined by websocket")
        await admit(self, "read")
        if not self.check_origin():
            raise HTTPError(403, "this origin may not open sockets here")
        upstream = await self._reach_worker()
        try:
            with self._counted(room):
                async with asyncio.TaskGroup() as tasks:
                    self._upstream = upstream
                    jobs = [
                        tasks.create_task(self._pump()),
                        tasks.create_task(self._ask_again(await held_rights(self))),
                    ]
                    await super().get(room)  # returns when the browser's socket is closed
                    for job in jobs:
                        job.cancel()
        finally:
            code, reason = self.close_code or GOING_AWAY, self.close_reason or ""
            await upstream.close(code=code, message=reason.encode())

    async def _reach_worker(self) -> ClientWebSocketResponse:
        try:
            return await self._backend.workers.websocket(
                worker_path(self),
                await worker_headers(self, secret=self._backend.secret),
                within_s=self._backend.patience_s(WAIT_S),
            )
        except NoWorker:
            raise HTTPError(503, self._backend.why_no_worker()) from None
        except WSServerHandshakeError as error:
            raise HTTPError(error.status, "refused by the worker") from error

    @contextmanager
    def _counted(self, room: str) -> Iterator[None]:
        """Known to the server while it lives: for its stop, and for who is here."""
        self._backend.sockets.add(self)
        arrivals = self._backend.arrivals if room == GLOBAL_ROOM else None
        if arrivals is not None:
            arrivals.came(self.current_user.username)
        try:
            yield
        finally:
            self._backend.sockets.discard(self)
            if arrivals is not None:
                arrivals.left(self.current_user.username)

    async def open(self, *args: str, **kwargs: str) -> None:
        """Tornado's: the handshake with the browser is done."""
        opened = super().open(*args, **kwargs)
        if opened is not None:
            await opened
        self.set_nodelay(True)
        self._opened.set()

    async def on_message(self, message: bytes | str) -> None:
        """Tornado's. It reads the next frame only when this returns, so order is kept and a slow
        worker slows the browser down.
        """
        try:
            if isinstance(message, bytes):
                await self._upstream.send_bytes(message)
            else:
                await self._upstream.send_str(message)
        except (ClientError, ConnectionError):
            return  # the pump sees the same end and tells the browser

    async def _pump(self) -> None:
        """Everything the worker says, until either side closes."""
        await self._opened.wait()
        try:
            while True:
                message = await self._upstream.receive()
                if message.type is WSMsgType.BINARY:
                    self._is_synced = self._is_synced or message.data[:2] == SYNC_STEP_2
                    await self.write_message(message.data, binary=True)
                elif message.type is WSMsgType.TEXT:
                    await self.write_message(message.data)
                elif message.type is WSMsgType.CLOSE:
                    self.close(message.data or None, message.extra or None)
                    return
                else:
                    self.close(SERVICE_RESTART, "the worker is gone; connect again")
                    return
        except WebSocketClosedError:
            return

    async def _ask_again(self, rights: frozenset[str]) -> None:
        """Now and then: who is signed out is closed; who may do other things connects again, so
        that the worker is told.
        """
        is_global = self.path_args[:1] == [GLOBAL_ROOM]
        while True:
            spread = random.uniform(0.8, 1.0)  # noqa: S311 -- tabs of one browser came at once
            await asyncio.sleep(self._backend.settings.reauth_s * spread)
            try:
                now = await self._backend.standing.rights_of(self.request)
            except JupyterUnavailable as error:
                logger.info("can't ask who somebody is why=%s", error)
                continue
            if "contents:read" not in now:
                code = POLICY if self._is_synced or is_global else NOT_ALLOWED
                reason = "not signed in any more, or not allowed; sign in again"
            elif now != rights:
                code, reason = SERVICE_RESTART, "what you may do has changed; connect again"
            else:
                continue
            self.close(code, reason)
            await self._upstream.close(code=code)  # a browser that ignores it is heard no more
            return

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401 -- tornado's
        """One line of text: nobody sees a page here."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        told = error.log_message if isinstance(error, HTTPError) else None
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(told or self._reason)
