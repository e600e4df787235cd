"""A worker that nobody needs ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from rtstore.gateway import alone
from rtstore.gateway.alone import until_alone
from tests.gateway.team import PATIENCE_S, joined, make_document, running_worker
from tests.support.stores import Store

LONG_S = 0.3


@asynccontextmanager
async def jupyter() -> AsyncIterator[str]:
    """What answers ``GET /api``, which every Jupyter server does without a token."""

    async def api(_request: web.Request) -> web.Response:
        return web.json_response({"version": "2"})

    app = web.Application()
    app.router.add_get("/api", api)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def _goes_on(task: asyncio.Task[None]) -> bool:
    done, _ = await asyncio.wait({task}, timeout=3 * LONG_S)
    return not done


async def test_without_jupyter_and_without_sockets_it_is_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "ALONE_S", LONG_S)
    monkeypatch.setattr(alone, "CHECK_S", LONG_S / 10)
    async with jupyter() as url, running_worker(store.url, "w1", jupyter_url=url) as worker:
        await make_document(worker.link)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(until_alone(worker.gateway))
            assert await _goes_on(task), "Jupyter is there"
            task.cancel()
    async with running_worker(store.url, "w1", jupyter_url=url) as worker:
        async with asyncio.TaskGroup() as tasks:
            async with joined(worker, "ada") as ada:
                await ada.until(lambda: ada.synced)  # before that, nobody is there
                task = tasks.create_task(until_alone(worker.gateway))
                assert await _goes_on(task), "somebody is there"
            async with asyncio.timeout(PATIENCE_S):
                await task
