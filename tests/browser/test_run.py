"""Running cells in a stock JupyterLab: the server runs them, and nobody need look on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Arrive, Meet
from tests.support.lab import Lab
from tests.support.tools import LONG
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TALK = "import time\nfor i in range(81):\n    print('line', i, flush=True)\n    time.sleep(1.05)"
UNTIL_SEEN = """
import pathlib, time
for i in range(40):
    print('line', i, flush=True)
    while i == 20 and not pathlib.Path('seen').exists():
        time.sleep(0.05)
    time.sleep(0.05)
"""


def cells_on_disk(lab: Lab, path: str) -> list[dict[str, Any]]:
    try:
        cells: list[dict[str, Any]] = json.loads((lab.notes / path).read_text())["cells"]
    except ValueError:  # it is being written
        return []
    return cells


async def until_on_disk(lab: Lab, path: str, texts: list[str], *, within_s: float = 60.0) -> None:
    """Wait until the outputs in the file are these texts."""

    async def look() -> bool:
        cells = cells_on_disk(lab, path)
        told = [
            "".join("".join(output.get("text", [])) for output in cell["outputs"])
            for cell in cells
        ]
        return told[: len(texts)] == texts

    await until(look, what=f"{path} on disk shows {texts}", timeout_s=within_s)


async def test_a_run_shows_in_both_pages_and_in_the_file(lab: Lab, meet: Meet) -> None:
    ann, bob = await meet("run.ipynb", ["print('hello')", "x = 6 * 7\nx"])
    await ann.until_kernel()

    await ann.run_cell(0)
    await ann.run_cell(1)

    for person in (ann, bob):
        await person.until_prompts(["[1]:", "[2]:"])
        await person.until_shown(0, "hello")
        await person.until_shown(1, "42")
        assert await person.dialogs() == []
    await until_on_disk(lab, "run.ipynb", ["hello\n"])


async def test_a_run_goes_on_when_all_pages_are_closed(lab: Lab, arrive: Arrive) -> None:
    lab.write_notebook("alone.ipynb", [UNTIL_SEEN, "print('after')"])
    whole = "".join(f"line {number}\n" for number in range(40))
    ann = await arrive("ann")
    await ann.open("alone.ipynb")
    await ann.until_kernel()
    await ann.run_cell(0)
    await ann.run_cell(1)
    await ann.until_shown(0, "line 3")
    await ann.until_prompts(["[*]:", "[*]:"])  # the server knows of both
    await ann.leave()

    bob = await arrive("bob")  # while it runs
    await bob.open("alone.ipynb")
    await bob.until_prompts(["[*]:", "[*]:"])
    await bob.until_shown(0, "line 20")
    await bob.leave()
    (lab.notes / "seen").touch()
    await until_on_disk(lab, "alone.ipynb", [whole, "after\n"])

    cy = await arrive("cy")  # after the end
    await cy.open("alone.ipynb")
    await cy.until_prompts(["[1]:", "[2]:"])
    await cy.until_shown(0, whole.strip())  # long texts are shown piece by piece
    assert await cy.shown(0) == whole.strip()
    assert await cy.dialogs() == []


if LONG:  # else 85 s in which nothing is to be seen

    @pytest.mark.timeout(300)
    async def test_81_lines_are_said_while_nobody_is_there(
        lab: Lab, arrive: Arrive, measured: Callable[[str], None]
    ) -> None:
        path = "alone for long.ipynb"
        lab.write_notebook(path, [TALK, "print('after')"])
        whole = "".join(f"line {number}\n" for number in range(81))
        ann = await arrive("ann")
        await ann.open(path)
        await ann.until_kernel()
        await ann.run_cell(0)
        await ann.run_cell(1)
        await ann.until_shown(0, "line 0")
        await ann.until_prompts(["[*]:", "[*]:"])
        await ann.leave()
        left = time.monotonic()
        await until_nobody(lab, path)

        await until_on_disk(lab, path, [whole, "after\n"], within_s=150)
        alone_s = time.monotonic() - left
        assert await lab.who(path) == {}
        assert [cell["execution_count"] for cell in cells_on_disk(lab, path)] == [1, 2]
        assert alone_s > 80

        bob = await arrive("bob")
        await bob.open(path)
        await bob.until_prompts(["[1]:", "[2]:"])
        await bob.until_shown(0, whole.strip())
        assert await bob.shown(0) == whole.strip()
        assert await bob.dialogs() == []
        measured(f"81 lines, nobody there for {alone_s:.0f} s: all in the file and in a new page")


async def until_nobody(lab: Lab, path: str) -> None:
    """Wait until no page has the document open."""

    async def look() -> bool:
        return await lab.who(path) == {}

    await until(look, what=f"nobody has {path} open", timeout_s=30)


@pytest.mark.parametrize("number", range(20 if LONG else 3))
async def test_two_who_open_a_notebook_at_once_get_one_kernel(
    lab: Lab, arrive: Arrive, number: int
) -> None:
    path = f"at once {number}.ipynb"
    lab.write_notebook(path, ["x"])
    ann, bob = await arrive("ann"), await arrive("bob")
    async with asyncio.TaskGroup() as both:
        both.create_task(ann.open(path))
        both.create_task(bob.open(path))
    async with asyncio.TaskGroup() as both:
        both.create_task(ann.until_kernel())
        both.create_task(bob.until_kernel())

    assert await ann.kernel_id() == await bob.kernel_id()
    assert len([one for one in await ann.sessions() if one["path"] == path]) == 1


async def test_a_question_is_answered_by_somebody_else(lab: Lab, meet: Meet) -> None:
    code = (
        "import threading\nprint('first')\nthreading.Timer(1.5, print, ['meanwhile']).start()\n"
        "name = input('Who? ')\nprint('hello', name)"
    )
    ann, bob = await meet("input.ipynb", [code])
    await ann.until_kernel()
    await ann.run_cell(0)
    await ann.until_shown(0, "Who? ")

    for person in (ann, bob):
        await person.until_shown(0, "first\nmeanwhile\nWho? ")
    await bob.answer("Grace")

    for person in (ann, bob):
        await person.until_shown(0, "first\nmeanwhile\nWho?  Grace\nhello Grace")
        assert "Answer" not in await person.shown(0)
    await until_on_disk(lab, "input.ipynb", ["first\nmeanwhile\nWho?  Grace\nhello Grace\n"])


async def test_progress_is_one_line_in_both_pages(lab: Lab, meet: Meet) -> None:
    code = (
        "import sys, time\nprint('start')\nfor i in range(0, 101, 5):\n"
        "    sys.stdout.write(f'\\r{i}% done'); sys.stdout.flush(); time.sleep(0.06)\n"
        "print('\\nend')"
    )
    ann, bob = await meet("bar.ipynb", [code])
    await ann.until_kernel()
    await ann.run_cell(0)

    for person in (ann, bob):
        await person.until_prompts(["[1]:"])
        await person.until_shown(0, "end")
        assert await person.shown(0) == "start\n100% done\nend"


async def test_a_restart_moves_everybody_and_ends_what_ran(lab: Lab, meet: Meet) -> None:
    ann, bob = await meet("restart.ipynb", ["import time\nprint('runs')\ntime.sleep(60)", "'new'"])
    await ann.until_kernel()
    await bob.until_kernel()
    await ann.run_cell(0)
    await ann.until_shown(0, "runs")  # what only waits is not lost, but aborted

    await bob.restart_kernel()

    await ann.until_prompts(["[ ]:", "[ ]:"])
    await ann.until_shown(0, f"the kernel was restarted by {(await bob.user())['display_name']}")
    await bob.until_kernel()
    await bob.run_cell(1)
    await ann.until_shown(1, "'new'")
    assert await ann.kernel_id() == await bob.kernel_id()
    runs = await lab.runs("restart.ipynb")
    assert runs["cell-0"]["state"] == "lost"
    assert "restarted by" in runs["cell-0"]["why"]


async def test_each_has_their_own_variables_in_a_notebook_set_so(lab: Lab, meet: Meet) -> None:
    lab.write_notebook("own.ipynb", [""])
    first, _ = await meet("own.ipynb", ["x = 1", "x"])
    await first.until_kernel()
    path = {"id": (await lab.document("own.ipynb")).tag[4:-1], "mode": "per-user"}
    assert await first.set_kernel_mode(**path) == 200
    ann, bob = await meet("own.ipynb", ["x = 1", "x"])
    await ann.until_kernel()
    await bob.until_kernel()
    assert await ann.kernel_id() != await bob.kernel_id()

    await ann.run_cell(0)
    await ann.until_prompts(["[1]:", "[ ]:"])
    await ann.enter(0)
    await ann.page.keyboard.press("Backspace")
    await ann.type("2")
    await bob.until_texts(["x = 2", "x"])
    await bob.run_cell(0)

    await ann.run_cell(1)
    await bob.until_shown(1, "1")
    await bob.run_cell(1)
    await ann.until_shown(1, "2")
    runs = await lab.runs("own.ipynb")
    assert runs["cell-1"]["name"] == (await bob.user())["display_name"]
