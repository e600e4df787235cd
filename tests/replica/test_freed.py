"""Documents that nobody needs are freed, though their owners observe them."""

from __future__ import annotations

import gc
import weakref
from typing import Any, cast

from rtstore.client import connect as connect_client
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.replica.live_document import LiveDocument
from rtstore.replica.replica import Replica
from rtstore.tasks import background
from tests.gateway.team import ALL, make_document, running_worker
from tests.support.stores import Store


def _are_freed(references: list[weakref.ref[Any]]) -> bool:
    gc.collect()
    return all(reference() is None for reference in references)


async def _nobody_else() -> None:
    """Keepers are told."""


def test_a_replica() -> None:
    replica = Replica(UpdateLog(cast("Any", None), Keys().document("d"), worker="w"), "notebook")
    references: list[weakref.ref[Any]] = [weakref.ref(replica), weakref.ref(replica.doc)]
    del replica
    assert _are_freed(references)


async def _live(store: Store) -> list[weakref.ref[Any]]:
    async with connect(store.url, name="w1") as link:
        log = await make_document(link)
        live = LiveDocument(link, log, user="extension", announce=_nobody_else)
        async with background(live.run()):
            await live.has_content.wait()
        return [weakref.ref(live), weakref.ref(live.doc)]


async def test_a_live_document(store: Store) -> None:
    assert _are_freed(await _live(store))


async def _clients(store: Store) -> list[weakref.ref[Any]]:
    async with running_worker(store.url, "w1") as worker:
        await make_document(worker.link)
        headers = worker.headers("ann", ALL)
        async with connect_client(worker.url, headers=headers) as server:
            async with server.text("a.txt") as text:
                return [weakref.ref(text), weakref.ref(text.ydoc)]


async def test_a_clients_document(store: Store) -> None:
    assert _are_freed(await _clients(store))
