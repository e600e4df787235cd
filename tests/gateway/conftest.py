from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rtstore.pubsub import follower
from tests.gateway.team import Worker, running_worker
from tests.support.stores import Store


@pytest.fixture(autouse=True)
def _nothing_is_read_again_just_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would bring within 10 s what was lost; who waits here waits for longer."""
    monkeypatch.setattr(follower, "CHECK_S", 3600.0)


@pytest.fixture
async def workers(store: Store) -> AsyncIterator[tuple[Worker, Worker]]:
    async with running_worker(store.url, "w1") as one, running_worker(store.url, "w2") as two:
        yield one, two
