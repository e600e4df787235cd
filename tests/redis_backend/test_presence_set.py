from __future__ import annotations

import asyncio

import pytest

from rtstore.gateway.room_presence import RENEWALS
from rtstore.redis_backend.keys import DocumentKeys, Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.presence_set import PresenceSet
from rtstore.settings import Settings


@pytest.fixture
def people(link: Link, keys: DocumentKeys) -> PresenceSet:
    return PresenceSet(link, keys, ttl_ms=30_000)


async def test_who_is_put_is_here(people: PresenceSet, link: Link, keys: DocumentKeys) -> None:
    told = await people.put({"w1.1": '{"user":"ann"}', "w1.2": '{"user":"bö"}'})
    assert told.here == {"w1.1": b'{"user":"ann"}', "w1.2": '{"user":"bö"}'.encode()}
    assert told.gone == {}
    assert await link.command("HGET", keys.who, "w1.1") == b'{"user":"ann"}'


async def test_other_workers_see_them(
    people: PresenceSet, links: tuple[Link, Link], keys: DocumentKeys
) -> None:
    await people.put({"w1.1": "a"})
    other = PresenceSet(links[1], keys, ttl_ms=30_000)
    assert (await other.put({"w2.1": "b"})).here == {"w1.1": b"a", "w2.1": b"b"}


async def test_an_empty_value_renews(people: PresenceSet, link: Link, keys: DocumentKeys) -> None:
    await people.put({"w1.1": "a"})
    before = float(await link.command("ZSCORE", keys.who_exp, "w1.1"))
    async with asyncio.timeout(5):
        while float(await link.command("ZSCORE", keys.who_exp, "w1.1")) <= before:
            assert (await people.put({"w1.1": ""})).here == {"w1.1": b"a"}


async def test_who_was_forgotten_is_not_renewed_as_nothing(people: PresenceSet) -> None:
    assert (await people.put({"w1.1": ""})).here == {}


async def test_who_is_removed_is_gone_with_what_they_said(people: PresenceSet) -> None:
    await people.put({"w1.1": "a", "w1.2": "b"})
    told = await people.put({"w1.3": "c"}, ["w1.1", "w9.9"])
    assert (told.gone, told.here) == ({"w1.1": b"a"}, {"w1.2": b"b", "w1.3": b"c"})
    assert (await people.put({}, ["w1.1"])).gone == {}


async def test_who_expired_is_reported_once(link: Link, keys: DocumentKeys) -> None:
    short = PresenceSet(link, keys, ttl_ms=50)
    long = PresenceSet(link, keys, ttl_ms=30_000)
    await long.put({"w2.1": "b"})
    await short.put({"w1.1": "a"})  # last: whoever comes next may be the one who is told
    gone: dict[str, bytes] = {}
    async with asyncio.timeout(5):
        while not gone:
            gone.update((await long.put({})).gone)
    assert gone == {"w1.1": b"a"}
    assert (await long.put({})).here == {"w2.1": b"b"}
    assert (await long.put({})).gone == {}


async def test_left_alone_the_whole_set_goes(
    people: PresenceSet, link: Link, keys: DocumentKeys
) -> None:
    await people.put({"w1.1": "a"})
    for key in (keys.who, keys.who_exp):
        assert 30_000 < await link.command("PTTL", key) <= 35_000


async def test_with_default_settings_no_ghost_is_seen_for_30_s(
    link: Link, keys: DocumentKeys
) -> None:
    """Neither alone, when the keys expire, nor among others, who drop it when they renew."""
    ttl_s = Settings.load().presence_ttl_s
    people = PresenceSet(link, keys, ttl_ms=int(ttl_s * 1000))
    await people.put({"w1.1": "a"})
    assert await link.command("PTTL", keys.who) < 30_000
    seconds, _ = await link.command("TIME")
    until = float(await link.command("ZSCORE", keys.who_exp, "w1.1")) / 1000
    assert until - int(seconds) + ttl_s / RENEWALS < 30


async def test_a_jupyter_server_has_one_too(link: Link) -> None:
    people = PresenceSet(link, Keys().root("c1"), ttl_ms=30_000)
    assert (await people.put({"w1.1": "a"})).here == {"w1.1": b"a"}
