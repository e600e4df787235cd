"""RestCalls: this server's own REST API, called from within on a user's behalf.

No socket and no credential is involved: the request goes to the handler that a browser's request
would go to, so it is authorised, hooked and logged as that one is.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth import IdentityProvider, User
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.web import Application, RequestHandler

_ACTING: ContextVar[User | None] = ContextVar("acting", default=None)
"""For whom the request that is being answered is made; None for all that came by a socket."""


USERS_MAX = 4096


class Users:
    """Users as the identity provider made them, by username; those that were seen last.

    An authorizer may look at more of a user than has a field in an action's record, as
    JupyterHub's does.
    """

    def __init__(self, *, users_max: int = USERS_MAX) -> None:
        self._users_max = users_max
        self._seen: OrderedDict[str, User] = OrderedDict()

    def saw(self, user: User) -> None:
        """The provider said that this is who sent a request."""
        self._seen[user.username] = user
        self._seen.move_to_end(user.username)
        if len(self._seen) > self._users_max:
            self._seen.popitem(last=False)

    def named(self, username: str, name: str) -> User:
        """As seen last; one that has these names alone, if not since this process began."""
        return self._seen.get(username) or User(username, name, name)


def believe(provider: IdentityProvider, users: Users) -> None:
    """Have an identity provider know who a request of ours is made for, and `users` whom it
    knows: who asks a worker is asked about here, too.
    """
    asked = provider.get_user

    async def get_user(handler: RequestHandler) -> User | None:
        if (user := _ACTING.get()) is not None:
            handler._token_authenticated = True  # noqa: SLF001 -- no cookie, so no XSRF
            return user
        found: User | None = await ensure_async(asked(handler))
        if found is not None:
            users.saw(found)
        return found

    provider.get_user = get_user


class RestCalls:
    """See the module."""

    def __init__(self, app: Application, base_url: str) -> None:
        self._app, self._base_url = app, base_url

    async def call(
        self, user: User, method: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        """Status and JSON of the answer, if it has any. `path` is quoted, and below ``api/``."""
        kept = _Answer()
        headers = {"Host": "localhost", "Content-Type": "application/json"}
        request = HTTPServerRequest(
            headers=HTTPHeaders(headers),
            body=b"" if body is None else json.dumps(body).encode(),
            connection=kept,
            start_line=RequestStartLine(method, f"{self._base_url}api/{path}", "HTTP/1.1"),
        )
        acting = _ACTING.set(user)
        try:
            await ensure_async(self._app(request))  # its task takes this context with it
        finally:
            _ACTING.reset(acting)
        await kept.is_finished.wait()
        return kept.status, kept.told()


class _Answer(HTTPConnection):  # type: ignore[misc] # untyped
    """Where a handler's answer goes: kept, not sent."""

    def __init__(self) -> None:
        self.context = SimpleNamespace(remote_ip="127.0.0.1", protocol="http")
        self.status = 0
        self._body = bytearray()
        self.is_finished = asyncio.Event()

    def told(self) -> Any:  # noqa: ANN401 -- JSON
        """The body."""
        try:
            return json.loads(bytes(self._body)) if self._body else None
        except ValueError:
            return {"message": bytes(self._body[:500]).decode("utf-8", "replace")}

    def set_close_callback(self, callback: Callable[[], None] | None) -> None:
        """Nobody hangs up."""

    def write_headers(
        self,
        start_line: ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> asyncio.Future[None]:
        """Tornado's."""
        self.status = start_line.code
        return self.write(chunk or b"")

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        """Tornado's."""
        self._body += chunk
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def finish(self) -> None:
        """Tornado's."""
        self.is_finished.set()
