"""The copy beside the file: made before anything is lost, tried again until there is one."""

from __future__ import annotations

import pytest
from pycrdt import Map

from rtstore.errors import LoadFailed
from rtstore.keeper import outside
from rtstore.keeper.saver import NotSaved
from rtstore.schema.session_events import ALARM
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import notebook, sources, write
from tests.keeper.desk import Desk, at_desk, rewritten

FULL = LoadFailed("no space left on device")


async def in_conflict(desk: Desk, path: str) -> None:
    await rewritten(desk, "x = 'live'")
    write(desk.jupyter, notebook("x = 'outside'"), path)


async def test_a_conflict_that_can_not_be_kept_beside_is_not_saved_over(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x = 1"))
    async with at_desk(jupyter, path) as desk:
        await in_conflict(desk, path)
        desk.contents.refusals["beside"] = FULL
        for _ in range(2):
            with pytest.raises(NotSaved, match="can't be saved beside"):
                await desk.saver.save(is_asked=True)
        assert sources(desk.file) == ["x = 'outside'"]
        assert await desk.sources() == ["x = 'live'"]
        assert [FULL.args[0] in told for told in desk.told(ALARM)] == [True]

        del desk.contents.refusals["beside"]
        await desk.saver.save()
        assert sources(desk.file) == ["x = 'live'"]
        (copy,) = desk.beside("conflict")
        assert copy["cells"][0]["source"] == ["x = 'outside'"]
        assert len(desk.told(ALARM)) == 2


async def test_the_document_changes_only_when_the_copy_is_there(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x = 1", "y"))
    async with at_desk(jupyter, path) as desk:
        await rewritten(desk, "x = 'live'")
        write(jupyter, notebook("x = 'outside'", "y outside"), path)

        async def not_yet() -> None:
            assert await desk.entries("x") == []

        desk.contents.after["beside"] = not_yet
        await desk.outside.look()

        assert await desk.sources() == ["x = 'live'", "y outside"]
        assert len(desk.beside("conflict")) == 1


async def test_a_conflict_that_nobody_saves_is_tried_again_too(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "AGAIN_S", 3600.0)
    path = write(jupyter, notebook("x = 1"))
    async with at_desk(jupyter, path) as desk:
        await in_conflict(desk, path)
        stats, _ = await desk.contents.stat([path])
        desk.contents.refusals["beside"] = FULL
        for _ in range(6):
            await desk.outside.told(stats[path])
        assert len(desk.told(ALARM)) == 1
        del desk.contents.refusals["beside"]

        for _ in range(4):
            await desk.outside.told(stats[path])
        assert desk.beside("conflict") == []  # not again at once

        desk.outside._not_before = 0.0  # later
        for _ in range(4):
            await desk.outside.told(stats[path])
        assert len(desk.beside("conflict")) == 1


async def test_an_invalid_document_is_put_aside_as_soon_as_that_can_be(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("good"))
    async with at_desk(jupyter, path) as desk:
        await desk.changed(lambda made: made.ycells.append(Map({"cell_type": "nonsense"})))
        desk.contents.refusals["beside"] = FULL
        for _ in range(2):
            with pytest.raises(NotSaved):
                await desk.saver.save()
        assert [FULL.args[0] in told for told in desk.told(ALARM)] == [True]

        del desk.contents.refusals["beside"]
        for _ in range(2):
            with pytest.raises(NotSaved):
                await desk.saver.save()
        assert len(desk.beside("invalid")) == 1
