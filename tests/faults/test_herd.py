"""A herd: very many documents are opened at one instant, and again when their worker is killed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

import pytest

from tests.faults.browsers import Browsers, browsers
from tests.faults.laboratory import Laboratory

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
HERD = int(os.environ.get("RTSTORE_HERD", "50"))
Measured = Callable[[str], None]


async def _all_open(pages: Browsers, paths: list[str]) -> float:
    """Each document by a page of its own, all through one worker; how long the last one waited."""
    began = time.monotonic()
    open_ = asyncio.Barrier(len(paths))

    async def one(path: str) -> None:
        async with pages.opened(path, 0):
            await open_.wait()  # all are open at the same time

    async with asyncio.TaskGroup() as tasks:
        for path in paths:
            tasks.create_task(one(path))
    return time.monotonic() - began


@pytest.mark.timeout(180 + HERD // 2)
async def test_a_herd_comes_and_comes_back(here: Laboratory, measured: Measured) -> None:
    async with here.people("herd.ipynb") as people, browsers(here.lab, HERD) as pages:
        paths = pages.write(range(100_000, 100_000 + HERD))
        first_s = await _all_open(pages, paths)
        await here.kill(here.workers()[0])
        await here.until_all_work()
        again_s = await _all_open(pages, paths)
        await people.until_typed(5)
    measured(
        f"{HERD} documents opened at once: {first_s:.1f} s, again after a kill {again_s:.1f} s; "
        f"who types meanwhile: {people.tally}"
    )
