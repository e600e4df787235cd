"""Each process is ended by SIGKILL; in the two windows it must not be noticed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.exceptions import RedisError

from tests.browser.conftest import Arrive, Meet
from tests.support.lab import Lab, running_lab
from tests.support.people import Person
from tests.support.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]

LAB_LOST = "A connection to the Jupyter server could not be established"
"""JupyterLab's own dialog while the server of the page is away; not about documents."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Of this module: nobody else's processes are killed."""
    async with running_lab(tmp_path_factory.mktemp("kill")) as running:
        yield running


@pytest.mark.alone
async def test_a_worker_killed_in_the_middle_of_typing_is_not_noticed(
    lab: Lab, meet: Meet
) -> None:
    ann, bob = await meet("worker.ipynb", [""])
    before, after = "abcdefghij" * 5, "klmnopqrst" * 5
    await ann.enter()

    async with asyncio.TaskGroup() as group:
        group.create_task(ann.type(before + after, delay_ms=25))
        await bob.until_length(25)
        kill((await ann.worker()).pid)
        # What is typed while there is no connection arrives too, and soon.
        await bob.until_length(len(before), timeout_s=3)

    await bob.until_texts([before + after], timeout_s=3)
    assert await ann.texts() == [before + after]
    await nothing_was_noticed(ann, bob)
    await lab.until_saved("worker.ipynb", [before + after])
    await until(lambda: have_workers(lab, 2), what="the worker is back")


@pytest.mark.parametrize("victims", ["workers", "store", "jupyter"])
async def test_a_keystroke_survives_the_kill_of(lab: Lab, meet: Meet, victims: str) -> None:
    path = f"{victims}.ipynb"
    ann, bob = await meet(path, [""])
    pids = await pids_of(lab, victims)
    await ann.close_dialogs(LAB_LOST)
    await ann.enter()

    await ann.type("k")
    await bob.until_texts(["k"])  # long before a stock server would have stored it
    kill(*pids)

    await back(lab, victims, instead_of=pids)
    await ann.enter()
    await ann.type("l")
    await bob.until_texts(["kl"], timeout_s=60)
    await nothing_was_noticed(ann, bob, but=LAB_LOST if victims == "jupyter" else "")
    await lab.until_saved(path, ["kl"])


async def test_a_keystroke_survives_the_end_of_everything_and_of_both_windows(
    lab: Lab, meet: Meet, arrive: Arrive
) -> None:
    ann, bob = await meet("everything.ipynb", ["x = "])
    parts = ("workers", "store", "jupyter")
    pids = {part: await pids_of(lab, part) for part in parts}
    await ann.enter()

    await ann.type("1")
    await bob.until_texts(["x = 1"])
    await lab.until_written()
    kill(*(pid for part in parts for pid in pids[part]))
    await ann.leave()
    await bob.leave()

    for part in parts:
        await back(lab, part, instead_of=pids[part])
    cyd = await arrive("cyd")
    await cyd.open("everything.ipynb")
    await cyd.until_texts(["x = 1"])
    await lab.until_saved("everything.ipynb", ["x = 1"])


async def nothing_was_noticed(*people: Person, but: str = "") -> None:
    for person in people:
        assert [told for told in await person.dialogs() if not (but and but in told)] == []
        # A page that asks Jupyter for anything while it is down says so to its console, and that
        # the kernel died with it.
        of_jupyter = ("Failed to fetch", "Kernel is dead") if but else ()
        assert [told for told in person.errors if told not in of_jupyter] == []


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


async def pids_of(lab: Lab, part: str) -> list[int]:
    if part == "workers":
        return [worker.pid for worker in lab.workers()]
    return [await lab.store_pid() if part == "store" else lab.jupyter_pid()]


async def back(lab: Lab, part: str, *, instead_of: list[int]) -> None:
    """Wait until as many others are there."""

    async def look() -> bool:
        try:
            pids = await pids_of(lab, part)
        except (OSError, RedisError):  # the store is not there yet
            return False
        are_new = len(pids) == len(instead_of) and not set(pids) & set(instead_of)
        return are_new and (part != "jupyter" or await lab.answers())

    await until(look, what=f"{part} started again", timeout_s=60)


async def have_workers(lab: Lab, number: int) -> bool:
    return len(lab.workers()) == number
