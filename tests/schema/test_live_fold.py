from __future__ import annotations

from jupyter_ydoc import YNotebook

from rtstore.schema.cell_change import CellChange
from rtstore.schema.live_fold import LiveCells
from rtstore.schema.prompts import output as question
from tests.keeper.crew import notebook


def test_a_cell_that_a_kernel_adds_is_not_trusted() -> None:
    document = YNotebook()
    document.set(notebook("first", "last"))
    LiveCells(document.ycells).apply({"c0": CellChange(next_input="y = 2")})
    cells = document.ycells.to_py() or []
    assert [cell["source"] for cell in cells] == ["first", "y = 2", "last"]
    assert cells[1]["metadata"] == {"trusted": False}


def test_a_question_comes_last() -> None:
    document = YNotebook()
    document.set(notebook("input()"))
    asked = question("Who?", url="/x")
    stream = {"output_type": "stream", "name": "stdout", "text": "a"}
    LiveCells(document.ycells).apply({"c0": CellChange(outputs=[stream], question=asked)})
    change = CellChange()
    change.begin_from(LiveCells(document.ycells).outputs_of("c0"))
    assert (change.outputs, change.question) == ([stream], asked)
