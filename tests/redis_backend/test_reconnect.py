from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import psutil  # type: ignore[import-untyped]
import pytest

from rtstore.errors import SettingsError, StoreUnavailable
from rtstore.redis_backend import resp_link
from rtstore.redis_backend.address import Address
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.resp_link import RespLink
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.redis_backend.wire import Wire
from rtstore.schema.ids import BEGINNING
from tests.faults.proxy import proxy_to
from tests.redis_backend.backends import PLACE, append, until
from tests.support import waiting
from tests.support.stores import Store, flavours

BOTH = pytest.mark.parametrize("store", flavours(clusters=False), indirect=True)


@pytest.fixture
async def live(store: Store) -> AsyncIterator[Link]:
    """A link to a store of this test's own."""
    async with connect(store.url, name="w1:test") as link:
        yield link


@BOTH
async def test_a_killed_server_comes_back(store: Store, live: Link, keys: DocumentKeys) -> None:
    log = UpdateLog(live, keys, worker="w1")
    await log.open(BEGINNING, gen="g1", place=PLACE)
    last = await append(log, b"a")
    await store.until_written()
    told: list[bool] = []
    heard: list[bytes] = []
    server = live.server
    async with live.watch(told.append), live.listen("c", heard.append):
        async with asyncio.TaskGroup() as tasks:
            waits = tasks.create_task(_outcome(live.command("BLPOP", "never", 0)))
            await _until_blocked(store)
            store.kill()
        assert isinstance(waits.result(), StoreUnavailable)
        await until(lambda: bool(told))
        assert not live.connected
        with pytest.raises(StoreUnavailable):
            await append(log, b"lost")
        with pytest.raises(StoreUnavailable):
            async with live.listen("d", heard.append):
                pass
        await store.restart()
        await until(lambda: told[-1])
        assert told == [False, True]
        assert (live.connected, live.connections) == (True, 2)
        await live.command("SPUBLISH", "c", b"again")
        await until(lambda: bool(heard))
    assert live.server != server
    again = await log.open(last, gen="")
    assert (again.why, again.verdict, again.epoch) == ("server", "ok", 2)
    assert [e.update for e in (await log.load()).entries if e.is_content] == [b"a"]


@BOTH
async def test_killed_among_writes_nothing_acked_is_lost_nothing_is_doubled(
    store: Store, live: Link, keys: DocumentKeys
) -> None:
    log = UpdateLog(live, keys, worker="w1")
    # Else the store itself acknowledges, while it syncs, what it would lose when killed.
    await live.command("CONFIG", "SET", "appendfsync", "always")
    await log.open(BEGINNING, gen="g1", place=PLACE)
    acked: list[bytes] = []

    async def write(name: int) -> None:
        for i in range(100_000):
            update = b"%d.%d" % (name, i)
            try:
                await append(log, update)
            except StoreUnavailable:
                return
            acked.append(update)

    async with asyncio.TaskGroup() as tasks:
        for name in range(8):
            tasks.create_task(write(name))
        await until(lambda: len(acked) > 200)
        store.kill()
    await store.restart()
    await until(lambda: live.connected)
    there = [entry.update for entry in await log.read(first="1-1", limit=10**6)]
    assert len(there) == len(set(there))
    assert set(acked) <= set(there)
    assert len(set(there) - set(acked)) <= 8


@pytest.mark.parametrize("role", ["commands", "feed"])
async def test_one_connection_lost_is_one_loss(store: Store, live: Link, role: str) -> None:
    told: list[bool] = []
    heard: list[bytes] = []
    server, connections = live.server, live.connections
    async with live.watch(told.append), live.listen("c", heard.append):
        async with store.client() as client:
            [lost] = [c for c in await client.client_list() if c["name"].endswith(role)]
            await client.client_kill_filter(_id=lost["id"])
        await until(lambda: told == [False, True])
        await live.command("SPUBLISH", "c", b"again")
        await until(lambda: heard == [b"again"])
    assert live.server == server
    assert live.connections == connections + (role == "commands")


async def test_a_server_that_stalls_is_given_up_and_retries_leave_nothing_open(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A stalled link sends no reset: only the clock tells. The kernel still accepts for it."""
    told: list[bool] = []
    caplog.set_level(logging.INFO, logger=resp_link.__name__)

    def retries(kind: str) -> int:
        return sum(f"store not back kind={kind}" in line for line in caplog.messages)

    async with connect(store.url, name="w2:test") as link, link.watch(told.append):
        descriptors = psutil.Process().num_fds()
        os.kill(store.pid, signal.SIGSTOP)
        impatient = pytest.MonkeyPatch()  # only now: a store that is merely slow is waited for
        impatient.setattr(resp_link, "ANSWER_TIMEOUT_S", 0.3)
        impatient.setattr(resp_link, "PROBE_EVERY_S", 0.05)
        impatient.setattr(resp_link, "CONNECT_TIMEOUT_S", 0.1)
        impatient.setattr(resp_link, "RETRY_MAX_S", 0.05)
        try:
            async with asyncio.timeout(60):
                with pytest.raises(StoreUnavailable, match="no answer"):
                    await link.command("PING")
            feed = cast("RespLink", link)._feed
            assert feed is not None
            feed.abort("both are to be retried")
            await until(lambda: min(retries("commands"), retries("feed")) >= 5)
            assert psutil.Process().num_fds() <= descriptors
        finally:
            impatient.undo()
            os.kill(store.pid, signal.SIGCONT)
        await until(lambda: told[-1:] == [True])
        assert await link.command("PING") == b"PONG"


@pytest.mark.parametrize("role", ["commands", "feed"])
async def test_a_stall_is_noticed_in_time_however_seldom_it_is_probed(
    store: Store, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setattr(resp_link, "ANSWER_TIMEOUT_S", 0.5)
    monkeypatch.setattr(resp_link, "PROBE_EVERY_S", 60.0)
    told: list[bool] = []
    async with proxy_to(Path(store.url.removeprefix("unix://"))) as proxy:
        async with connect(proxy.url, name="w3:test") as link, link.watch(told.append):
            with proxy.weather(lambda name: name.endswith(role), stalled=True):
                waits = asyncio.ensure_future(_outcome(link.command("GET", "nothing")))
                await until(lambda: told == [False])
                assert isinstance(await waits, StoreUnavailable) == (role == "commands")
            # And so on: a feed that is never probed is silent for too long.
            await until(lambda: told[:2] == [False, True])


async def test_who_stood_still_takes_no_silence_for_the_server_s(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a machine that was suspended: its connections are as good as before."""
    told: list[bool] = []
    looks = _Looks(monkeypatch)
    async with connect(store.url, name="w3:test") as link, link.watch(told.append):
        monkeypatch.setattr(resp_link, "ANSWER_TIMEOUT_S", 2.0)
        monkeypatch.setattr(resp_link, "PROBE_EVERY_S", 60.0)
        await looks.one_more()
        time.sleep(3.0)
        asked = link.command("GET", "nothing")
        await looks.one_more()
        assert await asked is None
        assert told == []
        assert link.connections == 1


class _Looks:
    """How often links looked for silence."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._number = 0
        looks = RespLink._gave_up

        def counted(link: RespLink, now: float) -> bool:
            self._number += 1
            return looks(link, now)

        monkeypatch.setattr(RespLink, "_gave_up", counted)

    async def one_more(self) -> None:
        before = self._number
        await until(lambda: self._number > before)


async def test_a_slot_that_moves_away_is_a_loss_of_the_feed(live: Link) -> None:
    told: list[bool] = []
    heard: list[bytes] = []
    async with live.watch(told.append), live.listen("c", heard.append):
        cast("RespLink", live)._heard([b"sunsubscribe", b"c", 0])
        await until(lambda: told == [False, True])
        await live.command("SPUBLISH", "c", b"again")
        await until(lambda: heard == [b"again"])


async def test_an_old_confirmation_is_not_taken_for_the_new() -> None:
    """Left and entered again while the server was slow: messages would fall between."""
    link = RespLink(Address.parse("redis://nowhere"), name="w1", probe="p")
    posted: list[tuple[Any, ...]] = []

    class Feed:
        lost = asyncio.Event()

        def post(self, *args: Any) -> None:
            posted.append(args)

    link._feed = cast("Wire", Feed())
    entered = asyncio.Event()

    async def listen() -> None:
        async with link.listen("c", lambda _: None):
            entered.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(listen())
        await until(lambda: len(posted) == 1)
        first.cancel()
        await until(lambda: len(posted) == 2)
        second = tasks.create_task(listen())
        await until(lambda: len(posted) == 3)
        assert [words[0] for words in posted] == ["SSUBSCRIBE", "SUNSUBSCRIBE", "SSUBSCRIBE"]
        for push in (b"ssubscribe", b"sunsubscribe"):
            link._heard([push, b"c", 1])
            for _ in range(5):
                await asyncio.sleep(0)
            assert not entered.is_set()
        link._heard([b"ssubscribe", b"c", 1])
        await until(entered.is_set)
        second.cancel()


async def test_no_store_at_all_names_the_url_and_the_reason() -> None:
    url = "redis://ann:sesame@127.0.0.1:1"
    with pytest.raises(StoreUnavailable) as caught:
        async with connect(url, name="w1:test"):
            pass
    assert "redis://ann:***@127.0.0.1:1" in str(caught.value)
    assert "refused" in str(caught.value)
    assert "sesame" not in str(caught.value)


async def test_a_wrong_password_says_so_and_leaves_nothing_open(store: Store) -> None:
    url = store.url.replace("unix://", "unix://ann:sesame@")
    descriptors = psutil.Process().num_fds()
    with pytest.raises(StoreUnavailable, match="WRONGPASS") as caught:
        async with connect(url, name="w1:test"):
            pass
    assert "sesame" not in str(caught.value)
    await until(lambda: psutil.Process().num_fds() <= descriptors)


@pytest.mark.parametrize("url", ["nonsense", "http://x", "redis://h/3", "redis://h:port"])
def test_a_url_that_cannot_be(url: str) -> None:
    with pytest.raises(SettingsError, match="RTSTORE_REDIS_URL"):
        Address.parse(url)


async def _outcome(job: Any) -> object:
    try:
        return await job
    except Exception as error:
        return error


async def _until_blocked(store: Store) -> None:
    async with store.client() as client:

        async def blocked() -> bool:
            return bool((await client.info("clients"))["blocked_clients"])

        await waiting.until(blocked, what="the command is in flight")
