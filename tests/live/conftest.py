from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.lab import Lab, running_lab
from tests.support.store_check import wrong_in


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path_factory.mktemp("live"), workers=2) as running:
        yield running
        problems, found = await wrong_in(running.store_url)
        assert problems == []
        assert {"LiveStatus", "LiveKernelspec", "RoomVersion"} <= found
