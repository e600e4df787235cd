"""Whoever is killed while a cell runs: each line once, in order, and the cell run once.

RTSTORE_KILLS says how many times each is killed (default 1); a seed that failed is run again with
RTSTORE_SEED.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from tests.support.lab import Lab, running_lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(1800)

KILLS = int(os.environ.get("RTSTORE_KILLS", "1"))
SEED = int(os.environ.get("RTSTORE_SEED", "0")) or random.SystemRandom().randrange(10**6)
LINES, EACH_S = 200, 0.01
FORGOTTEN_BYTES = 50_000
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # noqa: E501
CELL = f"""
import time
from IPython.display import display
from ipywidgets import Output
taken = Output()
with open('ran-TAG', 'a') as ran:
    ran.write('x')
shown = display('step 0', display_id='shown')
for number in range({LINES}):
    print('line', number, flush=True)
    if number % 50 == 0:
        display({{'image/png': '{PIXEL}', 'text/plain': f'image {{number}}'}}, raw=True)
    if number % 10 == 0:
        shown.update(f'step {{number}}')
        with taken:
            print('taken', number)
    time.sleep({EACH_S})
"""
ENDLESS = CELL.replace(f"range({LINES})", "range(10**6)")
TALKS = """
import pathlib, time
with open('ran-TAG', 'a') as ran:
    ran.write('x')
while not pathlib.Path('enough-TAG').exists():
    print('line', flush=True)
    time.sleep(0.01)
"""
TOLD = "print(''.join(output['text'] for output in taken.outputs))"


def expected() -> list[dict[str, Any]]:
    """What an undisturbed run shows."""
    last = {"text/plain": repr(f"step {LINES - 10}")}
    outputs: list[dict[str, Any]] = [{"output_type": "display_data", "data": last, "metadata": {}}]
    text = ""
    for number in range(LINES):
        text += f"line {number}\n"
        if number % 50 == 0:
            outputs.append({"output_type": "stream", "name": "stdout", "text": text})
            data = {"image/png": PIXEL, "text/plain": f"image {number}"}
            outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
            text = ""
    return [*outputs, {"output_type": "stream", "name": "stdout", "text": text}]


async def holder(nb: Bench, *, after: psutil.Process | None = None) -> psutil.Process:
    """The worker that serves the kernel, as soon as one does, and it is another than `after`."""

    async def look() -> psutil.Process | None:
        async with nb.lab.redis() as redis:
            owner = str(await redis.get(nb.keys.lease) or "").partition(" ")[0]
        for worker in nb.lab.workers():
            with suppress(psutil.NoSuchProcess):
                if worker.worker == owner and (found := psutil.Process(worker.pid)) != after:
                    return found
        return None

    return await until(look, what="a worker serves the kernel", timeout_s=60)


async def kill_holder(nb: Bench) -> None:
    (await holder(nb)).kill()


async def kill_all_workers(nb: Bench) -> None:
    for worker in nb.lab.workers():
        psutil.Process(worker.pid).kill()


async def kill_store(nb: Bench) -> None:
    psutil.Process(await nb.lab.store_pid()).kill()


async def kill_store_and_forget(nb: Bench) -> None:
    """Its last second is not on its disk, though it was acknowledged: the disk was slow."""
    store = psutil.Process(await nb.lab.store_pid())
    supervisor = store.parent()
    supervisor.suspend()  # it would start it again at once
    try:
        store.kill()
        await until(lambda: _is_dead(store), what="the store is dead")
        aof = _aof(nb.lab)
        os.truncate(aof, max(aof.stat().st_size - FORGOTTEN_BYTES, nb.kept_bytes))
    finally:
        supervisor.resume()


def _aof(lab: Lab) -> Path:
    """Where the store appends to now."""
    files = lab.data.rglob("appendonlydir/*.incr.aof")
    return max(files, key=lambda path: path.stat().st_mtime)


async def _is_dead(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def kill_holder_and_heir(nb: Bench) -> None:
    first = await holder(nb)
    first.kill()
    (await holder(nb, after=first)).kill()


async def stop_holder(nb: Bench) -> None:
    """It stands still for 5 s, and goes on when another has taken over."""
    process = await holder(nb)
    process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(5)
    finally:
        process.send_signal(signal.SIGCONT)


FAULTS: dict[str, Callable[[Bench], Awaitable[None]]] = {
    "holder": kill_holder,
    "holder, then the heir": kill_holder_and_heir,
    "all workers": kill_all_workers,
    "store": kill_store,
    "store with its last writes": kill_store_and_forget,
    "stopped holder": stop_holder,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_line_is_there_once_and_in_order(
    fault: str, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    async with running_lab(tmp_path) as lab:
        await again_and_again(lab, fault, "python3")
    measured(f"{KILLS} x {fault} ended in mid-run (seed {SEED}): nothing lost, nothing twice")


@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "all workers"])
async def test_so_it_is_with_a_kernel_that_writes_no_journal(
    fault: str, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    async with running_lab(tmp_path, workers=3) as lab:
        lab.add_foreign_kernel()
        await again_and_again(lab, fault, "foreign")
    measured(
        f"{KILLS} x {fault} ended in mid-run, no journal (seed {SEED}): nothing lost or twice"
    )


async def test_what_nobody_heard_is_shown_as_missing(tmp_path: Path) -> None:
    async with running_lab(tmp_path, workers=3) as lab:
        lab.add_foreign_kernel()
        cells = [TALKS.replace("TAG", "gap"), "pass"]
        async with bench(lab, "gap.ipynb", cells, kernel="foreign") as nb:
            await until_heard_by_all(nb)
            run_id = await nb.ask(0)
            await until(lambda: _says(nb, "line"), what="it runs")
            await kill_all_workers(nb)
            (lab.notes / "enough-gap").touch()  # it is over while nobody listens

            # On a slow machine the cell may outlast the workers' absence all the same.
            assert await nb.until_over(run_id, within_s=60) in ("lost", "ok")
            await nb.until_idle(0)
            assert await _says(nb, "[rtstore: output is missing here")
            assert (lab.notes / "ran-gap").read_text() == "x"
            assert await nb.run(1) == "ok"


async def test_a_cell_runs_again_after_the_store_was_flushed_under_it(tmp_path: Path) -> None:
    """Nothing in the store says any more that it runs, nor that there is a kernel."""
    cells = [CELL.replace("TAG", "flushed")]
    async with running_lab(tmp_path) as lab, bench(lab, "flushed.ipynb", cells) as nb:
        await nb.ask(0)
        await until(lambda: _says(nb, "line 20"), what="it runs")
        async with lab.redis() as redis:
            await redis.flushall()

        async def asked_again() -> str:
            status, told = await nb.post(0)
            # 202: it is queued later, but it will be; asked for once more, it would run once more.
            return str(told["run"]) if status in (200, 202) else ""

        run_id = await until(asked_again, what="it can be run", timeout_s=60, poll_s=0.5)
        assert await nb.until_over(run_id) == "ok"
        await until(lambda: _is_shown(nb), what="the cell shows all", timeout_s=60)
        assert nb.outputs(0) == expected()
        assert (lab.notes / "ran-flushed").read_text() == "xx"


async def again_and_again(lab: Lab, fault: str, kernel: str) -> None:
    chance = random.Random(f"{SEED} {fault} {kernel}")
    for number in range(KILLS):
        seed = chance.randrange(10**6)
        tag = re.sub(r"\W+", "-", f"{fault} {kernel} {number}")
        try:
            await one(lab, fault, tag, random.Random(seed), kernel)
        except Exception as error:
            raise AssertionError(f"{fault} number {number} of RTSTORE_SEED={SEED}") from error


async def one(lab: Lab, fault: str, tag: str, chance: random.Random, kernel: str) -> None:
    cells = [CELL.replace("TAG", tag), "pass", TOLD]
    async with bench(lab, f"{tag}.ipynb", cells, kernel=kernel) as nb:
        if kernel == "foreign":
            await nb.restart()  # whoever takes over has heard of that long ago
            await until_heard_by_all(nb)
        earlier = await nb.ask(1)
        assert await nb.until_over(earlier) == "ok"
        before = await _count(nb, earlier)
        if FAULTS[fault] is kill_store_and_forget:
            nb.kept_bytes = _aof(lab).stat().st_size  # the kernel itself may be as new
        run_id = await nb.ask(0)
        await asyncio.sleep(chance.uniform(0.05, LINES * EACH_S))
        await FAULTS[fault](nb)
        assert await nb.until_over(run_id, within_s=60) == "ok"

        await until(lambda: _is_shown(nb), what="the cell shows all", timeout_s=60)
        assert nb.outputs(0) == expected()
        assert await _count(nb, run_id) == before + 1
        assert (lab.notes / f"ran-{tag}").read_text() == "x"
        await until(lambda: _is_saved(nb), what="the file says the same", timeout_s=60)
        assert await nb.run(2) == "ok"
        told = "".join(f"taken {number}\n" for number in range(0, LINES, 10)) + "\n"
        await until(lambda: _is_told(nb, told), what="the widget has all that it took")


async def until_heard_by_all(nb: Bench) -> None:
    """Have the kernel speak until each bridge has found in the log what it heard itself."""

    async def all_synced() -> bool:
        if await nb.run(1) != "ok":
            return False
        async with nb.lab.redis() as redis:
            told = await redis.hgetall(nb.keys.ears)
        alive = {worker.worker for worker in nb.lab.bridges()}
        return len(alive) == 3 and all(told.get(worker) == "synced" for worker in alive)

    await until(all_synced, what="all bridges are synced", timeout_s=60)


async def _is_shown(nb: Bench) -> bool:
    cell = nb.live()[0]
    return cell.get("execution_state") == "idle" and cell.get("execution_count") is not None


async def _count(nb: Bench, run_id: str) -> int:
    async with nb.lab.redis() as redis:
        return int(await redis.hget(nb.keys.run(run_id), "count"))


async def _is_told(nb: Bench, text: str) -> bool:
    return [output.get("text") for output in nb.outputs(2)] == [text]


async def _is_saved(nb: Bench) -> bool:
    cells = nb.on_disk()
    if not cells or cells[0]["execution_count"] is None:
        return False
    texts = [
        "".join(o.get("text", o.get("data", {}).get("text/plain", [])))
        for o in cells[0]["outputs"]
    ]
    wanted = [str(o.get("text", o.get("data", {}).get("text/plain"))) for o in expected()]
    return texts == wanted


async def test_a_kernel_that_is_killed_leaves_what_it_had_said(tmp_path: Path) -> None:
    async with (
        running_lab(tmp_path) as lab,
        bench(lab, "killed.ipynb", [ENDLESS.replace("TAG", "k"), "'never'"]) as nb,
    ):
        run_id, second = await nb.ask(0), await nb.ask(1)
        await until(lambda: _says(nb, "line 20"), what="it runs")
        async with lab.redis() as redis:
            pid = int(await redis.hget(nb.keys.meta, "pid"))
        psutil.Process(pid).kill()

        assert await nb.until_over(run_id) == "lost"
        assert await nb.until_over(second) == "aborted"
        await nb.until_idle(0, 1)
        lines = "".join(output.get("text", "") for output in nb.outputs(0)).splitlines()
        assert lines == [f"line {number}" for number in range(len(lines))]
        assert len(lines) > 20
        assert [cell["execution_count"] for cell in nb.live()] == [None, None]

        await until(lambda: _started_again(nb, pid), what="Jupyter started it again", timeout_s=60)
        assert await nb.run(1) == "ok"


async def _says(nb: Bench, text: str) -> bool:
    return text in "".join(str(output.get("text", "")) for output in nb.outputs(0))


async def _started_again(nb: Bench, pid: int) -> bool:
    async with nb.lab.redis() as redis:
        return int(await redis.hget(nb.keys.meta, "pid") or 0) not in (0, pid)
