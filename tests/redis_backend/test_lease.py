from __future__ import annotations

import asyncio

import pytest

from rtstore.redis_backend import lease as lease_module
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from tests.support import waiting


@pytest.fixture
def pair(links: tuple[Link, Link], keys: DocumentKeys) -> tuple[Lease, Lease]:
    """Two owners that want the same."""
    return Lease.of_document(links[0], keys, "keep", owner="w1"), Lease.of_document(
        links[1], keys, "keep", owner="w2"
    )


async def test_one_of_two_has_it(
    pair: tuple[Lease, Lease], link: Link, keys: DocumentKeys
) -> None:
    async with asyncio.TaskGroup() as tasks:
        took = [tasks.create_task(lease.acquire()) for lease in pair]
    assert sorted(task.result() for task in took) == [False, True]
    [holder] = [lease for lease in pair if lease.holding]
    assert await link.command("GET", keys.lease("keep")) == holder.holding.encode()
    assert await link.command("HGET", keys.meta, "owner") == holder.holding.split()[0].encode()
    assert 0 < await link.command("PTTL", keys.lease("keep")) <= lease_module.TTL_MS


async def test_the_token_grows(pair: tuple[Lease, Lease]) -> None:
    one, two = pair
    tokens = []
    for lease in (one, two, one):
        assert await lease.acquire()
        tokens.append(int(lease.holding.split()[1]))
        await lease.release()
        assert not lease.holding
    assert tokens == sorted(set(tokens))


async def test_names_are_apart(link: Link, keys: DocumentKeys) -> None:
    assert await Lease.of_document(link, keys, "keep", owner="w1").acquire()
    assert await Lease.of_document(link, keys, "compact", owner="w2").acquire()


async def test_renewed_it_stays(pair: tuple[Lease, Lease], link: Link, keys: DocumentKeys) -> None:
    one, two = pair
    await one.acquire()
    await link.command("PEXPIRE", keys.lease("keep"), 20_000)
    assert await one.renew()
    assert await link.command("PTTL", keys.lease("keep")) > 20_000
    assert not await two.acquire()


async def test_who_was_replaced_neither_renews_nor_releases(
    pair: tuple[Lease, Lease], link: Link, keys: DocumentKeys
) -> None:
    one, two = pair
    await one.acquire()
    old = one.holding
    await link.command("DEL", keys.lease("keep"))
    assert await two.acquire()
    assert not await one.renew()
    assert one.holding == ""
    one.holding = old
    await one.release()
    assert await two.renew()


async def test_expired_it_goes_to_the_next(
    pair: tuple[Lease, Lease], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    monkeypatch.setattr(lease_module, "TTL_MS", 60)
    assert await one.acquire()
    await waiting.until(two.acquire, what="taken over")
    assert not await one.renew()


async def test_never_acquired_there_is_nothing_to_renew(pair: tuple[Lease, Lease]) -> None:
    assert not await pair[0].renew()
    await pair[0].release()
