"""A cell that goes on while another worker takes its kernel over: one that only stood still comes
back, and one that had asked something does not.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.kernel_bridge.test_kills import (
    holder,
    kill_all_workers,
    kill_holder,
    until_heard_by_all,
)
from tests.support.lab import Lab, running_lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]
STOOD_STILL_S = 10.0
TALKS = """
import pathlib, time
number = 0
while not pathlib.Path('TAG').exists():
    print('line', number, flush=True)
    number += 1
    time.sleep(0.02)
print('end', number)
"""
ASKS = "print('first')\nname = input('Who? ')\nprint('hello', name)"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """A lab with three workers, and a kernel that keeps no journal."""
    async with running_lab(tmp_path_factory.mktemp("trio"), workers=3) as running:
        running.add_foreign_kernel()
        yield running


@pytest.mark.parametrize("kernel", ["python3", "foreign"])
async def test_who_stood_still_while_the_cell_went_on_adds_nothing(trio: Lab, kernel: str) -> None:
    path = f"stood still {kernel}.ipynb"
    cells = [TALKS.replace("TAG", f"enough-{kernel}"), "pass"]
    async with bench(trio, path, cells, kernel=kernel) as nb:
        if kernel == "foreign":
            await until_heard_by_all(nb)
        run_id = await nb.ask(0)
        await _until_more(nb, 20)
        process = await holder(nb)
        process.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(asyncio.sleep(STOOD_STILL_S))
                await holder(nb, after=process)
                await _until_heard_more(nb, 50)
        finally:
            process.send_signal(signal.SIGCONT)
        await _until_more(nb, 50)
        (trio.notes / f"enough-{kernel}").touch()
        assert await nb.until_over(run_id) == "ok"
        await nb.until_idle(0)

        (output,) = nb.outputs(0)
        *lines, end = output["text"].splitlines()
        assert lines == [f"line {number}" for number in range(len(lines))]
        assert end == f"end {len(lines)}"
        assert (await holder(nb)).pid != process.pid


@pytest.mark.parametrize(
    ("kernel", "kill"),
    [("python3", kill_holder), ("python3", kill_all_workers), ("foreign", kill_holder)],
)
async def test_a_question_is_answered_through_another_worker(
    trio: Lab, kernel: str, kill: Callable[[Bench], Awaitable[None]]
) -> None:
    path = f"asks {kernel} {kill.__name__}.ipynb"
    async with bench(trio, path, [ASKS, "pass"], kernel=kernel) as nb:
        if kernel == "foreign":
            await until_heard_by_all(nb)
        run_id = await nb.ask(0)
        await until(lambda: _asks(nb, run_id), what="it asks", timeout_s=60)
        before = await holder(nb)
        await kill(nb)
        await holder(nb, after=before)
        await nb.answer(run_id, "Grace")
        assert await nb.until_over(run_id) == "ok"
        await nb.until_idle(0)

        texts = "".join(output["text"] for output in nb.outputs(0))
        assert texts == "first\nWho?  Grace\nhello Grace\n"


async def _asks(nb: Bench, run_id: str) -> bool:
    async with nb.lab.redis() as redis:
        return bool(await redis.hget(nb.keys.run(run_id), "prompt") == "Who? ")


async def _until_more(nb: Bench, lines: int) -> None:
    """Wait until the cell shows so many lines more."""
    before = _lines(nb)

    async def look() -> bool:
        return _lines(nb) >= before + lines

    await until(look, what=f"{lines} lines more are shown", timeout_s=60)


async def _until_heard_more(nb: Bench, entries: int) -> None:
    """Wait until the kernel's log has so many entries more: our own worker may stand still."""

    async def heard() -> int:
        async with nb.lab.redis() as redis:
            return int(await redis.xlen(nb.keys.out))

    before = await heard()

    async def look() -> bool:
        return await heard() >= before + entries

    await until(look, what=f"{entries} entries more are in the log", timeout_s=60)


def _lines(nb: Bench) -> int:
    return sum(str(output.get("text", "")).count("\n") for output in nb.outputs(0))
