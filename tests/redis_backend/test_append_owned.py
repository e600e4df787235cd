from __future__ import annotations

import pytest

from rtstore.errors import LeaseLost, StaleEpoch
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Opened, Origin, UpdateLog
from rtstore.schema import feed
from rtstore.schema.ids import EntryId
from tests.redis_backend.backends import append, until

SAVED = Origin(user="ann", kind="s")


@pytest.fixture
async def lease(link: Link, keys: DocumentKeys, opened: Opened) -> Lease:
    lease = Lease.of_document(link, keys, "keep", owner="w1")
    assert await lease.acquire()
    return lease


async def test_the_owner_appends_with_fields_of_meta(log: UpdateLog, lease: Lease) -> None:
    made = await log.append_owned(
        b"s", SAVED, epoch=1, holding=lease.holding, meta={"saved_id": "@id", "saved_hash": "ab"}
    )
    assert made == EntryId(1, 1)
    meta = await log.meta()
    assert (meta["saved_id"], meta["saved_hash"]) == ("1-1", "ab")
    entry = (await log.read())[-1]
    assert (entry.kind, entry.user, entry.update) == ("s", "ann", b"s")


async def test_it_is_heard_like_any_other(
    log: UpdateLog, lease: Lease, links: tuple[Link, Link], keys: DocumentKeys
) -> None:
    heard: list[bytes] = []
    async with links[1].listen(keys.feed, heard.append):
        await log.append_owned(b"x", SAVED, epoch=1, holding=lease.holding)
        await log.append_owned(b"x" * 20000, SAVED, epoch=1, holding=lease.holding)
        await until(lambda: len(heard) == 2)
    small, big = (await log.read())[1:]
    assert feed.parse(heard[0]) == feed.FeedEntry(small.id, "s", small.tag, b"x")
    assert feed.parse(heard[1]) == feed.FeedEntry(big.id, "s", big.tag, None)


@pytest.mark.parametrize("holding", ["", "w1 0", "w2 1"])
async def test_who_does_not_hold_the_lease_writes_nothing(
    log: UpdateLog, lease: Lease, holding: str
) -> None:
    with pytest.raises(LeaseLost):
        await log.append_owned(b"s", SAVED, epoch=1, holding=holding, meta={"saved_id": "@id"})
    assert len(await log.read()) == 1
    assert "saved_id" not in await log.meta()


async def test_nobody_holds_an_expired_lease(
    log: UpdateLog, lease: Lease, link: Link, keys: DocumentKeys
) -> None:
    await link.command("DEL", keys.lease("keep"))
    with pytest.raises(LeaseLost):
        await log.append_owned(b"s", SAVED, epoch=1, holding=lease.holding)


async def test_only_after_the_entry_that_was_expected(
    log: UpdateLog, log2: UpdateLog, lease: Lease
) -> None:
    """An import into an empty log, and somebody was first."""
    holding = lease.holding
    await append(log2, b"theirs")
    late = await log.append_owned(
        b"mine", SAVED, epoch=1, holding=holding, after=EntryId(1, 0), meta={"saved_id": "@id"}
    )
    assert late is None
    assert [entry.update for entry in await log.read()][1:] == [b"theirs"]
    assert "saved_id" not in await log.meta()
    made = await log.append_owned(b"m", SAVED, epoch=1, holding=holding, after=EntryId(1, 1))
    assert made == EntryId(1, 2)


async def test_an_old_epoch_or_a_lost_log_changes_no_field(
    log: UpdateLog, lease: Lease, link: Link, keys: DocumentKeys
) -> None:
    assert (await log.open(EntryId(1, 9), gen="")).epoch == 2
    fields = {"saved_id": "@id"}
    with pytest.raises(StaleEpoch):
        await log.append_owned(b"s", SAVED, epoch=1, holding=lease.holding, meta=fields)
    await link.command("DEL", keys.log)
    for after in (None, EntryId(2, 0)):
        with pytest.raises(StaleEpoch, match="NODOC"):
            await log.append_owned(
                b"s", SAVED, epoch=2, holding=lease.holding, after=after, meta=fields
            )
    assert "saved_id" not in await log.meta()
