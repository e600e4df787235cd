from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.team import Worker, running_worker
from tests.support.stores import Store


@pytest.fixture
async def worker(store: Store) -> AsyncIterator[Worker]:
    async with running_worker(store.url, "w1") as one:
        yield one
