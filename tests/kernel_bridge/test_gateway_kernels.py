"""Kernels behind a real Kernel Gateway: no bridge has one at hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
import pytest_asyncio

from tests.kernel_bridge.test_cli import rtstore
from tests.support.kernel_gateway import KernelGateway, running_gateway
from tests.support.lab import Lab, running_lab
from tests.support.runs import Bench, bench
from tests.support.sessions import opened
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

UNLIMITED = "--ZMQChannelsWebsocketConnection.limit_rate=False"
LINES = 3000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KernelGateway]:
    async with running_gateway(tmp_path_factory.mktemp("gateway"), UNLIMITED) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(
    gateway: KernelGateway, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path_factory.mktemp("lab"), options=gateway.options) as running:
        yield running


async def meta(nb: Bench) -> dict[str, str]:
    async with nb.lab.redis() as redis:
        told: dict[str, str] = await redis.hgetall(nb.keys.meta)
    return told


async def until_running(nb: Bench, run_id: str) -> None:
    async def look() -> bool:
        return await nb.state(run_id) == "running"

    await until(look, what="it runs", timeout_s=30)


async def until_says(nb: Bench, text: str, cell: int = 0) -> str:
    """Wait until the cell shows this; all its text."""

    async def look() -> str:
        said = "".join(str(output.get("text", "")) for output in nb.outputs(cell))
        return said if text in said else ""

    return await until(look, what=f"cell {cell} shows {text!r}", timeout_s=60)


async def test_a_cell_runs_and_shows_all_once_and_in_order(
    lab: Lab, gateway: KernelGateway
) -> None:
    code = (
        "from IPython.display import display\n"
        "print('one')\nshown = display('old', display_id='d')\nprint('two')\n"
        "shown.update('new')\n1 / 0"
    )
    async with bench(lab, "once.ipynb", [code, "'after'"]) as nb:
        assert await nb.run(0) == "error"
        await nb.until_idle(0)
        one, shown, two, error = nb.outputs(0)
        assert (one["text"], shown["data"]["text/plain"], two["text"], error["ename"]) == (
            "one\n",
            "'new'",
            "two\n",
            "ZeroDivisionError",
        )
        assert await nb.run(1) == "ok"
        await nb.until_idle(1)
        assert [cell["execution_count"] for cell in nb.live()] == [1, 2]

        status, said = await rtstore(lab, "kernels", "--json")
        (kernel,) = [one for one in json.loads(said) if one["id"] == nb.kernel_id]
        assert (status, kernel["capture"], kernel["notebook"]) == (0, "ws", "once.ipynb")
        assert gateway.url in kernel["capture_why"]

        async def is_idle() -> bool:
            return (await meta(nb))["state"] == "idle"

        await until(is_idle, what="the gateway says that it is idle", timeout_s=60)


async def test_a_question_is_answered(lab: Lab) -> None:
    async with bench(lab, "asks.ipynb", ["print('got', input('? '))"]) as nb:
        run_id = await nb.ask(0)
        await nb.answer(run_id, "it")
        assert await nb.until_over(run_id) == "ok"
        await until_says(nb, "got it")


async def test_two_who_open_a_notebook_get_one_kernel(lab: Lab) -> None:
    async with bench(lab, "first.ipynb", ["1"]) as nb:
        for name in ("x.ipynb", "y.ipynb", "z.ipynb"):
            lab.write_notebook(name)
            async with asyncio.TaskGroup() as both:
                asked = [both.create_task(opened(nb, name)) for _ in range(2)]
            assert len({task.result() for task in asked}) == 1, name


async def test_an_interrupt_ends_the_run_and_says_who(lab: Lab) -> None:
    cells = ["import time\nprint('on', flush=True)\ntime.sleep(60)", "'never'"]
    async with bench(lab, "stop.ipynb", cells) as nb:
        run_id, second = await nb.ask(0), await nb.ask(1)
        await until_says(nb, "on\n")  # what comes after "busy" and before the code is ignored
        await nb.interrupt()
        assert await nb.until_over(run_id) == "error"
        assert await nb.until_over(second) == "aborted"
        async with lab.redis() as redis:
            assert (await redis.hget(nb.keys.run(run_id), "why")).startswith("interrupted by ")


async def test_a_restart_loses_the_run_and_says_who(lab: Lab) -> None:
    cells = ["import time\nprint('on', flush=True)\ntime.sleep(60)", "'never'", "'new'"]
    async with bench(lab, "again.ipynb", cells) as nb:
        run_id, second = await nb.ask(0), await nb.ask(1)
        await until_running(nb, run_id)
        status, said = await rtstore(lab, "restart", nb.kernel_id)
        assert status == 0, said

        assert await nb.until_over(run_id) == "lost"
        assert await nb.until_over(second) == "aborted"
        assert "restarted by" in await until_says(nb, "[rtstore: the kernel was restarted by ")
        new = await nb.ask(2)
        assert await nb.until_over(new) == "ok"
        await nb.until_idle(2)
        assert nb.live()[2]["execution_count"] == 1
        assert (await meta(nb))["generation"] == "2"


async def test_a_kernel_that_dies_loses_its_run_and_the_next_one_runs(lab: Lab) -> None:
    code = "import os\nprint(os.getpid(), flush=True)\nimport time\ntime.sleep(60)"
    async with bench(lab, "dies.ipynb", [code, "'next'"]) as nb:
        run_id = await nb.ask(0)
        psutil.Process(int(await until_says(nb, "\n"))).kill()
        assert await nb.until_over(run_id) == "lost"

        async def runs_again() -> bool:
            return await nb.run(1) == "ok"

        await until(runs_again, what="the gateway started it again", timeout_s=90)


async def test_a_flood_arrives_whole(lab: Lab) -> None:
    flood = f"for n in range({LINES}): print(n, flush=True)"
    async with bench(lab, "flood.ipynb", [flood, "print('y' * 12_000_000)"]) as nb:
        assert await nb.run(0) == "ok"
        await nb.until_idle(0)
        assert texts(nb.outputs(0)) == "".join(f"{n}\n" for n in range(LINES))
        assert await nb.run(1) == "ok"  # more than a websocket takes at once, unless told

        async def is_saved() -> bool:
            cells = nb.on_disk()
            return bool(cells) and len(texts(cells[1]["outputs"])) == 12_000_001

        await until(is_saved, what="the file has all of it", timeout_s=60)


async def test_what_the_gateway_holds_back_is_shown_as_missing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    tmp = tmp_path_factory.mktemp("limited")
    limit = "--ZMQChannelsWebsocketConnection.iopub_msg_rate_limit=50"
    flood = f"for n in range({LINES}): print(n, flush=True)"
    async with (
        running_gateway(tmp, limit) as limited,
        running_lab(tmp, options=limited.options) as lab,
        bench(lab, "limited.ipynb", [flood, "'on'"]) as nb,
    ):
        assert await nb.run(0) == "ok"
        await nb.until_idle(0)
        told = texts(nb.outputs(0))
        assert "[rtstore: output is missing here: a server before the kernel" in told
        assert "IOPub" not in told
        lines = [int(line) for line in told.splitlines() if line.isdigit()]
        assert lines == sorted(set(lines))
        assert len(lines) < LINES
        assert await nb.run(1) == "ok"


def texts(outputs: list[dict[str, Any]]) -> str:
    return "".join("".join(output.get("text", "")) for output in outputs)
