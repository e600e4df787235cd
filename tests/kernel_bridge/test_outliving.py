"""Kernels that go on when the Jupyter server is killed, where that is wanted."""

from __future__ import annotations

from pathlib import Path

import psutil  # type: ignore[import-untyped]

from rtstore.redis_backend.kernel_modes import PER_USER
from rtstore.redis_backend.keys import Keys
from tests.support.lab import running_lab
from tests.support.runs import bench
from tests.support.sessions import opened, paths, somebody
from tests.support.waiting import until

LONG = (
    "import time\nx = 'kept'\nfor i in range(60):\n    print(i, flush=True)\n    time.sleep(0.1)"
)


async def test_a_kernel_and_its_run_outlive_the_jupyter_server(tmp_path: Path) -> None:
    async with (
        running_lab(tmp_path, environ={"RTSTORE_KERNELS_OUTLIVE": "1"}) as lab,
        bench(lab, "outlive.ipynb", [LONG, "x"]) as nb,
    ):
        run_id = await nb.ask(0)

        async def speaks() -> bool:
            return "5" in str(nb.outputs(0))

        await until(speaks, what="it runs")
        async with lab.redis() as redis:
            pid = int(await redis.hget(nb.keys.meta, "pid"))
        psutil.Process(lab.jupyter_pid()).kill()

        assert await nb.until_over(run_id) == "ok"
        text = "".join(str(i) + "\n" for i in range(60))
        await nb.until_idle(0)
        assert nb.outputs(0) == [{"output_type": "stream", "name": "stdout", "text": text}]

        await until(lab.answers, what="Jupyter is back", timeout_s=60)
        assert psutil.pid_exists(pid)

        async def has_it_again() -> bool:
            async with nb.http.get(f"{lab.url}api/sessions") as reply:
                told = await reply.json()
            return [one["kernel"]["id"] for one in told] == [nb.kernel_id]

        await until(has_it_again, what="the server has the kernel again", timeout_s=30)
        assert await nb.run(1) == "ok"

        async def is_kept() -> bool:
            return "'kept'" in str(nb.outputs(1))

        await until(is_kept, what="the variable is there", timeout_s=20)
        await nb.interrupt()


async def test_a_kernel_of_ones_own_stays_ones_own_over_the_death_of_the_server(
    tmp_path: Path,
) -> None:
    async with (
        running_lab(tmp_path, environ={"RTSTORE_KERNELS_OUTLIVE": "1"}) as lab,
        bench(lab, "own.ipynb", ["1"]) as nb,
        somebody(lab) as other,
    ):
        async with lab.redis() as redis:
            await redis.hset((await lab.document(nb.path)).meta, "kernels", PER_USER)
        mine, theirs = await opened(nb, nb.path), await opened(nb, nb.path, other)
        assert len({mine, theirs, nb.kernel_id}) == 3

        async def are_told() -> bool:
            async with lab.redis() as redis:
                keys = [Keys().kernel(lab.state_dir.name, one) for one in (mine, theirs)]
                told = [await redis.hmget(one.meta, "user", "path", "pid") for one in keys]
            return all(all(one) for one in told)

        await until(are_told, what="the store knows whose kernels they are")
        psutil.Process(lab.jupyter_pid()).kill()
        await until(lab.answers, what="Jupyter is back", timeout_s=60)

        async def all_are_back() -> bool:
            return (list(await paths(nb)), list(await paths(nb, other))) == ([mine], [theirs])

        await until(all_are_back, what="each is shown their kernel again", timeout_s=30)
        assert await opened(nb, nb.path) == mine
        assert await opened(nb, nb.path, other) == theirs
