"""Sessions of a lab's notebooks, as its pages ask for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, CookieJar

from tests.support.lab import Lab
from tests.support.runs import Bench


@asynccontextmanager
async def somebody(lab: Lab) -> AsyncIterator[ClientSession]:
    """Another user of the lab."""
    headers = {"Authorization": f"token {lab.token}"}
    async with ClientSession(headers=headers, cookie_jar=CookieJar(unsafe=True)) as http:
        yield http


async def opened(nb: Bench, path: str, http: ClientSession | None = None) -> str:
    """The kernel that a page which opens the notebook gets: the bench's, or that of `http`."""
    told = {"path": "made-up", "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    async with (http or nb.http).post(f"{nb.lab.url}api/sessions", json=told) as reply:
        assert reply.status == 201, await reply.text()
        return str((await reply.json())["kernel"]["id"])


async def paths(nb: Bench, http: ClientSession | None = None) -> dict[str, str]:
    """Kernel → path, of all sessions that such a page is shown."""
    async with (http or nb.http).get(f"{nb.lab.url}api/sessions") as reply:
        told: list[dict[str, Any]] = await reply.json()
    return {one["kernel"]["id"]: one["path"] for one in told}


async def kernels(nb: Bench) -> set[str]:
    """All that the server has."""
    async with nb.http.get(f"{nb.lab.url}api/kernels") as reply:
        return {one["id"] for one in await reply.json()}
