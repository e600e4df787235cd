from __future__ import annotations

import asyncio

import pytest
from pycrdt import Text

from rtstore.errors import LoadFailed
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.replica.live_document import LiveDocument
from rtstore.schema.ids import BEGINNING
from rtstore.tasks import one_error
from tests.gateway.team import make_document
from tests.support.stores import Store


async def _nobody_else() -> None:
    """Keepers are told."""


@pytest.mark.parametrize("is_edited", [False, True], ids=["idle", "edited"])
async def test_it_ends_with_its_history_and_says_nothing_into_the_next(
    store: Store, is_edited: bool
) -> None:
    async with connect(store.url, name="w1") as link:
        log = await make_document(link)
        mine = UpdateLog(link, log.keys, worker="w1")
        live = LiveDocument(link, mine, user="extension", announce=_nobody_else)

        async def reset() -> None:
            await live.has_content.wait()
            newest = (await log.read())[-1].id
            await link.command("HSET", log.keys.meta, "saved_id", str(newest))
            assert await log.reset(
                kind="notebook", format="json", gen="gen2", tail=newest, snapshot=BEGINNING
            )
            if is_edited:
                live.doc.get("source", type=Text).insert(0, "of the old history")

        with pytest.raises(LoadFailed, match="get it again"), one_error():
            async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
                tasks.create_task(live.run())
                tasks.create_task(reset())
        assert [entry.kind for entry in await log.read()] == ["e"]
