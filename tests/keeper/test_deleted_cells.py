"""A cell that is deleted while it runs, and brought back by an undo."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from rtstore.keeper import kernel_outputs
from rtstore.keeper.charge import Charge
from rtstore.keeper.kernel_outputs import KernelOutputs
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_log import read_run
from rtstore.redis_backend.run_queue import DROP
from rtstore.redis_backend.update_log import Origin
from rtstore.schema.live_cells import cell_type
from rtstore.schema.run import OK, REQUESTED, RUNNING, SENT
from rtstore.schema.run_outputs import RunOutputs
from rtstore.tasks import background
from tests.keeper.following import KERNEL, RUN, Kernel
from tests.support.waiting import until


class Notebook:
    """Its cell is taken away, and put back as an undo does, while a kernel runs it."""

    def __init__(self, charge: Charge, link: Link) -> None:
        self._charge = charge
        self.book, self.kernel = RunBook(link, charge.keys), Kernel(link)
        self._cell: dict[str, Any] = {}

    def keeper(self) -> KernelOutputs:
        return KernelOutputs(self._charge, self.book, lambda _: KERNEL)

    async def begin(self) -> None:
        kernel = self.kernel
        await kernel.log.begin("journal:1", {})
        await kernel.queue.add(RUN)
        at = str(await kernel.log.end())
        await kernel.queue.change(RUN, SENT, when=(REQUESTED,), sent_at=at)
        await kernel.say("status", execution_state="busy")

    async def say(self, text: str) -> None:
        await self.kernel.say("stream", name="stdout", text=text)

    async def delete(self) -> None:
        def change(document: Any) -> None:
            del document.ycells[0]
            document.ycells.append(cell_type({**self._cell, "id": "other", "outputs": []}))

        self._cell = self._charge.content()["cells"][0]
        await self._edit(change)

    async def undo(self) -> None:
        def change(document: Any) -> None:
            document.ycells.insert(0, cell_type(self._cell))
            document.ycells[0]["execution_state"] = "running"

        await self._edit(change)

    async def _edit(self, change: Callable[[Any], None]) -> None:
        replica = self._charge.replica
        async with self._charge.lock:
            await replica.edit(change, Origin(), self._charge.hand)
        await replica.follower.catch_up()

    def cell(self) -> dict[str, Any]:
        told: dict[str, Any] = self._charge.replica.document.ycells[0].to_py()
        return told

    async def until_shown(self, *texts: str) -> None:
        async def look() -> bool:
            return [one["text"] for one in self.cell().get("outputs", ())] == list(texts)

        await until(look, what=f"{texts} is shown")

    async def until_followed(self) -> None:
        async def look() -> bool:
            cursor, _ = await self.book.cursor("k-1")
            return cursor == str(await self.kernel.log.end())

        await until(look, what="all is followed")


@pytest.fixture
async def notebook(charge: Charge, link: Link) -> AsyncIterator[Notebook]:
    """Its cell is deleted; another keeper than the one that noticed goes on."""
    await link.command("HSET", KERNEL.meta, "kernel_id", "k-1", "generation", "1")
    await link.command("HSET", charge.keys.follows, "k-1", 1)
    made = Notebook(charge, link)
    await made.begin()
    await made.say("one\n")
    async with background(made.keeper().run()):
        await made.until_shown("one\n")
        await made.delete()
        await made.say("two\n")
        await made.until_followed()
    async with background(made.keeper().run()):
        yield made


async def test_a_cell_that_is_back_has_what_was_said_meanwhile(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def and_more(*given: Any, **told: Any) -> RunOutputs:
        await notebook.say("three\n")  # while it is read
        return await read_run(*given, **told)

    monkeypatch.setattr(kernel_outputs, "read_run", and_more)
    await notebook.undo()
    await notebook.until_shown("one\ntwo\nthree\n")
    await notebook.say("four\n")
    await notebook.until_shown("one\ntwo\nthree\nfour\n")
    assert notebook.cell()["execution_state"] == "running"


async def test_a_cell_whose_run_ended_meanwhile_is_idle(notebook: Notebook) -> None:
    await notebook.kernel.queue.change(RUN, OK, count="7")
    await notebook.until_followed()
    await notebook.undo()
    await notebook.until_shown("one\ntwo\n")
    cell = notebook.cell()
    assert (cell["execution_state"], cell["execution_count"]) == ("idle", 7)


async def test_a_cell_that_is_back_asks_what_its_run_asks(notebook: Notebook) -> None:
    told = {"said": "asks", "prompt": "Who?", "prompt_id": "m1"}
    await notebook.kernel.queue.change(RUN, RUNNING, when=(SENT,), **told)
    await notebook.until_followed()
    await notebook.undo()

    async def asks() -> bool:
        return "rtstore/input/k-1/r1" in str(notebook.cell().get("outputs"))

    await until(asks, what="it asks")


async def test_a_cell_whose_run_is_not_known_any_more_says_so(notebook: Notebook) -> None:
    await notebook.kernel.queue.change(RUN, OK, count="7", sent_at=DROP)
    await notebook.until_followed()
    await notebook.undo()
    await notebook.until_shown(
        "one\n", "[rtstore: output is missing here: the cell was deleted]\n"
    )
    assert notebook.cell()["execution_state"] == "idle"
