from __future__ import annotations

from typing import Any

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


def test_what_a_question_has_written_anew_is_what_pages_need_anew() -> None:
    def stream(name: str) -> dict[str, Any]:
        return {"output_type": "stream", "name": name, "text": "12345"}

    shown = {"output_type": "display_data", "data": {"text/plain": "1234567"}, "metadata": {}}
    asked = question("Who?", url="/x")
    outputs = [shown, shown, stream("stdout"), stream("stderr")]
    assert CellChange(outputs=outputs, question=asked).rewritten == 5 + 5 + 7
    assert CellChange(outputs=outputs).rewritten == 0
    assert CellChange(outputs=[stream("stdout"), shown], question=asked).rewritten == 0
