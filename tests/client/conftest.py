from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.gateway.team import Worker, running_worker
from tests.support.lab import Lab, running_lab
from tests.support.stores import Store


@pytest.fixture
async def workers(store: Store) -> AsyncIterator[tuple[Worker, Worker]]:
    async with running_worker(store.url, "w1") as one, running_worker(store.url, "w2") as two:
        yield one, two


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Shared by all who only use it; each test takes a notebook of its own."""
    async with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running
