"""Who is asking and what they may do, decided by the Jupyter server's own authorizer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import allow_unauthenticated, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError, authenticated

from rtstore.schema.identity import Identity, User, sign

RIGHTS = (
    ("api", "read"),
    ("contents", "read"),
    ("contents", "write"),
    ("kernels", "read"),
    ("kernels", "write"),
    ("kernels", "execute"),
    ("kernelspecs", "read"),
    ("sessions", "read"),
    ("sessions", "write"),
    ("terminals", "read"),
    ("terminals", "write"),
)
"""What workers decide by; told to them as ``resource:action``."""

Method = TypeVar("Method", bound=Callable[..., Any])


def signed_in(method: Method) -> Method:
    """Tornado's `authenticated`, typed: 403 for who is not signed in."""
    return cast("Method", authenticated(method))


def signed_in_socket(method: Method) -> Method:
    """Jupyter's `ws_authenticated`, typed."""
    return cast("Method", ws_authenticated(method))


def without_login(method: Method) -> Method:
    """Jupyter's `allow_unauthenticated`, typed: the handler checks a signature instead."""
    return cast("Method", allow_unauthenticated(method))


async def admit(handler: JupyterHandler, action: str, resource: str = "contents") -> None:
    """Raises HTTPError 403 unless the request's user is signed in and may do this."""
    user = handler.current_user
    if user is None:
        raise HTTPError(403, "not signed in")
    if not await ensure_async(handler.authorizer.is_authorized(handler, user, action, resource)):
        raise HTTPError(403, f"not authorized to {action} {resource}")


async def held_rights(handler: JupyterHandler) -> frozenset[str]:
    """Those of RIGHTS that the request's user has."""
    user, held = handler.current_user, set()
    for resource, action in RIGHTS:
        asked = handler.authorizer.is_authorized(handler, user, action, resource)
        if await ensure_async(asked):
            held.add(f"{resource}:{action}")
    return frozenset(held)


async def signed_identity(handler: JupyterHandler, *, secret: str) -> str:
    """The identity header for one forwarded request of a signed-in user."""
    user = User.of(handler.identity_provider.identity_model(handler.current_user))
    return sign(Identity(user, await held_rights(handler)), secret=secret, now=time.time())


def is_forwarded_origin(handler: JupyterHandler, origin: str) -> bool:
    """Whether `origin` is the host that a reverse proxy in front of us was asked for.

    No page can set X-Forwarded-Host on a websocket, so believing it lets no other site in.
    """
    told = handler.request.headers.get("X-Forwarded-Host", "")
    host = told.split(",")[0].strip().lower()
    if not host:
        return False
    asked = urlsplit(origin.lower())
    default_port = {"http": ":80", "https": ":443"}.get(asked.scheme, "")
    return bool(asked.netloc.removesuffix(default_port) == host.removesuffix(default_port))
