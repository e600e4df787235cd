"""One contract, four stores: fakeredis, Valkey, Redis 7.0 and a Valkey cluster of one node.

Each server starts once per run and is emptied before each test; a test that kills, fills or
configures one takes the function-scoped `store` instead, or puts things back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from fakeredis import FakeServer

from rtstore.redis_backend import lease
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Opened, UpdateLog
from rtstore.schema.ids import BEGINNING
from tests.redis_backend.backends import ALL, PLACE
from tests.support.fake_link import FakeLink
from tests.support.stores import Store, start_store


@pytest.fixture(autouse=True)
def _leases_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody renews here: what a test holds it holds until its end, on any machine."""
    monkeypatch.setattr(lease, "TTL_MS", 60_000)


@dataclass
class Backend:
    """A store, and links to it as workers have them."""

    name: str
    store: Store | None
    fake: FakeServer

    async def empty(self) -> None:
        """Forget everything."""
        self.fake = FakeServer()
        if self.store:
            async with self.store.client() as client:
                await client.flushall()

    async def link(self, stack: AsyncExitStack, worker: str) -> Link:
        """One more worker's link."""
        if self.store is None:
            return FakeLink(self.fake)
        return await stack.enter_async_context(connect(self.store.url, name=f"{worker}:test"))


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=ALL)
async def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Backend]:
    name: str = request.param
    if name == "fakeredis":
        yield Backend(name, None, FakeServer())
        return
    kind, _, mode = name.partition("-")
    async with start_store(
        tmp_path_factory.mktemp(name),
        "redis7" if kind == "redis7" else "valkey",
        cluster=mode == "cluster",
    ) as store:
        yield Backend(name, store, FakeServer())


@pytest.fixture
async def links(backend: Backend) -> AsyncIterator[tuple[Link, Link]]:
    """Two workers' links to one empty store."""
    await backend.empty()
    async with AsyncExitStack() as stack:
        yield await backend.link(stack, "w1"), await backend.link(stack, "w2")


@pytest.fixture
def link(links: tuple[Link, Link]) -> Link:
    return links[0]


@pytest.fixture
def keys() -> DocumentKeys:
    return Keys().document("nb-1")


@pytest.fixture
def log(link: Link, keys: DocumentKeys) -> UpdateLog:
    return UpdateLog(link, keys, worker="w1")


@pytest.fixture
def log2(links: tuple[Link, Link], keys: DocumentKeys) -> UpdateLog:
    """The same document, as another worker has it."""
    return UpdateLog(links[1], keys, worker="w2")


@pytest.fixture
async def opened(log: UpdateLog) -> Opened:
    return await log.open(BEGINNING, gen="g1", place=PLACE)
