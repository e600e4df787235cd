from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import BUCKETS
from tests.gateway.team import Worker
from tests.jupyter.conftest import Jupyter, http, jupyter, store_url
from tests.keeper.crew import a_worker
from tests.keeper.following import charge, link

__all__ = ["charge", "http", "jupyter", "link", "store_url"]


@pytest.fixture(autouse=True)
async def nothing_else_is_open(request: pytest.FixtureRequest) -> None:
    """What earlier tests opened is in use for minutes: keepers of this one would take it, too,
    save it, tell of it, and be held up by it.
    """
    if "jupyter" in request.fixturenames:
        jupyter: Jupyter = request.getfixturevalue("jupyter")
        async with connect(jupyter.store_url, name="test", keys=jupyter.keys) as link:
            await link.command("DEL", *map(jupyter.keys.docs, range(BUCKETS)))


@pytest.fixture
async def workers(jupyter: Jupyter) -> AsyncIterator[tuple[Worker, Worker]]:
    async with a_worker(jupyter, "w1") as one, a_worker(jupyter, "w2") as two:
        yield one, two
