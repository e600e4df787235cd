"""Kernels that keep no journal, heard by bridges: what is missing is said, and nothing else is."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.support.lab import Lab, running_lab
from tests.support.runs import Bench, bench
from tests.support.tools import LONG
from tests.support.waiting import until

MIXED = """
import os, threading
from IPython.display import clear_output, display
for number in range(50):
    print(number, flush=True)
    display(number, display_id=True).update(-number)
def say():
    for number in range(50):
        print('thread', number, flush=True)
        display(number)
threads = [threading.Thread(target=say) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if not (child := os.fork()):
    print('child', flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(input('? '))
clear_output()
1 / 0
"""
DROPS = """
print('before', flush=True)
get_ipython().kernel.session.message_count += 5
print('after', flush=True)
"""
NOTE = "[rtstore: output is missing here: 5 messages were not heard]\n"


async def gaps(nb: Bench) -> list[str]:
    async with nb.lab.redis() as redis:
        entries = await redis.xrange(nb.keys.out)
    return [told["content"] for _, told in entries if told["kind"] == "gap"]


async def others_ask(nb: Bench) -> None:
    """As pages do: replies that only they get."""
    url = f"{nb.lab.url}api/kernels/{nb.kernel_id}/channels"
    async with nb.http.ws_connect(url) as page:
        for number in range(5):
            for channel, asked in (("shell", "kernel_info"), ("control", "debug")):
                header = {"msg_id": f"{asked}{number}", "msg_type": f"{asked}_request"}
                header |= {"session": "page", "username": "", "date": "", "version": "5.3"}
                content = {"type": "request", "command": "debugInfo", "seq": number}
                told = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
                await page.send_json(told | {"channel": channel, "buffers": []})
        replies = 0
        async with asyncio.timeout(30):
            while replies < 10:
                replies += str((await page.receive_json())["msg_type"]).endswith("_reply")


async def test_of_a_kernel_that_loses_nothing_nothing_is_said_to_be_missing(lab: Lab) -> None:
    lab.add_foreign_kernel()
    async with bench(lab, "mixed.ipynb", [MIXED, "1"], kernel="foreign") as nb:
        assert await nb.run(1) == "ok"
        run_id = await nb.ask(0)
        await nb.answer(run_id, "x")
        assert await nb.until_over(run_id) == "error"
        await others_ask(nb)
        await nb.restart()
        assert await nb.run(1) == "ok"
        await nb.until_idle(0, 1)
        assert await gaps(nb) == []


async def test_what_a_kernel_dropped_is_shown_where_it_is_missing(lab: Lab) -> None:
    lab.add_foreign_kernel()
    async with bench(lab, "dropped.ipynb", [DROPS, "1"], kernel="foreign") as nb:
        assert await nb.run(1) == "ok"
        assert await nb.run(0) == "ok"
        await nb.until_idle(0)
        shown = [output["text"] for output in nb.outputs(0)]
        assert shown == ["before\n", NOTE, "after\n"]


@pytest.mark.skipif(not LONG, reason="takes half a minute (RTSTORE_TEST_LONG=1)")
async def test_what_nobody_took_from_a_kernel_in_time_is_shown_as_missing(tmp_path: Path) -> None:
    count = 60_000
    cells = [f"for number in range({count}): print(number, flush=True)", "1"]
    async with running_lab(tmp_path) as lab:
        lab.add_foreign_kernel()
        async with bench(lab, "stopped.ipynb", cells, kernel="foreign") as nb:
            assert await nb.run(1) == "ok"
            run_id = await nb.ask(0)
            await until(lambda: _is_begun(nb), what="it runs")
            workers = [psutil.Process(worker.pid) for worker in lab.workers()]
            for worker in workers:
                worker.send_signal(signal.SIGSTOP)
            await asyncio.sleep(15)
            for worker in workers:
                worker.send_signal(signal.SIGCONT)
            assert await nb.until_over(run_id, within_s=120) in ("ok", "lost")
            await nb.until_idle(0)
            text = "".join(str(output.get("text", "")) for output in nb.outputs(0))
            lines = [line for line in text.splitlines() if line.isdigit()]
            assert lines == sorted(set(lines), key=int)
            assert len(lines) == count or "[rtstore: output is missing here" in text


async def _is_begun(nb: Bench, cell: int = 0) -> bool:
    return bool(nb.outputs(cell))


@pytest.mark.parametrize("provisioner", ["", "local-provisioner"])  # ours, and Jupyter's own
async def test_a_run_says_in_which_start_of_the_kernel_it_was(lab: Lab, provisioner: str) -> None:
    kernel = provisioner or "foreign"
    lab.add_foreign_kernel(kernel, provisioner=provisioner)
    cells = ["1", "2", "import time; print('begun', flush=True); time.sleep(60)"]
    async with bench(lab, f"{kernel}-starts.ipynb", cells, kernel=kernel) as nb:
        assert await nb.run(0) == await nb.run(1) == "ok"
        running = await nb.ask(2)
        await until(lambda: _is_begun(nb, 2), what="it runs")
        restarting = asyncio.create_task(nb.restart())
        await until(lambda: _is_ordered(nb), what="somebody ordered it")
        assert await nb.run(1) == "ok"
        await restarting
        assert await nb.state(running) == "lost"
        await nb.until_idle(1)
        wanted = {"cell-0": ["earlier"], "cell-2": ["earlier", "out of order"]}
        await until(lambda: _is_marked(nb, wanted), what="marked")
        runs = await lab.runs(nb.path)
        told = {cell: (run["generation"], int(run["seq"])) for cell, run in runs.items()}
        assert told == {"cell-0": ("1", 1), "cell-1": ("2", 4), "cell-2": ("1", 3)}


async def _is_ordered(nb: Bench) -> bool:
    """Whether the log says of the restart: what is asked for from then on is for the new start."""
    async with nb.lab.redis() as redis:
        return any(told["kind"] == "act" for _, told in await redis.xrange(nb.keys.out))


async def _is_marked(nb: Bench, marks: dict[str, list[str]]) -> bool:
    url = f"{nb.lab.url}rtstore/runs?document={nb.document_id}"
    async with nb.http.get(url) as reply:
        told = await reply.json()
    return {cell: run["marks"] for cell, run in told.items() if "marks" in run} == marks
