"""As much of a Jupyter server as gateways ask: who has a token, and whom to tell what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from rtstore.schema.identity import SIGNATURE_HEADER, verify_request
from tests.gateway.team import PATIENCE_S, SECRET

READ, WRITE = "read", "write"


@dataclass
class FakeJupyter:
    """Somebody's token is their name. A test may take rights away, or sign people out."""

    url: str = ""
    rights: dict[str, list[str]] = field(default_factory=dict)
    """Of those who do not have all of them."""
    signed_out: set[str] = field(default_factory=set)
    is_away: bool = False
    asked: int = 0
    """How often it was asked who somebody is."""
    events: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)

    async def next_event(self, *, within_s: float = PATIENCE_S) -> dict[str, Any]:
        async with asyncio.timeout(within_s):
            return await self.events.get()

    async def _me(self, request: web.Request) -> web.Response:
        self.asked += 1
        name = request.query.get("token", "")
        if self.is_away:
            return web.Response(status=502)
        if not name or name in self.signed_out:
            return web.json_response({}, status=403)
        rights = {"contents": self.rights.get(name, [READ, WRITE])}
        identity = {"username": name, "name": name, "display_name": name}
        return web.json_response({"identity": identity, "permissions": rights})

    async def _event(self, request: web.Request) -> web.Response:
        verify_request(
            request.headers[SIGNATURE_HEADER],
            request.method,
            request.path,
            secret=SECRET,
            now=time.time(),
        )
        self.events.put_nowait(await request.json())
        return web.Response(status=204)


@asynccontextmanager
async def fake_jupyter() -> AsyncIterator[FakeJupyter]:
    fake = FakeJupyter()
    app = web.Application()
    app.router.add_get("/api/me", fake._me)
    app.router.add_post("/rtstore/internal/event", fake._event)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield fake
    finally:
        await runner.cleanup()
