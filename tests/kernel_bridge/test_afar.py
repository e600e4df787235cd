"""Whoever is killed while a cell runs in a kernel that no bridge has at hand.

What was said meanwhile is there, or the notebook says that it is missing; nothing is there twice,
and the cell runs once. RTSTORE_KILLS says how many times each is killed; with
more than one, each with and without a page open.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.kernel_bridge.test_kills import KILLS, SEED, kill_all_workers, kill_holder
from tests.support.kernel_gateway import running_gateway
from tests.support.lab import running_lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(1800)

LINES, EACH_S = 150, 0.02
MISSING = "[rtstore: output is missing here: "


def cell(ran: Path) -> str:
    return (
        f"import time\nwith open({str(ran)!r}, 'a') as ran: ran.write('x')\n"
        f"for number in range({LINES}):\n"
        f"    print('line', number, flush=True)\n    time.sleep({EACH_S})"
    )


def text(nb: Bench) -> str:
    return "".join(str(output.get("text", "")) for output in nb.outputs(0))


async def until_says(nb: Bench, told: str) -> None:
    async def look() -> bool:
        return told in text(nb)

    await until(look, what=f"it says {told!r}", timeout_s=60)


@asynccontextmanager
async def page(nb: Bench) -> AsyncIterator[None]:
    """A page that has the notebook open, with its own websocket to the kernel."""
    url = f"{nb.lab.url}api/kernels/{nb.kernel_id}/channels?session_id=page"
    async with nb.http.ws_connect(url) as socket:

        async def read() -> None:
            async for _ in socket:
                pass

        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read())
            yield
            reading.cancel()


async def check(nb: Bench, run_id: str, ran: Path) -> bool:
    """That the run is over, and nothing is hidden or twice; whether all of it is there."""
    state = await nb.until_over(run_id, within_s=90)
    await nb.until_idle(0)
    told = text(nb)
    lines = [line for line in told.splitlines() if line.startswith("line ")]
    assert lines == [f"line {n}" for n in range(LINES) if f"line {n}\n" in told]
    is_whole = len(lines) == LINES
    assert is_whole or MISSING in told, (state, told)
    assert state == "ok" or MISSING in told, (state, told)
    assert ran.read_text() == "x"
    return is_whole


IS_LONG = KILLS > 1
"""Else only what differs most."""
FAULTS: dict[str, Callable[[Bench], Awaitable[None]]] = {
    "holder": kill_holder,
    "all workers": kill_all_workers,
}


async def test_what_is_missing_after_a_kill_is_shown(
    tmp_path: Path, measured: Callable[[str], None]
) -> None:
    chance = random.Random(SEED)
    async with running_gateway(tmp_path) as gw, running_lab(tmp_path, options=gw.options) as lab:
        for fault, kill in FAULTS.items():
            for with_page in (False, True) if IS_LONG else (fault == "holder",):
                whole = 0
                for number in range(KILLS):
                    name = f"{fault} {with_page} {number}".replace(" ", "-")
                    ran = tmp_path / f"ran-{name}"
                    async with bench(lab, f"{name}.ipynb", [cell(ran), "'on'"]) as nb:
                        whole += await one(nb, kill, ran, chance, with_page=with_page)
                        assert await nb.run(1) == "ok"
                seen = "with a page open" if with_page else "with no page open"
                measured(f"{KILLS} x {fault} killed, kernel at a gateway, {seen}: {whole} whole")


async def one(
    nb: Bench,
    kill: Callable[[Bench], Awaitable[None]],
    ran: Path,
    chance: random.Random,
    *,
    with_page: bool,
) -> bool:
    if not with_page:
        return await disturbed(nb, kill, ran, chance)
    async with page(nb):
        return await disturbed(nb, kill, ran, chance)


async def disturbed(
    nb: Bench, kill: Callable[[Bench], Awaitable[None]], ran: Path, chance: random.Random
) -> bool:
    run_id = await nb.ask(0)
    await until_says(nb, f"line {chance.randrange(LINES // 2)}\n")
    await kill(nb)
    return await check(nb, run_id, ran)


@pytest.mark.parametrize("kernel", ["python3", *(["foreign"] if IS_LONG else [])])
async def test_a_kernel_whose_files_cannot_be_read_is_asked_of_its_server(
    kernel: str, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    async with running_lab(tmp_path) as lab:
        lab.add_foreign_kernel()
        cells = [cell(ran), "input('? ')", "pass"]
        async with bench(lab, "afar.ipynb", cells, kernel=kernel) as nb:
            assert await nb.run(2) == "ok"
            (file,) = (tmp_path / "home of ann" / "run").glob(f"kernel-{nb.kernel_id}.json")
            file.unlink()  # Jupyter has it in its head, and new bridges nowhere
            await kill_all_workers(nb)

            async def is_served() -> bool:
                async with lab.redis() as redis:
                    told: dict[str, str] = await redis.hgetall(nb.keys.meta)
                return told.get("afar") == told["generation"]

            await until(is_served, what="a new bridge serves it", timeout_s=60)
            run_id = await nb.ask(0)
            assert await nb.until_over(run_id) == "ok"
            assert await check(nb, run_id, ran)
            assert MISSING not in text(nb)
            asks = await nb.ask(1)
            await nb.answer(asks, "yes")
            assert await nb.until_over(asks) == "ok"

            await nb.restart()  # with a file again or not: the same bridge goes on
            again = await nb.ask(1)
            await nb.answer(again, "yes")
            assert await nb.until_over(again) == "ok"
