"""A store that is back without what people asked it for last."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from rtstore.gateway import recent_asks
from rtstore.gateway.recent_asks import RecentAsks
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.schema.run import Run
from rtstore.tasks import background
from tests.support.stores import Store
from tests.support.waiting import until


@pytest.fixture
async def link(store: Store) -> AsyncIterator[Link]:
    async with connect(store.url, name="w1") as made:
        yield made


class Asking:
    """Somebody who asks for runs, and counts what keepers are told."""

    def __init__(self, link: Link) -> None:
        self.asks = RecentAsks(link)
        self.book = RunBook(link, Keys().document("d"))
        self.announced = 0

    async def announce(self) -> None:
        self.announced += 1

    async def ask(self, name: str) -> None:
        told = [(Run(id=name, document="d", cell="c", kernel="k"), {"saw": "s"})]
        await self.book.ask(told)
        self.asks.note(self.book, told, self.announce)


async def test_what_was_asked_for_lately_is_asked_for_again(
    store: Store, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_asks, "KEPT_S", 60.0)
    asking = Asking(link)
    async with background(asking.asks.run()):
        await asking.ask("r1")
        await asking.ask("r2")
        asking.asks.refused("r2")
        before = await asking.book.asked()
        await link.command("DEL", Keys().document("d").asked)
        await store.until_written()
        store.kill()
        await store.restart()

        async def is_asked() -> bool:
            return link.connected and "r1" in await asking.book.asked()

        await until(is_asked, what="it is asked for again")
        await until(lambda: _is(asking.announced == 1), what="keepers are told")
        assert await asking.book.asked() == {"r1": before["r1"]}


async def test_what_was_asked_for_long_before_the_store_went_is_not(
    store: Store, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Asking(link)
    async with background(asking.asks.run()):
        await asking.ask("old")
        monkeypatch.setattr(recent_asks, "KEPT_S", -1.0)
        await asking.ask("more")  # as new, and as soon forgotten
        monkeypatch.setattr(recent_asks, "KEPT_S", 60.0)
        await asking.ask("new")
        await link.command("DEL", Keys().document("d").asked)
        await store.until_written()
        store.kill()
        await store.restart()

        async def is_asked() -> bool:
            return link.connected and "new" in await asking.book.asked()

        await until(is_asked, what="the new one is asked for again")
        assert "old" not in await asking.book.asked()


async def _is(told: bool) -> bool:
    return told
