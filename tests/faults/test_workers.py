"""What can happen to workers, and to the Jupyter server, while people type."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import psutil  # type: ignore[import-untyped]
import pytest

from tests.faults.checker import Tally
from tests.faults.laboratory import PATIENCE_S, Laboratory
from tests.support.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
Measured = Callable[[str], None]
KILLS = int(os.environ.get("RTSTORE_KILLS", "5"))


@pytest.mark.timeout(120 + 10 * KILLS)
async def test_one_after_another_is_killed(here: Laboratory, measured: Measured) -> None:
    tally = Tally()
    for numbers in here.batches(KILLS):
        async with here.people(f"killed workers {numbers.start}.ipynb") as people:
            for _ in numbers:
                here.kill_a_worker()
                await people.until_typed(1)
                await here.until_all_work()
        tally += people.tally
    measured(f"{KILLS} workers killed: {tally}")


async def test_all_are_killed(here: Laboratory, measured: Measured) -> None:
    async with here.people("all killed.ipynb") as people:
        people.vanish(people.typists[0])
        for slot in here.workers():
            here.process(slot).kill()
        await people.until_typed(5)
        await here.until_all_work()
    measured(f"all workers killed: all as it must be after {people.healed_s:.1f} s")


async def test_the_keeper_stands_still_and_comes_back(
    here: Laboratory, measured: Measured
) -> None:
    async with here.people("stopped.ipynb") as people:
        slot = await here.keeper(people.path)
        process = here.process(slot)
        process.send_signal(signal.SIGSTOP)

        async def is_replaced() -> bool:
            keeper = await here.keeper_of(people.path)
            return keeper is not None and keeper.worker != slot.worker

        try:
            await until(is_replaced, what="another keeps it", timeout_s=PATIENCE_S)
            other = next(one for one in people.typists if one is not people.typists[slot.slot])
            await people.until_typed(60, but=people.typists[slot.slot])
            assert other.acked
        finally:
            process.send_signal(signal.SIGCONT)
        await people.until_typed(3)
    measured(f"keeper stopped: all as it must be after {people.healed_s:.1f} s")


async def test_the_jupyter_server_is_killed(here: Laboratory, measured: Measured) -> None:
    async with here.people("jupyter.ipynb") as people:
        psutil.Process(here.lab.jupyter_pid()).kill()
        await people.until_typed(20)
    measured(f"Jupyter killed: all as it must be after {people.healed_s:.1f} s")
