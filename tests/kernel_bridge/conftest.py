from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from rtstore.redis_backend import lease
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.link import Link
from tests.support.lab import Lab, running_lab
from tests.support.stores import Store


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Shared by all; each test takes a notebook of its own. Who kills starts another."""
    async with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(autouse=True)
def _lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease that a test takes, and does not renew, lasts however slow the machine is."""
    monkeypatch.setattr(lease, "TTL_MS", 600_000)


@pytest.fixture
async def link(store: Store) -> AsyncIterator[Link]:
    """To a store of its own."""
    async with connect(store.url, name="test") as made:
        yield made
