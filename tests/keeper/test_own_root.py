"""Documents of several contents roots in one store."""

from __future__ import annotations

import uuid

import pytest

from rtstore.keeper import own_root
from rtstore.keeper.own_root import OwnRoot
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema import feed
from rtstore.schema.ids import BEGINNING
from tests.jupyter.conftest import ROOT, Jupyter, link
from tests.keeper.crew import a_worker, notebook, opened, write

__all__ = ["link"]


async def made(jupyter: Jupyter, link: Link, server: str) -> str:
    """A document of the root `server`; its id."""
    document_id = str(uuid.uuid4())
    log = UpdateLog(link, jupyter.keys.document(document_id), worker="test")
    place = {"server": server, "path": "a.ipynb", "type": "notebook", "format": "json"}
    await log.open(BEGINNING, gen="gen1", place=place)
    return document_id


async def test_a_foreign_document_is_left_to_who_can_save_it(jupyter: Jupyter, link: Link) -> None:
    foreign = await made(jupyter, link, "c-another")
    await Registry(link, jupyter.keys).mark(foreign)
    async with a_worker(jupyter, "w1") as one:
        note = feed.notice("opened", document=foreign)
        await link.command("SPUBLISH", jupyter.root.feed, note)
        async with opened(one, write(jupyter, notebook("x"))) as ada:
            # Kept, and with it whatever else the worker wanted before.
            assert (await ada.log.meta())["owner"] == one.name
    told = await link.command("HGETALL", jupyter.keys.document(foreign).meta)
    assert b"fence" not in told
    assert b"owner" not in told


async def test_the_root_of_a_document_is_asked_for_once(
    jupyter: Jupyter, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_root, "KNOWN_MAX", 2)
    root = OwnRoot(link, jupyter.keys, ROOT)
    own, foreign = await made(jupyter, link, ROOT), await made(jupyter, link, "c-another")
    assert not root.is_foreign(foreign)
    assert [await root.has(one) for one in (own, foreign)] == [True, False]
    assert root.is_foreign(foreign)
    assert not root.is_foreign(own)

    for one in (own, foreign):
        await link.command("DEL", jupyter.keys.document(one).meta)
    assert [await root.has(one) for one in (own, foreign)] == [True, False]

    assert await root.has(await made(jupyter, link, ROOT))
    assert not await root.has(own)  # forgotten, and there is none any more


async def test_a_document_that_is_not_there_yet_is_asked_for_again(
    jupyter: Jupyter, link: Link
) -> None:
    root = OwnRoot(link, jupyter.keys, ROOT)
    document_id = str(uuid.uuid4())
    assert not await root.has(document_id)
    assert not root.is_foreign(document_id)
    log = UpdateLog(link, jupyter.keys.document(document_id), worker="test")
    await log.open(BEGINNING, gen="gen1", place={"server": ROOT, "path": "a"})
    assert await root.has(document_id)
