"""Serving: a worker's gateway, from the store's link to listening sockets."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, web

from rtstore.errors import SettingsError
from rtstore.gateway.app import make_app
from rtstore.gateway.gate import Gate
from rtstore.gateway.gateway import Gateway
from rtstore.gateway.global_room import GlobalRoom
from rtstore.gateway.jupyter_server import JupyterServer
from rtstore.gateway.live_rooms import LiveRooms
from rtstore.gateway.reauth import Reauth
from rtstore.gateway.recent_asks import RecentAsks
from rtstore.gateway.rooms import open_rooms
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.settings import Settings
from rtstore.tasks import background

logger = logging.getLogger(__name__)

DRAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker listens."""

    host: str
    port: int
    """0: any free one."""
    path: Path | None = None
    """A unix socket as well."""


@asynccontextmanager
async def open_gateway(
    link: Link, keys: Keys, settings: Settings, *, worker: str, contents_id: str
) -> AsyncIterator[Gateway]:
    """A gateway's rooms, not listening yet; drained when the body ends."""
    if not settings.secret:
        raise SettingsError("RTSTORE_SECRET is not set: it must be that of the Jupyter extension")
    root = keys.root(contents_id)
    everyone = GlobalRoom(link, root, ttl_s=settings.presence_ttl_s)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(ClientSession(trust_env=False))
        jupyter = JupyterServer(http, link, root, url=settings.jupyter_url, secret=settings.secret)
        rooms = await stack.enter_async_context(
            open_rooms(link, keys, settings, jupyter, worker=worker, contents_id=contents_id)
        )
        await stack.enter_async_context(background(everyone.run()))
        gate = Gate(jupyter, secret=settings.secret, allowed_origins=settings.allowed_origins)
        reauth = Reauth(gate, every_s=settings.reauth_s)
        await stack.enter_async_context(background(reauth.run()))
        recent_asks = RecentAsks(link)
        await stack.enter_async_context(background(recent_asks.run()))
        live = LiveRooms(link, root, contents_id=contents_id)
        await stack.enter_async_context(background(live.run()))
        gateway = Gateway(settings, rooms, everyone, gate, jupyter, reauth, recent_asks, live)
        try:
            yield gateway
        finally:
            await gateway.drain()


@asynccontextmanager
async def listening(gateway: Gateway, place: Place) -> AsyncIterator[int]:
    """Serve at `place` while the body runs; yields the TCP port.

    Raises SettingsError when it can't listen there.
    """
    runner = web.AppRunner(
        make_app(gateway), access_log=None, handle_signals=False, shutdown_timeout=DRAIN_S
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, place.host, place.port, reuse_address=True).start()
            if place.path is not None:
                place.path.unlink(missing_ok=True)  # of a worker that was killed; the slot is ours
                await web.SockSite(runner, _unix_socket(place.path)).start()
        except OSError as error:
            raise SettingsError(f"can't listen on {place.host}:{place.port}: {error}") from error
        yield _port(runner)
    finally:
        await gateway.drain()
        await runner.cleanup()


def _unix_socket(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
    except OSError:
        listener.close()
        raise
    return listener


def _port(runner: web.AppRunner) -> int:
    return next(int(a[1]) for a in runner.addresses if isinstance(a, tuple))
