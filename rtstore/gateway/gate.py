"""Gate: who is asking, and may they; before anything else is done.

Behind the Jupyter extension's proxy it believes the extension's signed word. Reached directly
(through nginx or an Ingress) it asks the Jupyter server with the browser's own cookie or token and
the host that the browser named, and then checks origin and XSRF itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections import OrderedDict
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import web

from rtstore.errors import JupyterUnavailable, NotAllowed
from rtstore.gateway.jupyter_server import JupyterServer
from rtstore.schema.identity import HEADER, Identity, User, verify

REMEMBER_S = 30.0
REMEMBER_MAX = 10_000
_ASKED = {
    "api": ["read"],
    "contents": ["read", "write"],
    "kernels": ["read", "write", "execute"],
    "kernelspecs": ["read"],
    "sessions": ["read", "write"],
    "terminals": ["read", "write"],
}
_CREDENTIALS = ("Cookie", "Authorization")
_CROSS_ORIGIN = "cross-origin: add it to RTSTORE_ALLOWED_ORIGINS if this is meant"


class Gate:
    """Turns a request into an Identity, or away."""

    def __init__(self, jupyter: JupyterServer, *, secret: str, allowed_origins: str) -> None:
        self._jupyter, self._secret = jupyter, secret
        self._origins = {
            o.strip().rstrip("/").lower() for o in allowed_origins.split(",") if o.strip()
        }
        self._known: OrderedDict[str, tuple[float, Identity]] = OrderedDict()

    async def admit_socket(self, request: web.Request) -> Identity:
        """For a websocket: contents:read. Raises web.HTTPForbidden, HTTPServiceUnavailable."""
        identity, is_vouched = await self._identify(request)
        if not is_vouched and not self._is_same_origin(request):
            await self._need_token(request, _CROSS_ORIGIN)
        return _with(identity, "contents:read")

    async def admit(self, request: web.Request, right: str) -> Identity:
        """For HTTP: the right, and for all but GET the XSRF token. Raises as admit_socket."""
        identity, is_vouched = await self._identify(request)
        if not is_vouched and request.method not in ("GET", "HEAD", "OPTIONS"):
            if not self._is_same_origin(request):
                await self._need_token(request, _CROSS_ORIGIN)
            elif not _has_xsrf(request):
                await self._need_token(request, "'_xsrf' argument missing or wrong")
        return _with(identity, right)

    @staticmethod
    def is_vouched(request: web.Request) -> bool:
        """Whether it came through the Jupyter extension's proxy, which says who it is."""
        return HEADER in request.headers

    async def again(self, request: web.Request, *, not_before_s: float) -> Identity:
        """Who sent an admitted request, asked again unless that was done in `not_before_s`.

        Raises web.HTTPForbidden if they may not be here now, and HTTPServiceUnavailable.
        """
        key, now = self._key(request), time.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < not_before_s:
            return _with(known[1], "contents:read")
        try:
            identity = await self._ask(request, is_activity=False)
        except web.HTTPForbidden:
            self._known.pop(key, None)
            raise
        self._remember(key, now, identity)
        return _with(identity, "contents:read")

    async def _identify(self, request: web.Request) -> tuple[Identity, bool]:
        if told := request.headers.get(HEADER):
            try:
                return verify(told, secret=self._secret, now=time.time()), True
            except (NotAllowed, ValueError, KeyError) as error:
                raise web.HTTPForbidden(reason="identity header refused") from error
        key = self._key(request)
        now = time.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < REMEMBER_S:
            return known[1], False
        identity = await self._ask(request)
        self._remember(key, now, identity)
        return identity, False

    def _remember(self, key: str, now: float, identity: Identity) -> None:
        self._known[key] = (now, identity)
        self._known.move_to_end(key)
        while len(self._known) > REMEMBER_MAX:
            self._known.popitem(last=False)

    def _key(self, request: web.Request) -> str:
        parts = [request.headers.get(name, "") for name in _CREDENTIALS]
        parts += [request.query.get("token", ""), _host(request)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    async def _ask(self, request: web.Request, *, is_activity: bool = True) -> Identity:
        status, told = await self._me(request, with_cookie=True, is_activity=is_activity)
        if status != 200 or not isinstance(told, dict) or "identity" not in told:
            raise web.HTTPForbidden(reason="not signed in")
        rights = {
            f"{r}:{a}" for r, actions in told.get("permissions", {}).items() for a in actions
        }
        return Identity(User.of(told["identity"]), frozenset(rights))

    async def _me(
        self, request: web.Request, *, with_cookie: bool, is_activity: bool = True
    ) -> tuple[int, Any]:
        names = ("Cookie", "Authorization") if with_cookie else ("Authorization",)
        headers = {n: request.headers[n] for n in names if n in request.headers}
        headers["Host"] = _host(request)
        query = "?permissions=" + quote(json.dumps(_ASKED))
        if token := request.query.get("token"):
            query += "&token=" + quote(token)
        if not is_activity:
            query += "&no_track_activity=1"  # an open tab must not keep an idle server running
        try:
            status, told = await self._jupyter.me(headers, query)
        except JupyterUnavailable as error:
            raise web.HTTPServiceUnavailable(
                reason="the Jupyter server does not answer"
            ) from error
        if status >= 500 or status == 429:
            raise web.HTTPServiceUnavailable(reason=f"the Jupyter server answers {status}")
        return status, told

    def _is_same_origin(self, request: web.Request) -> bool:
        origin = request.headers.get("Origin", "").rstrip("/").lower()
        if not origin:
            return True  # no browser, or a page asking its own host
        return urlsplit(origin).netloc == _host(request).lower() or origin in self._origins

    async def _need_token(self, request: web.Request, why: str) -> None:
        """Another site's page has the cookie, but not the token: the token alone must do.

        Raises web.HTTPForbidden saying `why` if it does not.
        """
        scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
        if scheme in ("token", "bearer") or request.query.get("token"):
            status, _ = await self._me(request, with_cookie=False)
            if status == 200:
                return
        raise web.HTTPForbidden(reason=why)


def _has_xsrf(request: web.Request) -> bool:
    cookie = request.cookies.get("_xsrf", "")
    told = request.headers.get("X-XSRFToken", "") or request.query.get("_xsrf", "")
    return bool(cookie) and hmac.compare_digest(cookie.encode(), told.encode())


def _with(identity: Identity, right: str) -> Identity:
    if not identity.may(right):
        raise web.HTTPForbidden(reason=f"not allowed: {right}")
    return identity


def _host(request: web.Request) -> str:
    return request.headers.get("X-Forwarded-Host", "").split(",")[0].strip() or request.host
