"""The example of docs/client.md and a worker's death, in a whole ``rtstore lab``."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from rtstore.client import Notebook, connect
from rtstore.errors import NoSuchDocument, NotAllowed
from tests.support.lab import Lab, running_lab
from tests.support.waiting import until

PAGE = Path(__file__).parents[2] / "docs" / "client.md"
README = PAGE.parents[1] / "README.md"


def sources(notebook: Notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


@pytest.mark.timeout(300)
async def test_the_page_and_a_killed_worker(tmp_path: Path) -> None:
    async with running_lab(tmp_path) as lab:
        await the_page_says_the_truth(lab)
        await nothing_is_lost_when_a_worker_is_killed(lab)
        await who_is_not_let_in_is_told_why(lab)


async def the_page_says_the_truth(lab: Lab) -> None:
    lab.write_notebook("plan.ipynb", ["x = 1"])
    page = PAGE.read_text() + README.read_text()
    found = re.findall(r"<!-- run -->\n```python\n(.*?)```\n\n```\n(.*?)```", page, re.DOTALL)
    assert len(found) == page.count("<!-- run -->") == 6
    for number, (program, output) in enumerate(found):
        assert await said(program, lab) == output
        if number == 0:
            assert lab.on_disk("plan.ipynb") == [
                "x = 1",
                "# added by a program\ntotal = 1 + 2",
                "## Results",
            ]


async def said(program: str, lab: Lab) -> str:
    """What a program of the page prints."""
    for here, there in (("http://127.0.0.1:8888/", lab.url), ("secret-of-mine", lab.token)):
        assert here in program
        program = program.replace(here, there)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return told.decode()


async def nothing_is_lost_when_a_worker_is_killed(lab: Lab) -> None:
    lab.write_notebook("kill.ipynb", [""])
    typed = [f"{number:03} " for number in range(100)]
    async with (
        connect(f"{lab.url}lab?token={lab.token}") as ann,
        connect(lab.workers()[1].url, token=lab.token) as bob,
        ann.notebook("kill.ipynb") as mine,
        bob.notebook("kill.ipynb") as theirs,
    ):
        cell = mine.cell(0)
        for number, word in enumerate(typed):
            cell.insert(len(cell.source), word)
            await asyncio.sleep(0)
            if number == 50:
                await theirs.until(lambda: bool(theirs.cell(0).source))
                os.kill(lab.workers()[0].pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            await theirs.until(lambda: theirs.cell(0).source == "".join(typed))
        await mine.save()
    assert lab.on_disk("kill.ipynb") == ["".join(typed)]


async def who_is_not_let_in_is_told_why(lab: Lab) -> None:
    async with connect(lab.url, token=lab.token) as ann:
        with pytest.raises(NoSuchDocument):
            async with ann.notebook("none.ipynb"):
                pass
    for url in (lab.url, lab.workers()[0].url):
        async with connect(url, token="wrong") as eve:
            with pytest.raises(NotAllowed):
                async with eve.notebook("plan.ipynb"):
                    pass


async def test_a_lab_without_tokens(tmp_path: Path) -> None:
    async with running_lab(tmp_path, options=["--token="]) as lab:
        lab.write_notebook("a.ipynb", ["x = 1"])
        async with connect(lab.url) as ann, ann.notebook("a.ipynb") as mine:
            mine.append_cell("y = 2")
            await mine.save()

        async def is_saved() -> bool:
            return lab.on_disk("a.ipynb") == ["x = 1", "y = 2"]

        await until(is_saved, what="the file has both cells")
