"""Logs that lose something under their keeper: the file keeps what it has."""

from __future__ import annotations

import pytest

from rtstore.errors import LoadFailed
from rtstore.keeper.saver import NotSaved
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import notebook, sources, write
from tests.keeper.desk import Desk, at_desk
from tests.support.losing import lose_the_end, somebody_opens


async def until_saved(desk: Desk, text: str) -> None:
    """As the only cell, in the document and in the file."""
    await desk.charge.replica.follower.catch_up()
    await desk.saver.save()
    assert sources(desk.file) == [text]


async def test_the_end_that_a_store_lost_is_put_back(jupyter: Jupyter) -> None:
    async with at_desk(jupyter, write(jupyter, notebook("x"))) as desk:
        charge, link = desk.charge, desk.charge.office.link
        before = len(await charge.log.read())
        await desk.typed("new ")
        await until_saved(desk, "new x")
        await lose_the_end(link, charge.log, left=before)
        await somebody_opens(link, charge.log)

        assert await desk.sources() == ["new x"]

        assert len(await desk.entries("h")) == 1
        await until_saved(desk, "new x")
    async with at_desk(jupyter, charge.where.path) as heir:
        assert await heir.sources() == ["new x"]


async def test_nothing_of_it_goes_into_a_history_that_began_meanwhile(jupyter: Jupyter) -> None:
    async with at_desk(jupyter, write(jupyter, notebook("x"))) as desk:
        charge, link = desk.charge, desk.charge.office.link
        await until_saved(desk, "x")
        await link.command("DEL", charge.keys.log)
        opened = await somebody_opens(link, charge.log)
        assert (opened.verdict, opened.meta["gen"]) == ("new", "gen2")

        with pytest.raises(LoadFailed, match="begun again"):
            await desk.sources()
        with pytest.raises(LoadFailed, match="begun again"):
            await desk.saver.save(is_asked=True)

        assert sources(desk.file) == ["x"]
        assert [entry.kind for entry in await charge.log.read()] == ["e"]


async def test_a_fragment_is_not_saved(jupyter: Jupyter) -> None:
    path = write(jupyter, notebook("x"))
    async with at_desk(jupyter, path) as desk:
        await until_saved(desk, "x")
        await desk.typed("new ")
        last = (await desk.charge.log.read())[-1].id
        link = desk.charge.office.link
        await link.command("XTRIM", desk.charge.keys.log, "MINID", str(last))
    async with at_desk(jupyter, path) as heir:
        await heir.charge.settle()
        assert heir.charge.replica.lacks_causes

        with pytest.raises(NotSaved, match="lost a part"):
            await heir.saver.save(is_asked=True)

        assert sources(heir.file) == ["x"]
