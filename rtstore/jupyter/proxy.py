"""HTTP from browsers to the workers: the session endpoint and ``rtstore/…``.

Whoever asks is authenticated, authorized and checked for XSRF and origin here, as by any Jupyter
API handler, before a byte reaches a worker. Their cookie and token stay here: the worker gets a
signed identity instead.
"""

from __future__ import annotations

from typing import Any

from aiohttp import ClientError, ClientResponse
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from rtstore.jupyter.backend import Backend
from rtstore.jupyter.rights import admit, signed_identity, signed_in
from rtstore.jupyter.workers import NoWorker
from rtstore.schema.identity import HEADER, XSRF_HEADER
from rtstore.schema.ticket import HEADER as TICKET_HEADER
from rtstore.schema.ticket import Ticket

WAIT_S = 2.0
"""For a worker, while all are being started again."""
SESSION_WAIT_S = 10.0
"""…for the session request: the stock front end asks once, and never again if it fails."""
CHUNK_BYTES = 2**16
_PASSED_ON = ("Accept", "Accept-Language", "Content-Type", "If-None-Match", "Range", "User-Agent")
_PASSED_BACK = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Range",
    "ETag",
    "Location",
    "Retry-After",
    "Vary",
)


def worker_path(handler: JupyterHandler) -> str:
    """The request's path and query as they came, without the token."""
    path, _, query = str(handler.request.uri).partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("token=")]
    return path + ("?" + "&".join(kept) if kept else "")


async def worker_headers(handler: JupyterHandler, *, secret: str) -> dict[str, str]:
    """What a worker needs to know of the request: who, from where, and what it carries."""
    request = handler.request
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    headers[HEADER] = await signed_identity(handler, secret=secret)
    headers[XSRF_HEADER] = handler.xsrf_token.decode()
    headers["Host"] = request.host
    headers["X-Forwarded-For"] = request.remote_ip or ""
    headers["X-Forwarded-Proto"] = request.protocol
    headers["X-Forwarded-Host"] = request.headers.get("X-Forwarded-Host", request.host)
    return headers


class WorkerProxy(APIHandler):  # type: ignore[misc] # untyped
    """Passes a request to a worker and the response back, as it comes."""

    auth_resource = "contents"
    right = ""
    """The action that each request needs; '': read or write, by its method."""

    def initialize(self, backend: Backend, wait_s: float = WAIT_S) -> None:
        """Takes what the route was registered with."""
        self._backend = backend
        self._wait_s = wait_s

    @signed_in
    async def get(self, *_: str) -> None:
        """Needs contents:read."""
        await self._forward("read")

    @signed_in
    async def put(self, *_: str) -> None:
        """Needs contents:write."""
        await self._forward("write")

    @signed_in
    async def post(self, *_: str) -> None:
        """Needs contents:write."""
        await self._forward("write")

    @signed_in
    async def delete(self, *_: str) -> None:
        """Needs contents:write."""
        await self._forward("write")

    async def _told_to_worker(self) -> dict[str, str]:
        return await worker_headers(self, secret=self._backend.secret)

    async def _forward(self, action: str) -> None:
        await admit(self, self.right or action, self.auth_resource)
        try:
            async with await self._backend.workers.request(
                str(self.request.method),
                worker_path(self),
                await self._told_to_worker(),
                self.request.body,
                within_s=self._backend.patience_s(self._wait_s),
            ) as reply:
                await self._pass_back(reply)
        except NoWorker:
            raise HTTPError(503, self._backend.why_no_worker()) from None

    async def _pass_back(self, reply: ClientResponse) -> None:
        self.set_status(reply.status, reply.reason)
        for name in _PASSED_BACK:
            if name in reply.headers:
                self.set_header(name, reply.headers[name])
        content_type = reply.headers.get("Content-Type", "application/octet-stream")
        self.set_header("Content-Type", content_type)
        try:
            async for chunk in reply.content.iter_chunked(CHUNK_BYTES):
                self.write(chunk)
                await self.flush()  # waits for a slow browser, so nothing piles up here
        except StreamClosedError:
            return
        except ClientError as error:
            if not self._headers_written:
                raise HTTPError(502, f"the worker died while it answered: {error}") from error
            self.request.connection.stream.close()  # half an answer must not look whole
            return
        self.finish(set_content_type=content_type)

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401 -- tornado's
        """As every Jupyter API handler; a missing worker says when to come back."""
        if status_code == 503:
            self.set_header("Retry-After", "1")
        super().write_error(status_code, **kwargs)


class KernelProxy(WorkerProxy):
    """The same for what runs code: needs kernels:execute."""

    auth_resource = "kernels"
    right = "execute"


class RunAskProxy(KernelProxy):
    """The same for what asks to run cells: a user's reach the queue in the order they came in."""

    _ticket: Ticket | None = None

    async def prepare(self) -> None:
        """Before anything else is waited for, as requests may overtake each other then."""
        await super().prepare()
        if self.current_user is not None:
            self._ticket = self._backend.tickets.take(self._line)

    def on_finish(self) -> None:
        """Answered, or the browser is gone."""
        if self._ticket is not None:
            self._backend.tickets.give_back(self._line, self._ticket)
        super().on_finish()

    @property
    def _line(self) -> tuple[str, str]:
        return self.request.path, self.current_user.username

    async def _told_to_worker(self) -> dict[str, str]:
        headers = await super()._told_to_worker()
        if self._ticket is None:
            return headers
        ticket = await self._backend.tickets.with_others(self._line, self._ticket)
        return headers | {TICKET_HEADER: ticket.as_header()}


class RunProxy(WorkerProxy):
    """The same for runs: who may read the notebook sees them, who may run code takes them back."""

    async def _forward(self, action: str) -> None:
        if action == "write":
            self.auth_resource, self.right = "kernels", "execute"
        await super()._forward(action)


class ActionProxy(WorkerProxy):
    """The same for actions: which right each needs, the worker knows."""

    right = "read"
