from __future__ import annotations

import asyncio

from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.turn import Turn
from tests.redis_backend.backends import until

KEYS = Keys().root("c1")


async def test_a_user_is_heard_once_whichever_worker_was_first(links: tuple[Link, Link]) -> None:
    heard: list[bytes] = []
    async with links[0].listen(KEYS.feed, heard.append):
        async with asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(Turn(link, KEYS, every_s=300.0).say(user, user.encode()))
                for user in ("ann", "bob")
                for link in links
            ]
        await until(lambda: len(heard) == 2)
    assert sorted(heard) == [b"ann", b"bob"]
    left = sorted(task.result() for task in asked)
    assert left[:2] == [0, 0]
    assert all(200 < one <= 300 for one in left[2:])


async def test_when_the_time_is_up_it_is_their_turn_again(link: Link) -> None:
    seldom, often = (Turn(link, KEYS, every_s=every_s) for every_s in (60.0, 0.05))
    assert await seldom.say("ann", b"1") == 0
    assert 0 < await seldom.say("ann", b"2") <= 60
    async with asyncio.timeout(30):
        while await often.say("ann", b"2"):
            pass


async def test_who_spoke_is_forgotten(link: Link) -> None:
    await link.command("ZADD", KEYS.spoke, 1, "bob")
    await Turn(link, KEYS, every_s=1.0).say("ann", b"1")
    assert await link.command("ZRANGE", KEYS.spoke, 0, -1) == [b"ann"]
    assert 0 < await link.command("PTTL", KEYS.spoke) <= 1000


async def test_a_clock_that_was_set_back_makes_nobody_wait(link: Link) -> None:
    seconds, _ = await link.command("TIME")
    await link.command("ZADD", KEYS.spoke, (int(seconds) + 1000) * 1000, "ann")
    assert await Turn(link, KEYS, every_s=1.0).say("ann", b"1") == 0
