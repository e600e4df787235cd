"""Two windows of the todo list."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.async_api import Locator, expect

from tests.examples.conftest import Arrive
from tests.examples.line import line
from tests.examples.visitor import Visitor, seat_apart
from tests.support.lab import Lab
from tests.support.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]


async def add(visitor: Visitor, text: str) -> None:
    await visitor.page.get_by_label("What is to be done").fill(text)
    await visitor.page.keyboard.press("Enter")


def todo(visitor: Visitor, text: str) -> Locator:
    return visitor.page.get_by_label(text, exact=True)


def count(visitor: Visitor) -> Locator:
    return visitor.page.locator("footer").get_by_role("status")


async def test_two_add_tick_and_undo(arrive: Arrive, todo_url: str) -> None:
    ann, bob = await arrive("Ann Lee"), await arrive("Bob Stone")
    for visitor in (ann, bob):
        await visitor.open(todo_url, list="shopping")
    await expect(bob.face("Ann Lee")).to_be_visible()

    await add(ann, "bread")
    await expect(todo(bob, "bread")).to_be_visible()
    await add(bob, "milk")
    await todo(bob, "bread").check()
    await expect(todo(ann, "bread")).to_be_checked()
    await expect(count(ann)).to_have_text("1 to do")

    await ann.page.get_by_role("button", name="Undo").click()  # her bread, and nothing of his
    await expect(todo(bob, "bread")).to_have_count(0)
    await expect(todo(bob, "milk")).to_be_visible()
    await ann.page.get_by_role("button", name="Redo").click()
    await expect(todo(bob, "bread")).to_be_visible()


async def test_what_the_schema_forbids_is_said_to_both(arrive: Arrive, todo_url: str) -> None:
    ann, bob = await arrive("Ann Lee"), await arrive("Bob Stone")
    for visitor in (ann, bob):
        await visitor.open(todo_url, list="too-long")

    await add(ann, "word " * 20)

    for visitor in (ann, bob):
        await expect(visitor.page.locator(".problems li")).to_contain_text("todos")
    await bob.page.get_by_role("button", name="Delete").click()
    for visitor in (ann, bob):
        await expect(visitor.page.locator(".problems")).to_have_count(0)


async def test_a_worker_that_is_killed_and_a_line_that_is_cut_lose_nothing(
    lab: Lab, arrive: Arrive, todo_url: str
) -> None:
    ann, bob = await arrive("Ann Lee"), await arrive("Bob Stone")
    async with line(todo_url) as cable:
        await ann.open(cable.url, list="kill")
        await bob.open(todo_url, list="kill")
        await seat_apart(ann, bob)
        await add(ann, "before")
        victim = await ann.worker()

        os.kill(victim.pid, signal.SIGKILL)
        await add(ann, "meanwhile")

        await expect(todo(bob, "meanwhile")).to_be_visible()
        await ann.until_badge("saved")
        cable.cut()
        await ann.until_badge("offline")
        await add(ann, "alone")
        await add(bob, "without her")
        await expect(todo(ann, "alone")).to_be_visible()
        cable.mend()

        for visitor in (ann, bob):
            for text in ("before", "meanwhile", "alone", "without her"):
                await expect(todo(visitor, text)).to_have_count(1, timeout=60_000)
        await until(lambda: have_workers(lab, 2), what="the worker is back")
        await ann.leave()


async def have_workers(lab: Lab, number: int) -> bool:
    return len(lab.workers()) == number
