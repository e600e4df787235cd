"""Saves that reach the file while whoever asked for them never hears of it."""

from __future__ import annotations

import asyncio

import pytest

from rtstore.errors import FileChanged, JupyterUnavailable, LoadFailed
from rtstore.keeper.saver import NotSaved
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import notebook, sources, write
from tests.keeper.desk import Desk, at_desk, rewritten


async def saved_unheard(desk: Desk, error: BaseException) -> None:
    """The file is written, then `error` comes instead of the answer."""

    async def lost() -> None:
        raise error

    desk.contents.after["save"] = lost
    with pytest.raises((type(error), NotSaved)):
        await desk.saver.save()


async def has_no_conflict(desk: Desk) -> bool:
    return await desk.entries("x") == [] and desk.beside("conflict") == []


@pytest.mark.parametrize(
    "error", [JupyterUnavailable("it died before its reply"), LoadFailed("a hook after the save")]
)
async def test_typing_goes_on_after_a_save_without_an_answer(
    jupyter: Jupyter, error: Exception
) -> None:
    path = write(jupyter, notebook("x = 1"))
    async with at_desk(jupyter, path) as desk:
        await rewritten(desk, "x = 'saved'")
        await saved_unheard(desk, error)
        assert sources(desk.file) == ["x = 'saved'"]
        await rewritten(desk, "x = 'typed since'")
        await saved_unheard(desk, error)
        await rewritten(desk, "x = 'and more'")

        await desk.saver.save()

        assert sources(desk.file) == ["x = 'and more'"]
        assert await has_no_conflict(desk)


async def test_the_next_keeper_knows_what_the_one_before_has_saved(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x = 1"))
    async with at_desk(jupyter, path) as desk:
        await rewritten(desk, "x = 'saved'")
        await saved_unheard(desk, asyncio.CancelledError())
        await rewritten(desk, "x = 'typed since'")

    async with at_desk(jupyter, path) as desk:
        await desk.saver.save()

        assert sources(desk.file) == ["x = 'typed since'"]
        assert await has_no_conflict(desk)


async def test_a_look_finds_it_too_and_nothing_is_written_twice(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x = 1"))
    async with at_desk(jupyter, path) as desk:
        await rewritten(desk, "x = 'saved'")
        await saved_unheard(desk, JupyterUnavailable("it died before its reply"))
        before = desk.file.stat()

        await desk.outside.look()
        await desk.saver.save()

        assert desk.file.stat() == before
        assert await has_no_conflict(desk)
        assert desk.charge.replica.document.dirty is False


async def test_the_same_save_again_still_knows_the_first(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x = 1"))
    async with at_desk(jupyter, path) as desk:
        await rewritten(desk, "x = 'saved'")
        await saved_unheard(desk, JupyterUnavailable("it died before its reply"))
        desk.contents.refusals["save"] = FileChanged("it is what the first wrote")
        desk.contents.refusals["read"] = JupyterUnavailable("again")
        with pytest.raises(JupyterUnavailable):
            await desk.saver.save()
        desk.contents.refusals.clear()
        await rewritten(desk, "x = 'typed since'")

        await desk.saver.save()

        assert sources(desk.file) == ["x = 'typed since'"]
        assert await has_no_conflict(desk)


async def test_what_was_refused_or_is_settled_is_not_taken_for_ours(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x = 1"))
    async with at_desk(jupyter, path) as desk:
        await rewritten(desk, "x = 'refused'")
        desk.contents.refusals["save"] = JupyterUnavailable("not written")
        with pytest.raises(JupyterUnavailable):
            await desk.saver.save()
        desk.contents.refusals.clear()
        await rewritten(desk, "x = 'saved'")
        await desk.saver.save()

        write(jupyter, notebook("x = 'refused'"), path)
        await desk.outside.look()

        assert await desk.sources() == ["x = 'refused'"]
