"""Whatever happens, in whatever order: nothing is lost (RTSTORE_MINUTES, RTSTORE_SEED)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from tests.faults.checker import Tally
from tests.faults.history import History
from tests.faults.laboratory import SEED, Laboratory

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
MINUTES = float(os.environ.get("RTSTORE_MINUTES", "0.1"))
FAULTS = 4
"""Between two checks."""
ROUNDS = 4
"""In one notebook."""
Measured = Callable[[str], None]


@pytest.mark.timeout(240 + 120 * MINUTES)
async def test_faults_in_random_order(here: Laboratory, measured: Measured) -> None:
    end, history, notebooks = time.monotonic() + 60 * MINUTES, History(here, SEED), 0
    tally, healed_s = Tally(), 0.0
    try:
        while time.monotonic() < end:
            notebooks += 1
            async with here.people(f"random {notebooks}.ipynb") as people:
                for _ in range(ROUNDS):
                    for _ in range(FAULTS):
                        await history.go_on(people)
                    await people.check()
                    healed_s = max(healed_s, people.healed_s)
                    people.go_on()
                    if time.monotonic() > end:
                        break
            tally += people.tally
    except BaseException as error:
        error.add_note(str(history))
        raise
    measured(
        f"{len(history.done)} random faults, seed {SEED}: {tally}; all as it must be within "
        f"{healed_s:.1f} s each time"
    )
