from __future__ import annotations

import pytest

from rtstore.errors import StaleEpoch, StoreRefused
from rtstore.redis_backend import update_log
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Folded, Opened, Origin, UpdateLog


@pytest.fixture
async def holding(link: Link, keys: DocumentKeys, opened: Opened) -> str:
    lease = Lease.of_document(link, keys, "keep", owner="w1")
    assert await lease.acquire()
    return lease.holding


def folded(before: str, cursor: str, **spills: str) -> Folded:
    return Folded(
        kernel_id="k",
        before=before,
        cursor=cursor,
        state="{}",
        runs={"c": "{}"},
        spills=spills,
    )


async def test_a_spill_that_is_full_takes_no_more_and_the_document_goes_on(
    log: UpdateLog, holding: str, link: Link, keys: DocumentKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update_log, "SPILL_BYTES_MAX", 10)
    one, two = folded("", "1-1", a="12345678"), folded("1-1", "1-2", a="9ab", b="new")

    assert await log.fold(b"u", Origin(), one, epoch=1, holding=holding)
    assert await log.fold(b"u", Origin(), two, epoch=1, holding=holding)

    assert await link.command("GET", keys.spill("a")) == b"12345678"
    assert await link.command("GET", keys.spill("b")) == b"new"
    assert await link.command("HGET", keys.cursor("k"), "cursor") == b"1-2"
    assert await link.command("HGET", keys.runs, "c") == b"{}"
    assert len(await log.read()) == 3


async def test_a_spill_that_can_not_grow_stops_nothing(
    log: UpdateLog, holding: str, link: Link, keys: DocumentKeys
) -> None:
    await link.command("SETRANGE", keys.spill("a"), 2**20, "x")
    if not await _has_limit(link):
        pytest.skip("this store has no limit that can be set")
    try:
        assert await log.fold(
            b"u", Origin(), folded("", "1-1", a="y" * 10, b="z"), epoch=1, holding=holding
        )
    finally:
        await link.command("CONFIG", "SET", "proto-max-bulk-len", 512 * 2**20)
    assert await link.command("GET", keys.spill("b")) == b"z"
    assert await link.command("HGET", keys.cursor("k"), "cursor") == b"1-1"


async def test_a_log_that_is_gone_leaves_the_spills_as_they_are(
    log: UpdateLog, holding: str, link: Link, keys: DocumentKeys
) -> None:
    await link.command("DEL", keys.log)
    with pytest.raises(StaleEpoch, match="the log is gone"):
        await log.fold(b"u", Origin(), folded("", "1-1", a="x"), epoch=1, holding=holding)
    assert not await link.command("EXISTS", keys.spill("a"))


async def _has_limit(link: Link) -> bool:
    try:
        await link.command("CONFIG", "SET", "proto-max-bulk-len", 2**20)
    except StoreRefused:
        return False
    return True
