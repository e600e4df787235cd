"""Cells that a program runs, in a whole ``rtstore lab``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rtstore.client import ActionFailed, CellChange, Notebook, RunFailed, connect
from rtstore.errors import JupyterUnavailable
from tests.support.lab import Lab
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
UNTIL_SEEN = """import os, time
while not os.path.exists('moved.seen'):
    time.sleep(0.05)
print('there')"""
SLOW = "import time\nfor i in range(600):\n    print(i, flush=True)\n    time.sleep(0.1)"


@asynccontextmanager
async def opened(lab: Lab, path: str, cells: Sequence[str]) -> AsyncIterator[Notebook]:
    """A new notebook; its kernel ends with it."""
    lab.write_notebook(path, cells)
    async with connect(lab.url, token=lab.token) as server, server.notebook(path) as notebook:
        try:
            async with asyncio.timeout(100):
                yield notebook
        finally:
            requests = notebook._requests
            if kernel_id := await notebook._runner.kernel(path, start=False):
                await requests.ask("DELETE", f"api/kernels/{kernel_id}")


def text_of(outputs: Sequence[dict[str, Any]]) -> str:
    return "".join("".join(output.get("text", "")) for output in outputs)


async def test_a_cell_is_run_and_says_how_it_went(lab: Lab) -> None:
    async with opened(lab, "run.ipynb", ["print('a'); 40 + 2", "1 / 0", ""]) as notebook:
        run = await notebook.cell(0).run()
        assert (await run.done()) is run
        assert (run.state, run.execution_count, run.error) == ("ok", 1, None)
        assert run.check() is run
        assert text_of(run.outputs) == "a\n"
        assert run.outputs[-1]["data"]["text/plain"] == "42"
        assert notebook.cell(0).outputs == run.outputs
        assert notebook.cell(0).execution_count == 1

        failed = await (await notebook.cell(1).run()).done()
        assert failed.state == "error"
        assert failed.error is not None
        assert failed.error.ename == "ZeroDivisionError"
        with pytest.raises(RunFailed, match="cell-1: ZeroDivisionError: division by zero") as told:
            failed.check()
        assert "ZeroDivisionError" in told.value.traceback

        blank = await (await notebook.cell(2).run()).done()
        assert (blank.state, blank.outputs) == ("ok", [])
        notebook.append_cell("# words", "markdown")
        with pytest.raises(ValueError, match="only code"):
            await notebook.cell(-1).run()


async def test_what_runs_is_what_was_typed_last(lab: Lab) -> None:
    async with opened(lab, "typed.ipynb", ["x = 1"]) as notebook:
        cell = notebook.cell(0)
        for number in range(20):
            cell.source = f"print({number})"
        run = await (await cell.run()).done()
        assert text_of(run.outputs) == "19\n"
        assert text_of(await cell.outputs) == "19\n"


async def test_all_are_run_in_order_and_an_error_stops_the_rest(lab: Lab) -> None:
    cells = ["x = []", "x.append(1); print(x)", "x.append(2); print(x)"]
    async with opened(lab, "all.ipynb", cells) as notebook:
        runs = await notebook.run_all()
        assert [run.state for run in runs] == ["ok"] * 3
        assert [text_of(cell.outputs) for cell in notebook.cells] == ["", "[1]\n", "[1, 2]\n"]

        notebook.cell(1).source = "1 / 0"
        runs = await notebook.run_all()
        assert [run.state for run in runs] == ["ok", "error", "aborted"]
        with pytest.raises(RunFailed, match="aborted"):
            runs[2].check()


async def test_a_question_is_answered(lab: Lab) -> None:
    async with opened(lab, "asks.ipynb", ["print('hello', input('Who? '))", "1"]) as notebook:
        run = await notebook.cell(0).run()
        question = await run.asks()
        assert question is not None
        assert (question.prompt, question.is_password) == ("Who? ", False)
        await run.answer("Grace")
        await run.done()
        assert run.check().question is None
        assert text_of(notebook.cell(0).outputs).endswith("hello Grace\n")
        with pytest.raises(ActionFailed, match="nothing is asked"):
            await run.answer("Ada")
        assert await (await notebook.cell(1).run()).asks() is None


async def test_runs_are_interrupted_and_cancelled(lab: Lab) -> None:
    async with opened(lab, "long.ipynb", [SLOW, "print(2)"]) as notebook:
        long = await notebook.cell(0).run()
        await notebook.until(lambda: bool(notebook.cell(0).outputs))
        assert notebook.cell(0).is_running
        waits = await notebook.cell(1).run()
        await waits.cancel()
        assert (await waits.done()).state == "aborted"
        assert "cancelled by" in waits.why
        with pytest.raises(ActionFailed) as refused:
            await long.cancel()
        assert refused.value.status == 409

        await notebook.interrupt()
        assert (await long.done()).state == "error"
        assert long.error is not None
        assert long.error.ename == "KeyboardInterrupt"

        again = await notebook.cell(0).run()
        # What it showed before ends with the error of its interrupt.
        await notebook.until(
            lambda: [one["output_type"] for one in notebook.cell(0).outputs] == ["stream"]
        )
        await notebook.restart()
        assert (await again.done()).state == "lost"


async def test_a_cell_is_moved_for_everybody_while_it_runs(lab: Lab) -> None:
    cells = [UNTIL_SEEN, "2", "3"]
    async with (
        opened(lab, "move.ipynb", cells) as mine,
        connect(lab.url, token=lab.token) as server,
        server.notebook("move.ipynb") as theirs,
    ):
        changes = theirs.cell_changes()
        run = await mine.cell(0).run()
        moved = mine.move_cell(0, 2)
        assert [cell.id for cell in mine.cells] == ["cell-1", "cell-2", "cell-0"]
        assert moved.index == 2
        await theirs.until(lambda: theirs.cells[-1].id == "cell-0")
        (lab.notes / "moved.seen").touch()
        (await run.done()).check()
        assert text_of(await moved.outputs) == "there\n"
        seen: list[tuple[str, str]] = []
        async for change in changes:
            assert not change.is_mine
            seen.append((change.what, change.cell.id))
            if change.what == "outputs":
                break
        assert ("moved", "cell-0") in seen
        assert not {"added", "removed"} & {what for what, _ in seen}
        assert text_of(await theirs.cell("cell-0").outputs) == "there\n"


async def test_changes_of_cells_are_told_one_by_one(lab: Lab) -> None:
    async with (
        opened(lab, "watch.ipynb", ["x", "y", "z"]) as mine,
        connect(lab.url, token=lab.token) as server,
        server.notebook("watch.ipynb") as theirs,
    ):
        changes, own = theirs.cell_changes(), mine.cell_changes()

        async def told() -> CellChange:
            async with asyncio.timeout(30):
                return await anext(changes)

        async def are(*wanted: tuple[str, str]) -> None:
            assert [((one := await told()).what, one.cell.id) for _ in wanted] == list(wanted)

        mine.cell(0).append("1")
        await are(("source", "cell-0"))
        added = mine.insert_cell(1, "new")
        await are(("added", added.id))
        mine.delete_cell("cell-1")
        await are(("removed", "cell-1"))
        mine.move_cell("cell-2", 0)
        await are(("moved", "cell-2"))
        with mine.transaction():
            mine.cell(0)._shared["metadata"]["k"] = 1
            mine.cell(0).source = "w"
        assert {(await told()).what, (await told()).what} == {"metadata", "source"}
        first = await anext(own)
        assert (first.what, first.cell, first.is_mine) == ("source", mine.cell("cell-0"), True)


async def test_a_worker_alone_says_what_it_lacks(lab: Lab) -> None:
    lab.write_notebook("alone.ipynb", ["1"])
    url = lab.workers()[0].url
    async with connect(url, token=lab.token) as server, server.notebook("alone.ipynb") as notebook:
        with pytest.raises(JupyterUnavailable, match="has no api/sessions"):
            await notebook.cell(0).run()


async def test_the_file_has_what_was_run(lab: Lab) -> None:
    async with opened(lab, "file.ipynb", ["print('kept')"]) as notebook:
        (await (await notebook.cell(0).run()).done()).check()
        await notebook.save()

        async def is_kept() -> bool:
            return '"kept\\n"' in (lab.notes / "file.ipynb").read_text()

        await until(is_kept, what="the file shows it")
