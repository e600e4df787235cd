"""What is kept beside a document, noted and deleted, in four stores."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from rtstore.errors import LeaseLost, StoreUnavailable
from rtstore.redis_backend import giant_store
from rtstore.redis_backend.giant_store import GiantStore
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Folded, Opened, Origin, UpdateLog
from rtstore.schema.ids import EntryId

ONE, TWO = "a" * 64, "b" * 64
SPILL, LATE_SPILL = "c" * 32 + ".1", "c" * 32 + ".2"
LONG_AGO = 1_000


@pytest.fixture
def giants(link: Link, keys: DocumentKeys) -> GiantStore:
    return GiantStore(link, keys)


@pytest.fixture
async def holding(link: Link, keys: DocumentKeys, opened: Opened) -> str:
    lease = Lease.of_document(link, keys, "keep", owner="w1")
    assert await lease.acquire()
    return lease.holding


async def test_what_is_put_or_grows_is_listed_as_needed(
    giants: GiantStore, log: UpdateLog, link: Link, keys: DocumentKeys, holding: str
) -> None:
    folded = Folded(
        kernel_id="k", before="", cursor="1-1", state="{}", runs={"c": "{}"}, spills={SPILL: "x"}
    )
    await giants.put(ONE, "text", holding=holding)
    assert await log.fold(b"", Origin(), folded, epoch=1, holding=holding)

    assert await giants.kept() == {ONE: 0, SPILL: 0}
    assert await link.command("GET", keys.blob(ONE)) == b"text"
    assert await link.command("GET", keys.spill(SPILL)) == b"x"
    assert await link.command("HGET", keys.runs, "c") == b"{}"


async def test_what_is_found_unneeded_keeps_the_time_when_it_was_first(
    giants: GiantStore, link: Link, keys: DocumentKeys, holding: str
) -> None:
    await giants.put(ONE, "1", holding=holding)
    await giants.put(TWO, "2", holding=holding)
    now = await giants.mark(needed=[ONE], unneeded=[TWO], holding=holding)
    kept = await giants.kept()
    assert kept[ONE] == 0
    assert 0 <= now - kept[TWO] < 60_000

    await link.command("ZADD", keys.giants, LONG_AGO, TWO)
    await giants.mark(needed=[], unneeded=[TWO], holding=holding)
    assert (await giants.kept())[TWO] == LONG_AGO
    await giants.mark(needed=[TWO], unneeded=[], holding=holding)
    assert (await giants.kept())[TWO] == 0


async def test_a_needed_one_that_nobody_listed_is_listed_if_it_is_there(
    giants: GiantStore, link: Link, keys: DocumentKeys, holding: str
) -> None:
    await link.command("SET", keys.spill(SPILL), "x")
    await giants.mark(needed=[ONE, SPILL], unneeded=[], holding=holding)
    assert await giants.kept() == {SPILL: 0}


async def test_only_what_was_not_needed_for_long_is_deleted(
    giants: GiantStore, link: Link, keys: DocumentKeys, opened: Opened, holding: str
) -> None:
    names = [ONE, TWO, SPILL]
    for name in names:
        await giants.put(name, name, holding=holding)
    await giants.mark(needed=[], unneeded=[TWO], holding=holding)
    await link.command("ZADD", keys.giants, LONG_AGO, SPILL)

    done = await giants.drop(names, at=opened.tail, kept_ms=3_600_000, holding=holding)

    assert done == 1
    assert set(await giants.kept()) == {ONE, TWO}
    assert not await link.command("EXISTS", keys.spill(SPILL))
    assert await link.command("EXISTS", keys.blob(ONE), keys.blob(TWO)) == 2


async def test_what_is_put_again_is_not_deleted_by_who_looked_before(
    giants: GiantStore, link: Link, keys: DocumentKeys, opened: Opened, holding: str
) -> None:
    await link.command("ZADD", keys.giants, LONG_AGO, ONE)
    await giants.put(ONE, "again", holding=holding)

    assert await giants.drop([ONE], at=opened.tail, kept_ms=1, holding=holding) == 0
    assert await link.command("GET", keys.blob(ONE)) == b"again"


async def test_nothing_is_deleted_once_the_log_has_gone_on(
    giants: GiantStore,
    log: UpdateLog,
    link: Link,
    keys: DocumentKeys,
    opened: Opened,
    holding: str,
) -> None:
    await giants.put(ONE, "text", holding=holding)
    await link.command("ZADD", keys.giants, LONG_AGO, ONE)
    at = await log.append(b"u", Origin(), epoch=opened.epoch, tag=log.next_tag())

    assert await giants.drop([ONE], at=opened.tail, kept_ms=1, holding=holding) is None
    assert await link.command("EXISTS", keys.blob(ONE))
    assert await giants.drop([ONE], at=at, kept_ms=1, holding=holding) == 1
    assert not await link.command("EXISTS", keys.blob(ONE))


async def test_who_has_not_the_lease_changes_nothing(
    giants: GiantStore, link: Link, keys: DocumentKeys, opened: Opened, holding: str
) -> None:
    await giants.put(ONE, "text", holding=holding)
    await link.command("ZADD", keys.giants, LONG_AGO, ONE)
    other = "w2 99"
    with pytest.raises(LeaseLost):
        await giants.drop([ONE], at=opened.tail, kept_ms=1, holding=other)
    with pytest.raises(LeaseLost):
        await giants.mark(needed=[ONE], unneeded=[], holding=other)
    with pytest.raises(LeaseLost):
        await giants.put(TWO, "text", holding=other)
    assert await giants.kept() == {ONE: LONG_AGO}
    assert await link.command("EXISTS", keys.blob(ONE), keys.blob(TWO)) == 1


async def test_nothing_is_deleted_of_a_document_whose_log_is_gone(
    giants: GiantStore, link: Link, keys: DocumentKeys, opened: Opened, holding: str
) -> None:
    await giants.put(ONE, "text", holding=holding)
    await link.command("ZADD", keys.giants, LONG_AGO, ONE)
    await link.command("DEL", keys.log)
    with pytest.raises(Exception, match="the log is gone"):
        await giants.drop([ONE], at=EntryId(1, 0), kept_ms=1, holding=holding)
    assert await link.command("EXISTS", keys.blob(ONE))


async def test_all_goes_with_the_file_also_what_is_put_last(
    giants: GiantStore,
    log: UpdateLog,
    link: Link,
    keys: DocumentKeys,
    holding: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(giant_store, "BATCH", 1)
    for name in (ONE, SPILL):
        await giants.put(name, "x", holding=holding)
    assert not await giants.is_expiring()
    await giants.expire(60_000)
    assert await giants.is_expiring()
    folded = Folded(
        kernel_id="k", before="", cursor="1-1", state="{}", runs={}, spills={LATE_SPILL: "x"}
    )
    await giants.put(TWO, "x", holding=holding)
    assert await log.fold(b"", Origin(), folded, epoch=1, holding=holding)

    names = [keys.giants, *map(keys.giant, (ONE, TWO, SPILL, LATE_SPILL))]
    for name in names:
        assert 0 < await link.command("PTTL", name) <= 60_000
    await giants.stay()
    assert not await giants.is_expiring()
    for name in names:
        assert await link.command("PTTL", name) == -1


async def test_the_list_goes_first_and_stays_last(
    giants: GiantStore, keys: DocumentKeys, holding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far somebody came, the next one sees that there is something to take back."""
    monkeypatch.setattr(giant_store, "BATCH", 1)
    for name in (ONE, TWO):
        await giants.put(name, "x", holding=holding)
    link, steps = giants._link, 0
    call = type(link).call

    async def stopped(self: Link, *given: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise StoreUnavailable("gone")
        return await call(self, *given)

    changes: tuple[Callable[[], Awaitable[None]], ...] = (
        partial(giants.expire, 60_000),
        giants.stay,
    )
    for change in changes:
        with monkeypatch.context() as context:
            context.setattr(type(link), "call", stopped)
            steps = 0
            with pytest.raises(StoreUnavailable):
                await change()
        assert await giants.is_expiring()
        await giants.expire(60_000)


async def test_only_what_is_noted_as_unneeded_goes_while_nobody_keeps_the_document(
    giants: GiantStore, link: Link, keys: DocumentKeys, holding: str
) -> None:
    for name in (ONE, TWO, SPILL):
        await giants.put(name, "x", holding=holding)
    now = await giants.mark(needed=[], unneeded=[TWO], holding=holding)
    await link.command("ZADD", keys.giants, now - 40_000, TWO, LONG_AGO, SPILL)

    await giants.let_go([ONE, TWO, SPILL], kept_ms=100_000, holding=holding)
    assert await link.command("PTTL", keys.spill(SPILL)) in {-2, *range(1001)}  # -2: it is gone
    assert await link.command("PTTL", keys.blob(ONE)) == -1
    assert 50_000 < await link.command("PTTL", keys.blob(TWO)) <= 60_000
    assert await link.command("PTTL", keys.giants) == -1

    await giants.stay()
    assert await link.command("PTTL", keys.blob(TWO)) == -1
    with pytest.raises(LeaseLost):
        await giants.let_go([TWO], kept_ms=100_000, holding="w2 99")
