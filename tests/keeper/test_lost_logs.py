"""Logs that lose something under their keeper: the file keeps what it has."""

from __future__ import annotations

import pytest

from rtstore.errors import LoadFailed, StaleEpoch
from rtstore.keeper import keeper
from rtstore.keeper.saver import NotSaved
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.schema.ids import EntryId
from tests.jupyter.conftest import ROOT, Jupyter
from tests.keeper.crew import a_worker, notebook, opened, sources, write
from tests.keeper.desk import Desk, at_desk
from tests.support.losing import lose_the_end, somebody_opens
from tests.support.waiting import until


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


async def test_who_puts_it_back_too_late_is_of_an_earlier_history(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "HEAL_WITHIN_S", 0.2)
    path = write(jupyter, notebook("x"))
    async with a_worker(jupyter, "w1") as worker, opened(worker, path) as ada:
        keys, held = ada.keys, ada.person.doc.get_update()
    async with connect(jupyter.store_url, name="test") as link:  # no keeper comes in between
        await link.command("DEL", keys.log, keys.meta, keys.snap, keys.lease("keep"))
        place = {"server": ROOT, "path": path, "type": "notebook", "format": "json"}
        early = UpdateLog(link, keys, worker="late")
        stalled = await early.open(EntryId(1, 5), gen="gen1", is_held=True, place=place)
    async with a_worker(jupyter, "w2") as worker:
        late = UpdateLog(worker.link, keys, worker="late")
        await worker.session(path, "notebook", "json")

        async def is_begun_again() -> bool:
            return (await late.meta()).get("gen") not in (None, "gen1")

        await until(is_begun_again, what="another history", timeout_s=60)
        with pytest.raises(StaleEpoch):
            await late.append(held, Origin(kind="h"), epoch=stalled.epoch, tag=late.next_tag())
        async with opened(worker, path) as bob:
            await bob.until(lambda: bob.sources == ["x"])
    assert sources(jupyter.files / path) == ["x"]
