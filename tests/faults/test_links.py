"""What can happen on the way between a worker and the store while people type."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.faults.laboratory import Laboratory
from tests.faults.proxy import of_worker

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
Measured = Callable[[str], None]


async def test_a_worker_is_cut_off_for_a_while(here: Laboratory, measured: Measured) -> None:
    async with here.people("cut.ipynb") as people:
        worker = here.workers()[0].worker
        with here.proxy.weather(of_worker(worker), stalled=True):
            await people.until_typed(100, but=people.typists[0])
    measured(f"worker cut off: all as it must be after {people.healed_s:.1f} s")


async def test_links_are_reset_again_and_again(here: Laboratory) -> None:
    async with here.people("reset.ipynb") as people:
        for _ in range(10):
            here.proxy.cut()
            await people.until_typed(1)


async def test_the_store_does_and_nobody_is_told(here: Laboratory) -> None:
    async with here.people("untold.ipynb") as people:
        for slot in here.workers():
            of = of_worker(slot.worker, "commands")
            with here.proxy.weather(of, loses_replies=True):
                await people.until_typed(3, but=people.typists[slot.slot])
                here.proxy.cut(of)


async def test_slow_links(here: Laboratory) -> None:
    async with here.people("slow.ipynb") as people:
        with here.proxy.weather(bytes_per_s=50_000, delay_s=0.05):
            await people.until_typed(10)


async def test_a_feed_that_drops_doubles_and_reorders(here: Laboratory) -> None:
    rng = random.Random(here.rng.random())

    def meddle(pushes: list[bytes]) -> list[bytes]:
        told = [one for one in pushes for _ in range(rng.choice((0, 1, 1, 2)))]
        rng.shuffle(told)
        return told

    async with here.people("meddled.ipynb") as people:
        with here.proxy.weather(lambda name: name.endswith(":feed"), meddle=meddle):
            await people.until_typed(60)
