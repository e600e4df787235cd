from __future__ import annotations

import time

import pytest

from rtstore.redis_backend.keys import BUCKETS, Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import WORKER_TTL_MS, Registry
from tests.redis_backend.backends import not_on_fakeredis


@pytest.fixture
def registry(link: Link) -> Registry:
    return Registry(link, Keys())


async def test_workers_that_live_say_so(registry: Registry, link: Link) -> None:
    await registry.beat("w1", {"host": "a", "pid": "7"})
    await registry.beat("w2", {"host": "b"})
    workers = await registry.workers()
    assert {name: told["host"] for name, told in workers.items()} == {"w1": "a", "w2": "b"}
    assert workers["w1"]["pid"] == "7"
    assert 0 < await link.command("PTTL", Keys().worker("w1")) <= WORKER_TTL_MS


async def test_who_leaves_is_forgotten(registry: Registry, link: Link) -> None:
    await registry.beat("w1", {"host": "a"})
    await registry.leave("w1")
    assert await registry.workers() == {}
    assert not await link.command("EXISTS", Keys().worker("w1"))


async def test_who_died_is_forgotten(registry: Registry, link: Link) -> None:
    await registry.beat("w1", {"host": "a"})
    await registry.beat("w2", {"host": "b"})
    await link.command("ZADD", Keys().workers, 1, "w1")
    await link.command("DEL", Keys().worker("w2"))
    assert await registry.workers() == {}
    assert await link.command("ZRANGE", Keys().workers, 0, -1) == [b"w2"]


async def test_documents_in_use(registry: Registry) -> None:
    names = {f"nb-{i}" for i in range(200)}
    for name in names:
        await registry.mark(name)
    assert set(await registry.in_use()) == names
    await registry.unmark("nb-7")
    assert set(await registry.in_use()) == names - {"nb-7"}


async def test_documents_that_nobody_marked_for_long(registry: Registry, link: Link) -> None:
    await registry.mark("nb-1")
    await link.command("ZADD", Keys().docs_of("nb-2"), 1000, "nb-2")
    assert await registry.in_use() == ["nb-1"]


@not_on_fakeredis("its clock is that of the process")
@pytest.mark.parametrize("wrong_s", [-600.0, 600.0])
async def test_a_clock_that_is_wrong_does_not_count(
    registry: Registry, link: Link, monkeypatch: pytest.MonkeyPatch, wrong_s: float
) -> None:
    right = time.time
    elsewhere = Registry(link, Keys())
    with monkeypatch.context() as there:
        there.setattr(time, "time", lambda: right() + wrong_s)
        await elsewhere.mark("nb-1")
        await elsewhere.beat("w1", {"host": "a"})
    await registry.mark("nb-2")
    await registry.beat("w2", {"host": "b"})
    assert set(await registry.in_use(60_000)) == {"nb-1", "nb-2"}
    with monkeypatch.context() as there:
        there.setattr(time, "time", lambda: right() + wrong_s)
        assert set(await elsewhere.in_use(60_000)) == {"nb-1", "nb-2"}
        assert set(await elsewhere.workers()) == {"w1", "w2"}


def test_documents_spread_over_the_buckets() -> None:
    keys = Keys()
    used = {keys.docs_of(f"nb-{i}") for i in range(2000)}
    assert used == {keys.docs(bucket) for bucket in range(BUCKETS)}
