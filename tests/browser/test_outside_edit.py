from __future__ import annotations

import asyncio
import json

import pytest

from tests.browser.conftest import Meet
from tests.support.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_file_changed_on_disk_while_somebody_types_keeps_both_edits(
    lab: Lab, meet: Meet
) -> None:
    ann, bob = await meet("outside.ipynb", ["", "second = 2"])
    typed = "abcdefghij" * 8
    await ann.enter(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(ann.type(typed, delay_ms=40))
        await bob.until_length(10)
        edit(lab, "outside.ipynb", cell=1, text="second = 22")
        await bob.wait("() => window.rt.texts()[1] === 'second = 22'")

    both = [typed, "second = 22"]
    await ann.until_texts(both)
    await bob.until_texts(both)
    await lab.until_saved("outside.ipynb", both)
    assert await ann.dialogs() == await bob.dialogs() == []


async def test_a_cell_added_on_disk_appears_in_both_windows(lab: Lab, meet: Meet) -> None:
    ann, bob = await meet("added.ipynb", ["first = 1"])
    file = lab.notes / "added.ipynb"
    notebook = json.loads(file.read_text())
    notebook["cells"].append({**notebook["cells"][0], "id": "cell-new", "source": "new = 2"})

    file.write_text(json.dumps(notebook))

    await ann.until_texts(["first = 1", "new = 2"])
    await bob.until_texts(["first = 1", "new = 2"])
    assert await ann.dialogs() == await bob.dialogs() == []


def edit(lab: Lab, path: str, *, cell: int, text: str) -> None:
    """Read, change one cell, write: as a program does that knows of nobody else."""
    file = lab.notes / path
    notebook = json.loads(file.read_text())
    notebook["cells"][cell]["source"] = text
    file.write_text(json.dumps(notebook, indent=1))
