"""Every action there is: what it answers is what the schema says, and so is what is stored."""

from __future__ import annotations

from typing import Any

import pytest

from rtstore.schema.actions import ACTIONS
from tests.live.looker import Looker, looking
from tests.support.lab import Lab
from tests.support.store_check import wrong_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Asker:
    """Asks, and remembers what for. What the looker hears is held against the schema there."""

    def __init__(self, looker: Looker) -> None:
        self._looker = looker
        self.asked: set[str] = set()

    async def __call__(self, action: str, **params: Any) -> Any:
        record = await self._looker.ask(action, **params)
        assert record.get("state") == "ok", record
        self.asked.add(action)
        return record["result"]


async def test_each_answers_as_the_schema_says(lab: Lab) -> None:
    async with looking(lab) as ann, looking(lab, "dir:{S}:") as files:
        ask = Asker(ann)
        await of_files(ask, files)
        await of_kernels(ask)
        await of_sessions(lab, ask)
        problems, found = await wrong_in(lab.store_url)
        await ask("terminal.delete", name="every")
    assert problems == []
    assert {"LiveAction", "LiveContents", "LiveDirectory", "LiveTerminal"} <= found
    assert ask.asked == set(ACTIONS)


async def of_files(ask: Asker, files: Looker) -> None:
    await ask("terminal.create", name="every")
    made = await ask("contents.create", path="", type="directory")
    await ask("contents.upload", path="every.txt", content="a\n", format="text")
    await files.until(lambda: "every.txt" in files.tables["contents"])
    await ask("contents.copy", path="every.txt", to=made["path"])
    await ask("contents.rename", path="every.txt", new_path=f"{made['path']}/other.txt")
    path = f"{made['path']}/other.txt"
    checkpoint = await ask("checkpoint.create", path=path)
    assert [one["id"] for one in await ask("checkpoint.list", path=path)] == [checkpoint["id"]]
    await ask("checkpoint.restore", path=path, checkpoint_id=checkpoint["id"])
    await ask("checkpoint.delete", path=path, checkpoint_id=checkpoint["id"])
    for name in ("other.txt", "every.txt"):
        await ask("contents.delete", path=f"{made['path']}/{name}")
    await ask("contents.delete", path=made["path"])


async def of_kernels(ask: Asker) -> None:
    kernel = await ask("kernel.start")
    await ask("kernel.complete", **kernel, code="pri", cursor_pos=3)
    await ask("kernel.inspect", **kernel, code="print", cursor_pos=3)
    await ask("kernel.is_complete", **kernel, code="if 1:")
    await ask("kernel.history", **kernel)
    for action in ("kernel.interrupt", "kernel.restart", "kernel.shutdown"):
        await ask(action, **kernel)


async def of_sessions(lab: Lab, ask: Asker) -> None:
    lab.write_notebook("every.ipynb", ["1 + 1"])
    session = await ask("session.create", path="every.ipynb")
    await ask("session.change", session_id=session["id"], name="renamed")
    await ask("cell.run", path="every.ipynb", cells=["cell-0"])
    await ask("session.delete", session_id=session["id"])
