"""What workers remember of documents that nobody has open any more: next to nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.registry import Registry
from tests.faults.browsers import browsers
from tests.faults.laboratory import Laboratory, laboratory
from tests.support.waiting import until

OPENS = int(os.environ.get("RTSTORE_OPENS", "50"))
FIRST = min(OPENS, 500)
"""Opened before anything is measured: what is loaded and grown once."""
MB = 2**20
Measured = Callable[[str], None]


async def _until_let_go(here: Laboratory) -> None:
    """Wait until no worker has any document."""
    async with connect(here.store.url, name="test") as link:
        registry = Registry(link, Keys())

        async def none_in_use() -> bool:
            return not await registry.in_use()

        await until(none_in_use, what="all documents are let go", timeout_s=120)


def _memory(here: Laboratory) -> dict[str, float]:
    """MB of each process."""
    pids = {slot.worker: slot.pid for slot in here.workers()}
    pids |= {"Jupyter": here.lab.jupyter_pid()}
    return {name: psutil.Process(pid).memory_info().rss / MB for name, pid in pids.items()}


@pytest.mark.timeout(180 + OPENS // 4)
async def test_documents_that_were_opened_and_closed_leave_nothing(
    tmp_path: Path, measured: Measured
) -> None:
    environ = {"RTSTORE_LINGER_S": "0.5", "RTSTORE_PRESENCE_TTL_S": "2"}
    async with laboratory(tmp_path, environ=environ) as here, browsers(here.lab) as people:
        await people.open_and_close(people.write(range(FIRST)))
        await _until_let_go(here)
        before = _memory(here)
        await people.open_and_close(people.write(range(FIRST, FIRST + OPENS)))
        await _until_let_go(here)
        after = _memory(here)
    grown = {name: after[name] - rss for name, rss in before.items()}
    told = ", ".join(f"{name} {before[name]:.0f} to {after[name]:.0f}" for name in before)
    measured(f"{OPENS} documents opened and closed: MB {told}")
    assert max(grown.values()) < 15 + OPENS / 1000, told
