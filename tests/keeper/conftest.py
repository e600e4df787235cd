from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.team import Worker
from tests.jupyter.conftest import Jupyter, http, jupyter, store_url
from tests.keeper.crew import a_worker
from tests.keeper.following import charge, link

__all__ = ["charge", "http", "jupyter", "link", "store_url"]


@pytest.fixture
async def workers(jupyter: Jupyter) -> AsyncIterator[tuple[Worker, Worker]]:
    async with a_worker(jupyter, "w1") as one, a_worker(jupyter, "w2") as two:
        yield one, two
