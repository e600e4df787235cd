"""A cell that somebody moves, or whose outputs somebody clears, while it prints."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Array, Doc

from rtstore.schema.canonical import plain
from rtstore.schema.live_cells import cell_type
from tests.support.lab import Lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
LINES = 300
PRINTS = f"""
import time
from IPython.display import display
for number in range({LINES}):
    print('line', number, flush=True)
    if number % 60 == 30:
        display({{'text/plain': f'shown {{number}}'}}, raw=True)
    time.sleep(0.01)
"""
CLEARED = (20, 100, 180)
WAITS = f"""import pathlib
{PRINTS}
    if (line := number - 60) in {CLEARED}:
        while not pathlib.Path(f'cleared-{{line}}').exists():
            time.sleep(0.01)
"""
"""So that there is more to come, however late it is cleared."""


def _cell(nb: Bench) -> str:
    """What the cell that prints shows."""
    return _text(nb.live())


def _text(cells: list[dict[str, Any]]) -> str:
    """The text of its outputs, one after the other."""
    (cell,) = (cell for cell in cells if cell["id"] == "cell-0")
    texts = (
        output["text"] if "text" in output else [*output["data"]["text/plain"], "\n"]
        for output in cell["outputs"]
    )
    return "".join("".join(text) for text in texts)


def _expected() -> str:
    lines = []
    for number in range(LINES):
        lines.append(f"line {number}\n")
        if number % 60 == 30:
            lines.append(f"shown {number}\n")
    return "".join(lines)


def _shown(nb: Bench) -> tuple[str, str, int | None]:
    """Its text, state and number."""
    (cell,) = (cell for cell in nb.live() if cell["id"] == "cell-0")
    return _cell(nb), cell["execution_state"], cell["execution_count"]


def _moved(doc: Doc[Any]) -> bytes:
    """What a page says that moves the first cell one down, as JupyterLab does."""
    cells, before = doc.get("cells", type=Array), doc.get_state()
    cell = plain(cells[0].to_py())
    state = cell.pop("execution_state")
    with doc.transaction():
        del cells[0]
        cells.insert(1, cell_type(cell))
        cells[1]["execution_state"] = state
    return doc.get_update(before)


async def _is_saved(nb: Bench, text: str) -> bool:
    cells = nb.on_disk()
    return bool(cells) and _text(cells) == text


async def _until_says(nb: Bench, text: str) -> None:
    async def look() -> bool:
        return text in _cell(nb)

    await until(look, what=f"it shows {text!r}", timeout_s=60)


async def test_a_cell_that_is_moved_while_it_prints_shows_all_of_it_once(lab: Lab) -> None:
    async with bench(lab, "moved.ipynb", [PRINTS, "'between'", "'last'"]) as nb:
        run_id = await nb.ask(0)
        for number in range(10, LINES - 60, 20):
            await _until_says(nb, f"line {number}\n")
            at = [cell.id for cell in nb.notebook.cells].index("cell-0")
            nb.notebook.move_cell(at, (at + 1) % 3)
        assert await nb.until_over(run_id) == "ok"
        await nb.until_idle(0, 1, 2)

        assert sorted(cell["id"] for cell in nb.live()) == ["cell-0", "cell-1", "cell-2"]
        assert _cell(nb) == _expected()


@pytest.mark.parametrize("hears_again", [60, LINES])
async def test_a_cell_that_is_moved_by_who_has_not_heard_all_shows_all_of_it_once(
    lab: Lab, hears_again: int
) -> None:
    """For Yjs it is a new cell then, with what that page knew; also when the run is over."""
    async with bench(lab, f"moved late {hears_again}.ipynb", [PRINTS, "'other'"]) as nb:
        run_id = await nb.ask(0)
        await _until_says(nb, "line 20\n")
        slow: Doc[Any] = Doc()
        slow.apply_update(nb.notebook.ydoc.get_update())
        await _until_says(nb, f"line {hears_again - 1}\n")
        if hears_again == LINES:
            assert await nb.until_over(run_id) == "ok"
            await nb.until_idle(0)
        nb.notebook.ydoc.apply_update(_moved(slow))
        assert await nb.until_over(run_id) == "ok"

        async def is_whole() -> bool:
            return _shown(nb) == (_expected(), "idle", 1)

        await until(is_whole, what="the moved cell shows all")
        assert [cell["id"] for cell in nb.live()] == ["cell-1", "cell-0"]


async def test_outputs_that_are_cleared_while_more_come_stay_away(lab: Lab) -> None:
    async with bench(lab, "cleared.ipynb", [WAITS]) as nb:
        run_id = await nb.ask(0)
        for number in CLEARED:
            await _until_says(nb, f"line {number}\n")
            nb.notebook.ydoc.get("cells", type=Array)[0]["outputs"].clear()
            await nb.notebook.flush()
            (lab.notes / f"cleared-{number}").touch()
        assert await nb.until_over(run_id) == "ok"
        await nb.until_idle(0)
        text = _cell(nb)
        assert _expected().endswith(text)
        assert text.splitlines()[-1] == f"line {LINES - 1}"
        assert "line 180\n" not in text
        await until(lambda: _is_saved(nb, text), what="the file says the same")
