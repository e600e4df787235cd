"""Jupyter ends kernels that nobody uses: not those that have something to do, and it is said."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.support.lab import running_lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

IDLE_S = 8
"""Jupyter is told of what runs every 2 s, if nothing holds it up."""
OPTIONS = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE_S}",
    "--MappingKernelManager.cull_interval=1",
    "--MappingKernelManager.cull_busy=True",  # else Jupyter itself spares what runs
    "--MappingKernelManager.cull_connected=True",
]
CELL = f"import time; time.sleep({IDLE_S + 6})"


async def test_a_kernel_with_runs_is_not_culled_and_one_without_says_why(tmp_path: Path) -> None:
    async with (
        running_lab(tmp_path, options=OPTIONS) as lab,
        bench(lab, "idle.ipynb", [CELL, "1"]) as nb,
        nb.http.ws_connect(f"{lab.url}api/events/subscribe") as bus,
    ):
        running, waiting = await nb.ask(0), await nb.ask(1)
        assert await nb.until_over(running) == "ok"
        assert await nb.until_over(waiting) == "ok"
        await until(lambda: _is_culled(nb), what="it is culled", timeout_s=60)
        async with asyncio.timeout(30):
            said = ""
            while "culled" not in said:
                said = str(json.loads((await bus.receive()).data).get("msg", ""))
        assert said.startswith("the kernel was culled: idle for "), said


async def _is_culled(nb: Bench) -> bool:
    async with nb.lab.redis() as redis:
        state, why = await redis.hmget(nb.keys.meta, "state", "why")
    assert state != "dead" or str(why).startswith("culled: idle for "), why
    return bool(state == "dead")
