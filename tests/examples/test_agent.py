"""examples/agent: it does what its page says, seen by somebody else in the notebook."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rtstore.client import Notebook, connect
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
        async with asyncio.timeout(30):
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
