"""Large outputs beside a notebook: they go when nobody can need them any more, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from rtstore.errors import BadDocument, LeaseLost
from rtstore.keeper import giants
from rtstore.keeper.base import Base
from rtstore.keeper.charge import Charge
from rtstore.keeper.sweeper import Sweeper
from rtstore.redis_backend.drafts import Draft, Drafts
from rtstore.redis_backend.giant_store import BATCH, DAY_MS, GiantStore
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Arg, Link, Script
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import giant_names
from rtstore.tasks import background
from tests.keeper.following import charge_of

LONG = "long " * 300_000
KEPT_DAYS = 7.0


def shown(text: str) -> dict[str, Any]:
    data = {"text/plain": text}
    return {"output_type": "display_data", "data": data, "metadata": {}}


class Notebook:
    """Its one cell, and what is beside it."""

    def __init__(self, charge: Charge, link: Link) -> None:
        self.charge, self.link = charge, link
        self.store = GiantStore(link, charge.keys)
        self.sweeper = Sweeper(charge, kept_days=KEPT_DAYS)

    async def show(self, *texts: str) -> None:
        """The cell shows these, and nothing else."""
        cell = {"cell_type": "code", "source": "", "outputs": [shown(text) for text in texts]}
        content = await giants.taken_out(self.charge, {"cells": [cell]})
        await self.put(content["cells"][0]["outputs"])

    async def put(self, outputs: list[dict[str, Any]]) -> None:
        """Somebody puts these into the cell, as an undo does."""
        await self._append(lambda document: _replace(document, outputs))

    async def _append(self, change: Any) -> None:
        charge = self.charge
        peer: Doc[Any] = Doc()
        await charge.replica.follower.catch_up()
        await charge.settle()
        peer.apply_update(charge.replica.doc.get_update())
        before = peer.get_state()
        change(YNotebook(peer))
        update, log = peer.get_update(before), charge.log
        await log.append(update, Origin(user="ada"), epoch=charge.epoch, tag=log.next_tag())

    async def outputs(self) -> list[dict[str, Any]]:
        """As the live document has them."""
        await self.charge.replica.follower.catch_up()
        await self.charge.settle()
        found: list[dict[str, Any]] = self.charge.content()["cells"][0]["outputs"]
        return found

    async def texts(self) -> list[str]:
        """As a file would have them."""
        await self.outputs()
        content = await giants.put_back(self.charge, self.charge.content())
        return [one["data"]["text/plain"] for one in content["cells"][0]["outputs"]]

    async def pass_days(self, days: float) -> None:
        """What was found unneeded was found so much earlier."""
        for name, since in (await self.store.kept()).items():
            if since:
                key = self.charge.keys.giants
                await self.link.command("ZADD", key, since - int(days * DAY_MS), name)

    async def names(self) -> set[str]:
        """Of what is kept."""
        kept = await self.store.kept()
        keys = [self.charge.keys.giant(name) for name in kept]
        there = await self.link.command("EXISTS", *keys) if keys else 0
        assert there == len(kept)
        return set(kept)


def _replace(document: YNotebook, outputs: list[dict[str, Any]]) -> None:
    shown = document.ycells[0]["outputs"]
    shown.clear()
    shown.extend(outputs)


@pytest.fixture
def notebook(charge: Charge, link: Link) -> Notebook:
    return Notebook(charge, link)


async def test_what_a_cell_shows_stays_and_what_it_showed_goes_after_a_while(
    notebook: Notebook,
) -> None:
    await notebook.show(LONG + "1")
    old = await notebook.names()
    await notebook.show(LONG + "2")
    new = await notebook.names() - old
    assert (len(old), len(new)) == (1, 1)

    assert await notebook.sweeper.sweep() == 0
    await notebook.pass_days(6.9)
    assert await notebook.sweeper.sweep() == 0
    assert await notebook.names() == old | new

    await notebook.pass_days(0.2)
    assert await notebook.sweeper.sweep() == 1
    assert await notebook.names() == new
    assert not await notebook.link.command("EXISTS", *map(notebook.charge.keys.giant, old))
    assert await notebook.texts() == [LONG + "2"]


async def test_an_undo_within_that_time_brings_it_back_whole(notebook: Notebook) -> None:
    await notebook.show(LONG)
    before = await notebook.outputs()
    await notebook.show("short")
    await notebook.sweeper.sweep()
    await notebook.pass_days(6.9)

    await notebook.put(before)
    assert await notebook.sweeper.sweep() == 0
    await notebook.pass_days(30)
    assert await notebook.sweeper.sweep() == 0
    assert await notebook.texts() == [LONG]

    # It counts anew from when it goes again.
    await notebook.show("short")
    await notebook.sweeper.sweep()
    await notebook.pass_days(6.9)
    assert await notebook.sweeper.sweep() == 0
    await notebook.pass_days(0.2)
    assert await notebook.sweeper.sweep() == 1


async def test_what_is_brought_back_in_the_last_moment_stays(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await notebook.show(LONG, LONG + "other")
    before = await notebook.outputs()
    await notebook.show("short")
    await notebook.sweeper.sweep()
    await notebook.pass_days(8)
    drop = GiantStore.drop

    async def undone_before(*given: Any, **told: Any) -> int | None:
        monkeypatch.setattr(GiantStore, "drop", drop)
        await notebook.put(before[:1])
        return await drop(*given, **told)

    monkeypatch.setattr(GiantStore, "drop", undone_before)
    assert await notebook.sweeper.sweep() == 1
    assert await notebook.names() == giant_names.mentioned(before[:1])
    assert await notebook.texts() == [LONG]


async def test_what_is_put_beside_and_not_yet_referred_to_stays(notebook: Notebook) -> None:
    content = {"cells": [{"outputs": [shown(LONG)]}]}
    taken = await giants.taken_out(notebook.charge, content)
    assert await notebook.sweeper.sweep() == 0
    await notebook.put(taken["cells"][0]["outputs"])
    await notebook.pass_days(100)
    assert await notebook.sweeper.sweep() == 0
    assert await notebook.texts() == [LONG]


async def test_what_the_last_saved_content_has_is_needed(notebook: Notebook) -> None:
    await notebook.show(LONG)
    await notebook.outputs()
    charge = notebook.charge
    charge.base = Base.of("notebook", charge.content(), "")
    await notebook.show("short")
    await notebook.sweeper.sweep()
    assert set((await notebook.store.kept()).values()) == {0}


async def test_a_link_in_a_text_is_a_reference_too(notebook: Notebook) -> None:
    await notebook.show(LONG)
    (name,) = await notebook.names()
    await notebook.put([shown(f"see [it](/rtstore/blob/d/{name}) there")])
    await notebook.sweeper.sweep()
    assert set((await notebook.store.kept()).values()) == {0}


async def test_who_lost_the_lease_in_the_middle_deletes_nothing(
    notebook: Notebook, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    await notebook.show(LONG)
    old = await notebook.names()
    await notebook.show("short")
    await notebook.sweeper.sweep()
    await notebook.pass_days(8)
    keys = notebook.charge.keys
    mark = GiantStore.mark

    async def overtaken_after(*given: Any, **told: Any) -> int:
        now = await mark(*given, **told)
        await link.command("DEL", keys.lease("keep"))
        assert await Lease.of_document(link, keys, "keep", owner="w2").acquire()
        return now

    monkeypatch.setattr(GiantStore, "mark", overtaken_after)
    with pytest.raises(LeaseLost):
        await notebook.sweeper.sweep()
    monkeypatch.setattr(GiantStore, "mark", mark)
    with pytest.raises(LeaseLost):
        await notebook.sweeper.sweep()
    assert await notebook.names() == old

    # The one who has it now goes on where the other stopped.
    heir = Notebook(await charge_of(link, notebook.charge.log), link)
    assert await heir.sweeper.sweep() == 1
    assert await heir.names() == set()


async def test_nothing_is_judged_while_a_part_of_the_document_is_missing(
    notebook: Notebook,
) -> None:
    await notebook.show(LONG)
    await notebook.show("short")
    await notebook.sweeper.sweep()
    await notebook.pass_days(8)
    charge, doc = notebook.charge, Doc[Any]()
    doc.apply_update(charge.replica.doc.get_update())
    YNotebook(doc).ycells[0]["source"].insert(0, "never sent")
    state = doc.get_state()
    YNotebook(doc).ycells[0]["source"].insert(10, "b")
    log = charge.log
    await log.append(doc.get_update(state), Origin(), epoch=charge.epoch, tag=log.next_tag())

    assert await notebook.sweeper.sweep() == 0
    assert len(await notebook.names()) == 1


async def test_nothing_is_deleted_while_pages_of_an_earlier_history_wait(
    notebook: Notebook,
) -> None:
    await notebook.show(LONG)
    await notebook.show("short")
    await notebook.sweeper.sweep()
    await notebook.pass_days(8)
    drafts = Drafts(notebook.link, notebook.charge.keys)
    await drafts.put(Draft("ada", "notebook", "json", b"\0\0"))

    assert await notebook.sweeper.sweep() == 0
    await notebook.link.command("DEL", notebook.charge.keys.drafts)
    assert await notebook.sweeper.sweep() == 1


async def test_with_no_days_nothing_is_ever_deleted(notebook: Notebook) -> None:
    await notebook.show(LONG)
    await notebook.show("short")
    await notebook.sweeper.sweep()
    await notebook.pass_days(1000)
    assert await Sweeper(notebook.charge, kept_days=0).sweep() == 0
    assert len(await notebook.names()) == 1


@pytest.mark.alone
async def test_a_sweep_of_ten_thousand_holds_nobody_up(
    notebook: Notebook, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 10_000
    names = [f"{n:064x}" for n in range(number)]
    keys, holding = notebook.charge.keys, notebook.charge.lease.holding
    for name in names:
        await notebook.store.put(name, "x" * 100, holding=holding)
    kept = names[: number // 2]
    await notebook.put([shown(f"/rtstore/blob/d/{name}") for name in kept])
    await notebook.sweeper.sweep()
    await notebook.pass_days(8)
    longest_s = 0.0

    async def watch() -> None:
        nonlocal longest_s
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await link.command("EXISTS", keys.meta)  # the store answers others meanwhile
            longest_s = max(longest_s, loop.time() - began)

    asked: list[int] = []
    call = type(link).call

    async def counted(
        self: Link, script: Script, names: Sequence[str], args: Sequence[Arg]
    ) -> Any:
        asked.append(len(args))
        return await call(self, script, names, args)

    monkeypatch.setattr(type(link), "call", counted)
    async with background(watch()):
        assert await notebook.sweeper.sweep() == number // 2
    assert set(await notebook.store.kept()) == set(kept)
    assert max(asked) <= BATCH + 3
    # Some 0.1 s, most of it to read the notebook as each save does; more on a slow machine.
    assert longest_s < 1.0


class _Files:
    def __init__(self) -> None:
        self.path: str | None = None

    async def path_of(self, _: str) -> str | None:
        return self.path


async def test_a_document_that_a_page_brings_back_keeps_what_was_to_go_with_its_file(
    notebook: Notebook,
) -> None:
    await notebook.show(LONG)
    files = cast("Any", notebook.charge.office).files = _Files()
    await notebook.store.expire(DAY_MS)

    await notebook.sweeper.sweep()
    assert await notebook.store.is_expiring()

    files.path = "a.ipynb"
    await notebook.sweeper.sweep()
    assert not await notebook.store.is_expiring()
    (name,) = await notebook.names()
    assert await notebook.link.command("PTTL", notebook.charge.keys.giant(name)) == -1


async def _days_left(notebook: Notebook, name: str) -> float:
    key = notebook.charge.keys.giant(name)
    return float(await notebook.link.command("PTTL", key)) / DAY_MS


async def test_what_a_closed_notebook_does_not_need_goes_by_itself_a_day_late(
    notebook: Notebook,
) -> None:
    await notebook.show(LONG + "1")
    (old,) = await notebook.names()
    await notebook.show(LONG + "2")
    (new,) = await notebook.names() - {old}
    await notebook.sweeper.sweep()
    await notebook.pass_days(3)

    await notebook.sweeper.let_go()
    assert 4.9 < await _days_left(notebook, old) < 5.1
    assert await _days_left(notebook, new) < 0

    # Whoever keeps it next takes that back before all else, whatever the document says then.
    heir = Notebook(await charge_of(notebook.link, notebook.charge.log), notebook.link)
    await heir.sweeper.begin()
    assert await _days_left(heir, old) < 0

    # What went by itself leaves nothing behind.
    await heir.link.command("DEL", heir.charge.keys.giant(old))
    await heir.pass_days(8)
    assert await heir.sweeper.sweep() == 1
    assert await heir.names() == {new}


async def test_nothing_goes_by_itself_of_what_could_not_be_judged_or_is_anothers(
    notebook: Notebook, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    await notebook.show(LONG)
    (old,) = await notebook.names()
    await notebook.show("short")
    await notebook.sweeper.sweep()

    def unreadable(*_: object) -> None:
        raise BadDocument("no JSON")

    with monkeypatch.context() as context:
        context.setattr(type(notebook.charge), "content", unreadable)
        await notebook.sweeper.sweep()
        await notebook.sweeper.let_go()
    assert await _days_left(notebook, old) < 0

    await notebook.sweeper.sweep()
    keys = notebook.charge.keys
    await link.command("DEL", keys.lease("keep"))
    assert await Lease.of_document(link, keys, "keep", owner="w2").acquire()
    with pytest.raises(LeaseLost):
        await notebook.sweeper.let_go()
    assert await _days_left(notebook, old) < 0
