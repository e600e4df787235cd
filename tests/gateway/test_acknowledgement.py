"""Who asks for it is told what the store has: no sooner, and never more than that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pycrdt import Doc, Text

from rtstore.pubsub.content import content_of
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import UpdateLog
from tests.gateway.team import ALL, Worker, joined, make_document, running_worker
from tests.support.stores import Store


@pytest.fixture
async def one(store: Store) -> AsyncIterator[Worker]:
    async with running_worker(store.url, "w1") as worker:
        await make_document(worker.link)
        yield worker


async def test_each_update_is_acknowledged_once_the_store_has_it(
    one: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, may_go = UpdateLog.append, asyncio.Event()

    async def slow(*args: Any, **kwargs: Any) -> Any:
        await may_go.wait()
        return await append(*args, **kwargs)

    async with joined(one, "ada", acknowledge="1") as ada:
        await ada.until(lambda: ada.synced and ada.stored[-1:] == [1])  # its sync step 2
        assert ada.stored == [0, 1]
        monkeypatch.setattr(UpdateLog, "append", slow)
        await ada.type("!")
        await ada.type("?")
        await ada.hear_for(0.1)
        assert ada.stored == [0, 1]
        may_go.set()
        await ada.until(lambda: ada.stored[-1] == 3)
        assert ada.stored == [0, 1, 2, 3]


async def test_what_was_refused_is_acknowledged_when_it_is_brought_again(
    store: Store, one: Worker
) -> None:
    async with joined(one, "ada", acknowledge="1") as ada:
        await ada.until(lambda: ada.synced and ada.stored[-1:] == [1])
        store.kill()
        for _ in range(3):
            await ada.type("!")
        await ada.hear_for(0.1)
        assert ada.stored == [0, 1]
        await store.restart()
        await ada.until(lambda: ada.stored[-1] == 5, within_s=20)  # three, and a sync step 2
        assert await _text(one.link) == "hello!!!"


async def test_who_may_only_read_is_not_told_that_it_was_stored(one: Worker) -> None:
    rights = ALL - {"contents:write"}
    async with joined(one, "bob", rights=rights, acknowledge="1") as bob:
        await bob.until(lambda: bob.synced)
        await bob.type("!")
        async with joined(one, "ada", acknowledge="1") as ada:
            await ada.until(lambda: ada.synced)
            await ada.type("?")
            await bob.until(lambda: "?" in bob.text)
    assert bob.stored == [0]


async def test_the_stock_front_end_hears_nothing_of_it(one: Worker) -> None:
    async with joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        await ada.type("!")
        async with joined(one, "bob") as bob:
            await bob.until(lambda: bob.text == "hello!")
        await ada.hear_for(0.1)
    assert ada.stored == []


async def _text(link: Link) -> str:
    loaded = await UpdateLog(link, Keys().document("doc-a.txt"), worker="test").load()
    doc: Doc[Text] = Doc()
    for update in content_of(loaded):
        doc.apply_update(update)
    return str(doc.get("source", type=Text))
