from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from rtstore.errors import StoreFull, StoreRefused
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.link import Link, Script
from rtstore.redis_backend.resp_link import RespLink
from rtstore.redis_backend.update_log import Opened, UpdateLog
from rtstore.schema.ids import BEGINNING, EntryId
from tests.redis_backend.backends import REAL, append, append_all, not_on_fakeredis, until
from tests.redis_backend.conftest import Backend


async def test_replies_are_plain(link: Link) -> None:
    assert await link.command("HSET", "h", "k", b"\x00\xff") == 1
    assert await link.command("HGETALL", "h") == {b"k": b"\x00\xff"}
    assert await link.command("GET", "nothing") is None
    assert await link.command("XADD", "s", "1-*", "a", 1, "b", "ü") == b"1-0"
    reply = await link.command("XRANGE", "s", "-", "+")
    assert reply == [[b"1-0", [b"a", b"1", b"b", "ü".encode()]]]


async def test_an_error_says_what_the_server_said(link: Link) -> None:
    await link.command("SET", "text", "x")
    with pytest.raises(StoreRefused, match="WRONGTYPE"):
        await link.command("HGETALL", "text")
    with pytest.raises(StoreRefused, match="unknown command"):
        await link.command("NOSUCH")
    assert await link.command("GET", "text") == b"x"


async def test_what_can_not_be_sent_takes_no_reply_from_others(link: Link) -> None:
    with pytest.raises(UnicodeEncodeError):
        await link.command("ECHO", "a\ud800")
    assert await link.command("ECHO", "b") == b"b"
    assert await link.command("ECHO", "c") == b"c"


async def test_it_is_up(link: Link) -> None:
    assert link.connected
    assert link.connections == 1
    assert ":" in link.server


async def test_listening_begins_when_entered_and_ends_when_left(links: tuple[Link, Link]) -> None:
    heard: list[bytes] = []
    for i in range(5):
        async with links[0].listen("c", heard.append):
            await links[1].command("SPUBLISH", "c", b"\x00%d" % i)
            await until(lambda i=i: len(heard) == i + 1)  # type: ignore[misc]
    await links[1].command("SPUBLISH", "c", b"late")
    async with links[0].listen("c", heard.append):
        await links[1].command("SPUBLISH", "c", b"last")
        await until(lambda: heard[-1] == b"last")
    assert heard == [b"\x000", b"\x001", b"\x002", b"\x003", b"\x004", b"last"]


async def test_a_channel_may_have_several_listeners(links: tuple[Link, Link]) -> None:
    one: list[bytes] = []
    two: list[bytes] = []
    async with links[0].listen("c", one.append):
        async with links[0].listen("c", two.append):
            await links[1].command("SPUBLISH", "c", b"a")
            await until(lambda: len(one) == len(two) == 1)
        await links[1].command("SPUBLISH", "c", b"b")
        await until(lambda: len(one) == 2)
    assert two == [b"a"]


async def test_a_listener_that_raises_takes_nothing_from_the_others(
    links: tuple[Link, Link], caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[bytes] = []

    def raises(_: bytes) -> None:
        raise RuntimeError("a bug")

    async with links[0].listen("c", raises), links[0].listen("c", heard.append):
        async with links[0].listen("d", heard.append):
            for payload in (b"1", b"2", b"3"):
                await links[1].command("SPUBLISH", "c", payload)
                await links[1].command("SPUBLISH", "d", payload)
            await until(lambda: len(heard) == 6)
    (told,) = [one.message for one in caplog.records if one.levelname == "ERROR"]
    assert "listener failed channel=c" in told
    assert links[0].connected


async def test_many_messages_are_heard_in_order(links: tuple[Link, Link]) -> None:
    heard: list[bytes] = []
    async with links[0].listen("d", heard.append):
        async with asyncio.TaskGroup() as tasks:
            for i in range(100):
                tasks.create_task(links[1].command("SPUBLISH", "d", b"%d" % i))
        await until(lambda: len(heard) == 100)
    assert heard == [b"%d" % i for i in range(100)]


@not_on_fakeredis("it has no connections")
async def test_connections_say_whose_they_are(link: Link) -> None:
    clients = (await link.command("CLIENT", "LIST")).decode()
    for worker in ("w1", "w2"):
        for role in ("commands", "feed"):
            assert f"name=rtstore:{worker}:test:{role} " in clients


@not_on_fakeredis("it has no connections")
async def test_what_one_tick_issues_leaves_in_one_write(
    link: Link, log: UpdateLog, opened: Opened
) -> None:
    await append(log, b"which loads the script")
    wire = cast("RespLink", link)._commands
    assert wire is not None
    transport: Any = wire._transport
    writes: list[bytes] = []

    class Counting:
        def write(self, data: bytes) -> None:
            writes.append(data)
            transport.write(data)

        def abort(self) -> None:
            transport.abort()

    wire._transport = cast("asyncio.Transport", Counting())
    async with asyncio.TaskGroup() as tasks:
        for i in range(100):
            tasks.create_task(append(log, b"%d" % i))
    assert len(writes) == 1
    assert [e.update for e in await log.read(first="1-2")] == [b"%d" % i for i in range(100)]


@not_on_fakeredis("scripts are not called by digest")
async def test_flushed_scripts_come_back_in_order(
    link: Link, log: UpdateLog, opened: Opened
) -> None:
    await append(log, b"first")
    await link.command("SCRIPT", "FLUSH")
    async with asyncio.TaskGroup() as tasks:
        for i in range(50):
            tasks.create_task(append(log, b"%d" % i))
        flush = tasks.create_task(link.command("SCRIPT", "FLUSH"))
    assert flush.result() == b"OK"
    entries = await log.read(first="1-2")
    assert [entry.update for entry in entries] == [b"%d" % i for i in range(50)]


@not_on_fakeredis("it has no maxmemory")
async def test_a_full_store_writes_nothing_but_can_be_compacted(
    links: tuple[Link, Link], log: UpdateLog, opened: Opened, keys: DocumentKeys
) -> None:
    link, admin = links
    await append_all(log, [b"a", b"b"])
    lease = Lease.of_document(link, keys, "keep", owner="w1")
    heard: list[bytes] = []
    await admin.command("CONFIG", "SET", "maxmemory", 1)
    try:
        async with link.listen(keys.feed, heard.append):
            with pytest.raises(StoreFull):
                await append(log, b"c")
            with pytest.raises(StoreFull):
                await lease.acquire()
            assert len(await log.read()) == 3
            assert await log.compact(BEGINNING, EntryId(1, 2), b"ab", keep=EntryId(1, 3)) == 3
            await link.command("SPUBLISH", keys.feed, b"still alive")
            await until(lambda: bool(heard))
        assert heard == [b"still alive"]
    finally:
        await admin.command("CONFIG", "SET", "maxmemory", 0)
    assert not await link.command("EXISTS", keys.lease("keep"))
    assert await append(log, b"c") == EntryId(1, 3)


@pytest.mark.parametrize("backend", [REAL[-1]], indirect=True)
async def test_keys_of_two_documents_are_refused_on_a_cluster(link: Link) -> None:
    """So that the contract on the cluster proves that no script of ours does this."""
    one, two = Keys().document("nb-1"), Keys().document("nb-2")
    load = Script.load("update_log_load")
    with pytest.raises(StoreRefused, match="CROSSSLOT"):
        await link.call(load, (one.snap, two.log, one.meta), ("",))


async def test_a_contract_on_four_stores(backend: Backend) -> None:
    names = {"fakeredis", "valkey", "redis7", "valkey-cluster"}
    assert backend.name in names
    if backend.store:
        async with backend.store.client() as client:
            is_cluster = (await client.info("cluster"))["cluster_enabled"]
        assert bool(is_cluster) is (backend.name == "valkey-cluster")
