"""examples/agent: it does what its page says, seen by somebody else in the notebook."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from rtstore.client import Notebook, connect
from tests.examples.conftest import Arrive
from tests.examples.visitor import OPEN_S, Writer
from tests.support.lab import Lab

pytestmark = pytest.mark.asyncio(loop_scope="session")
AGENT = Path(__file__).parents[2] / "examples" / "agent" / "agent.py"


@asynccontextmanager
async def agent(lab: Lab, path: str) -> AsyncIterator[None]:
    """It watches a notebook."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(AGENT), f"{lab.url}lab?token={lab.token}", path),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            assert await process.stdout.readline() == f"watching {path}\n".encode()
        yield
        assert process.returncode is None
    finally:
        process.terminate()
        await process.wait()


def sources(notebook: Notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


async def test_it_looks_at_what_was_run_and_says_what_it_found(lab: Lab) -> None:
    check = "sum(value is None for value in data)"
    lab.write_notebook("agent.ipynb", ["data = [3, None, 5, None]", "other = 1"])
    async with (
        connect(lab.url, token=lab.token) as server,
        server.notebook("agent.ipynb") as notebook,
        agent(lab, "agent.ipynb"),
        asyncio.timeout(90),
    ):
        wanted = ["looking for missing values"]
        there = notebook.presence
        await notebook.until(lambda: [one.state.get("status") for one in there.people] == wanted)
        await (await notebook.cell(1).run()).done()
        await (await notebook.cell(0).run()).done()
        await notebook.until(lambda: len(notebook.cells) == 4)
        assert sources(notebook)[2:] == [check, "**Missing values in `data`: 2**"]
        assert (await notebook.cell(2).outputs)[0]["data"]["text/plain"] == "2"

        notebook.cell(0).source = "data = 7"
        await (await notebook.cell(0).run()).done()
        await notebook.until(lambda: len(notebook.cells) == 6)
        assert sources(notebook)[4:] == [check, "I can't look: 'int' object is not iterable"]


@pytest.mark.browser
@pytest.mark.timeout(240)
async def test_two_people_watch_it_at_work(lab: Lab, arrive: Arrive, notebook_url: str) -> None:
    lab.write_notebook("watched.ipynb", ["data = [None, 5, None]"])
    ann, bob = Writer(await arrive("Ann Lee")), Writer(await arrive("Bob Stone"))
    for one in (ann, bob):
        await one.visitor.open(notebook_url, path="watched.ipynb")
    async with agent(lab, "watched.ipynb"):
        await ann.cell("cell-0").get_by_role("button", name="Run cell").click()

        for one in (ann, bob):
            finding = one.page.get_by_text("Missing values in data: 2")
            await expect(finding).to_be_visible(timeout=OPEN_S * 1000)
            check = one.page.locator(".cell").nth(1)
            await expect(check.locator(".outputs")).to_contain_text("2")
            await expect(check.locator(".cm-content")).to_contain_text("value is None")
        # Its work is theirs to change, while it goes on.
        await bob.enter("cell-0")
        await bob.page.keyboard.press("Control+a")
        await bob.type("data = [1]")
        await bob.page.keyboard.press("Shift+Enter")
        await expect(ann.page.locator(".cell")).to_have_count(4)
        await expect(ann.page.locator(".cell").nth(3).locator(".outputs")).to_contain_text("0")
