"""Live documents that are no valid content: whatever a browser put in, the keeper goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Array, Map, Text

from rtstore.keeper.saver import NotSaved
from rtstore.keeper.viewer import Viewer
from rtstore.schema.session_events import ALARM
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import notebook, sources, write
from tests.keeper.desk import at_desk


def cell(**held: Any) -> Callable[[], Any]:
    """Made anew each time: a shared type goes into one document only."""
    given: dict[str, Any] = {"cell_type": "code", "id": "new", "metadata": dict, "outputs": list}
    shared: dict[Any, Callable[[], Any]] = {dict: Map, list: Array, str: Text}
    given |= held
    return lambda: Map({k: shared[v]() if v in shared else v for k, v in given.items()})


CELLS: dict[str, Callable[[], Any]] = {
    "an empty map": lambda: Map({}),
    "a source that is a number": cell(source=1.0),
    "metadata that are none": cell(source=str, metadata=1.0),
    "outputs that are none": cell(source=str, outputs=1.0),
    "an output that is none": lambda: Map(
        {"cell_type": "code", "id": "new", "source": Text(), "outputs": Array([1.0])}
    ),
    "a number": lambda: 1.0,
    "a text": lambda: "x",
    "nothing": lambda: None,
    "a list": lambda: Array([1.0]),
    "bytes": cell(source=str, extra=b"\x00"),
}


@pytest.mark.parametrize("make", CELLS.values(), ids=CELLS)
async def test_a_malformed_cell_and_a_change_outside_do_not_end_the_keeper(
    jupyter: Jupyter, make: Callable[[], Any]
) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:

        def grow(made: YNotebook) -> None:
            made.ycells[0]["source"].insert(0, "live ")
            made.ycells.append(make())

        await desk.changed(grow)
        write(jupyter, notebook("x outside"), path)
        await desk.outside.look()
        await Viewer(desk.charge).write()

        assert await desk.entries("x") == []
        (copy,) = desk.beside("conflict")
        assert copy["cells"][0]["source"] == ["x outside"]
        assert any("not valid" in told for told in desk.told(ALARM))
        for is_asked in (False, True):
            with pytest.raises(NotSaved):
                await desk.saver.save(is_asked=is_asked)
        assert sources(desk.file) == ["x outside"]

        def heal(made: YNotebook) -> None:
            del made.ycells[1]

        await desk.changed(heal)
        await desk.saver.save()
        assert sources(desk.file) == ["live x"]


@pytest.mark.parametrize("make", [cell(id=None, source=str), cell()], ids=["no id", "no source"])
async def test_a_cell_with_one_obvious_repair_is_merged(
    jupyter: Jupyter, make: Callable[[], Any]
) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:
        await desk.changed(lambda made: made.ycells.append(make()))
        write(jupyter, notebook("x outside"), path)
        await desk.outside.look()
        await desk.saver.save()

        assert sources(desk.file) == ["x outside", ""]
        assert desk.beside("conflict") == []


@pytest.mark.parametrize(
    ("name", "copies"), [("metadata", 1), ("nbformat", 1), ("nbformat_minor", 0)]
)
async def test_malformed_metadata_do_not_end_the_keeper(
    jupyter: Jupyter, name: str, copies: int
) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:

        def spoil(made: YNotebook) -> None:
            made._ymeta[name] = "nonsense"

        await desk.changed(spoil)
        write(jupyter, notebook("x outside"), path)
        await desk.outside.look()
        await Viewer(desk.charge).write()

        assert len(desk.beside("conflict")) == copies


async def test_a_put_replaces_a_malformed_document(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:

        def spoil(made: YNotebook) -> None:
            made.ycells.extend(make() for make in CELLS.values())

        await desk.changed(spoil)
        write(jupyter, notebook("put"), path)
        await desk.outside.look(is_replaced=True)

        assert await desk.sources() == ["put"]
        await desk.saver.save()


async def test_an_edit_inside_a_cell_that_is_no_map_is_followed(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:
        await desk.changed(lambda made: made.ycells.append(Array([1.0])))
        await desk.changed(lambda made: made.ycells[1].append(2.0))
        await desk.charge.replica.follower.catch_up()
        await desk.charge.settle()

        assert desk.charge.content()["cells"][1] == [1, 2]
