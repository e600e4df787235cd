from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from rtstore.errors import StoreUnfit
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.presence_set import PresenceSet
from rtstore.redis_backend.registry import Registry
from rtstore.redis_backend.server_check import ACL_LINE, can_info, examine, facts, require_fit
from rtstore.redis_backend.update_log import SCHEMA, UpdateLog
from rtstore.schema.ids import BEGINNING
from tests.redis_backend.backends import PLACE, append, not_on_fakeredis, until
from tests.redis_backend.conftest import Backend
from tests.support.fake_link import FakeLink


async def test_our_own_stores_are_fit(link: Link) -> None:
    assert await require_fit(link, Keys()) == []
    assert {one.level for one in await examine(link, Keys())} == {"ok"}
    assert await can_info(link)


async def test_facts_are_read(link: Link, backend: Backend) -> None:
    told = await facts(link)
    assert int(told.version.partition(".")[0]) >= 7
    assert told.is_cluster is (backend.name == "valkey-cluster")
    assert told.used_bytes > 0


@not_on_fakeredis("it has no CONFIG SET")
async def test_a_policy_that_evicts_is_seen(link: Link) -> None:
    try:
        await link.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        with pytest.raises(StoreUnfit, match=r"allkeys-lru.*CONFIG SET maxmemory-policy noevic"):
            await require_fit(link, Keys())
        await link.command("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
        [warning] = await require_fit(link, Keys())
        assert "volatile-ttl" in warning.what
        assert "noeviction" in warning.remedy
    finally:
        await link.command("CONFIG", "SET", "maxmemory-policy", "noeviction")


async def test_data_of_a_newer_rtstore_is_refused(link: Link) -> None:
    await require_fit(link, Keys())
    assert await link.command("GET", "rt:schema") == SCHEMA.encode()
    for there in (str(int(SCHEMA) + 1), "nonsense"):
        await link.command("SET", "rt:schema", there)
        with pytest.raises(StoreUnfit, match=f"format {there}.*upgrade rtstore"):
            await require_fit(link, Keys())


@not_on_fakeredis("it has no ACL")
async def test_the_acl_line_is_enough(
    backend: Backend, links: tuple[Link, Link], keys: DocumentKeys
) -> None:
    link, store = links[0], backend.store
    assert store
    await link.command(*ACL_LINE.replace("PASSWORD", "sesame").split())
    try:
        async with AsyncExitStack() as stack:
            url = store.url.replace("unix://", "unix://rtstore:sesame@")
            restricted = await stack.enter_async_context(connect(url, name="w3:test"))
            await _use(restricted, keys)
    finally:
        await link.command("ACL", "DELUSER", "rtstore")


async def _use(link: Link, keys: DocumentKeys) -> None:
    """All that a worker does."""
    assert await require_fit(link, Keys()) == []
    await Registry(link, Keys()).beat("w3", {"host": "a"})
    log = UpdateLog(link, keys, worker="w3")
    await log.open(BEGINNING, gen="g1", place=PLACE)
    heard: list[bytes] = []
    async with link.listen(keys.feed, heard.append):
        at = await append(log, b"a")
        await until(lambda: bool(heard))
    await Lease.of_document(link, keys, "keep", owner="w3").acquire()
    await PresenceSet(link, keys, ttl_ms=30_000).put({"w3.1": "{}"})
    await log.compact(BEGINNING, at, b"a", keep=at)
    assert (await log.load()).snapshot == b"a"


@pytest.mark.parametrize("backend", ["fakeredis"], indirect=True)
@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"redis_version": "6.2.14"}, r"version 6\.2\.14: needs Redis >= 7\.0 or Valkey >= 7\.2"),
        ({"maxmemory_policy": "allkeys-random"}, r"may delete documents: redis-cli CONFIG SET"),
    ],
)
async def test_an_unfit_server_is_refused(link: FakeLink, info: dict[str, str], said: str) -> None:
    link.info.update(info)
    with pytest.raises(StoreUnfit, match=said):
        await require_fit(link, Keys())


@pytest.mark.parametrize("backend", ["fakeredis"], indirect=True)
async def test_what_is_only_unwise_is_a_warning(link: FakeLink) -> None:
    link.info.update(aof_enabled="0", maxmemory_policy="volatile-lru")
    warnings = await require_fit(link, Keys())
    assert {one.remedy.partition(" (")[0] for one in warnings} == {
        "redis-cli CONFIG SET appendonly yes",
        "redis-cli CONFIG SET maxmemory-policy noeviction",
    }


@pytest.mark.parametrize("backend", ["fakeredis"], indirect=True)
async def test_findings_come_worst_first(link: FakeLink) -> None:
    link.info.update(aof_enabled="0", redis_version="6.0.0", valkey_version="")
    levels = [one.level for one in await examine(link, Keys())]
    assert levels == ["refuse", "warning", "ok", "ok"]
