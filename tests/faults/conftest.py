"""All faults on every store in the long form (`make faults`), else on one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from tests.faults.laboratory import Laboratory, laboratory
from tests.support.stores import Kind
from tests.support.tools import LONG

KINDS: Sequence[Kind] = ("valkey", "valkey8", "redis7") if LONG else ("valkey",)


@pytest_asyncio.fixture(
    scope="session",
    loop_scope="session",
    params=[
        pytest.param(kind, marks=[pytest.mark.redis7] if kind == "redis7" else [])
        for kind in KINDS
    ],
)
async def here(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Laboratory]:
    """Shared by all that leave it as it was; each test takes a notebook of its own."""
    async with laboratory(tmp_path_factory.mktemp("laboratory"), request.param) as running:
        yield running
