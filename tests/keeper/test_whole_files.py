"""Large outputs in a file, in a document that is kept, and beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtstore.keeper import sweeper
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import a_worker, notebook, opened, write
from tests.support.waiting import until

LONG = "long\n" * 40_000


def _texts(file: Path) -> list[str]:
    try:
        cells = json.loads(file.read_text())["cells"]
    except ValueError:  # it is being written
        return []
    return ["".join(one.get("text", "no text")) for cell in cells for one in cell["outputs"]]


async def test_a_keeper_deletes_what_nobody_needs_and_the_file_stays_whole(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "SWEEP_S", 0.05)
    content = notebook("a", "b")
    for cell, text in zip(content["cells"], (LONG + "1", LONG + "2"), strict=True):
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
    path = write(jupyter, content)
    file = jupyter.files / path
    async with (
        a_worker(jupyter, "w1", outputs_kept_days=1e-7) as worker,
        opened(worker, path) as ada,
    ):

        async def number() -> int:
            return int(await worker.link.command("ZCARD", ada.keys.giants))

        assert await number() == 2
        await ada.change(ada.notebook.ycells[0]["outputs"].clear)

        async def is_one_gone() -> bool:
            return await number() == 1

        await until(is_one_gone, what="what the cell does not show any more is deleted")
        await ada.insert(0, "new ")
        await ada.until(lambda: _texts(file) == [LONG + "2"])
        assert await number() == 1
