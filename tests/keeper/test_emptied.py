"""Notebooks that become empty: by somebody's hand, and by something that went wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from jupyter_ydoc import YNotebook

from rtstore.keeper.saver import NotSaved
from rtstore.schema.session_events import ALARM
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import notebook, sources, write
from tests.keeper.desk import at_desk


def set_empty(made: YNotebook) -> None:
    made.set(notebook())


def clear(made: YNotebook) -> None:
    made.ycells.clear()


def blank_all(made: YNotebook) -> None:
    for cell in made.ycells:
        del cell["source"][:]


def keep_one_blank(made: YNotebook) -> None:
    blank_all(made)
    del made.ycells[1:]


@pytest.mark.parametrize("lose", [set_empty, clear])
async def test_lost_cells_are_told_once_and_saved_when_asked(
    jupyter: Jupyter, lose: Callable[[YNotebook], None]
) -> None:
    path = write(jupyter, notebook("one", "two"))
    async with at_desk(jupyter, path) as desk:
        await desk.changed(lose)
        for _ in range(2):
            with pytest.raises(NotSaved, match="all cells are gone"):
                await desk.saver.save()
        assert sources(desk.file) == ["one", "two"]
        assert len(desk.told(ALARM)) == 1

        await desk.saver.save(is_asked=True)
        assert "".join(sources(desk.file)) == ""


@pytest.mark.parametrize("empty", [blank_all, keep_one_blank])
async def test_cells_that_somebody_empties_are_saved_by_themselves(
    jupyter: Jupyter, empty: Callable[[YNotebook], None]
) -> None:
    path = write(jupyter, notebook("one", "two"))
    async with at_desk(jupyter, path) as desk:
        await desk.changed(empty)
        await desk.saver.save()
        assert "".join(sources(desk.file)) == ""
        assert desk.told(ALARM) == []
