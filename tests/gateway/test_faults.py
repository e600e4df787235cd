"""Stores that die, lose data or fill up; a feed that loses messages; browsers that don't read."""

from __future__ import annotations

import asyncio

import pytest
from pycrdt import Doc, Text

from rtstore.redis_backend.update_log import Origin
from rtstore.tasks import background
from tests.gateway.team import Worker, joined, make_document, running_worker, typed
from tests.support.stores import Store, flavours

Pair = tuple[Worker, Worker]


async def test_a_store_that_dies_and_comes_back_loses_nothing(store: Store, workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(one, "ada") as ada, joined(two, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        await ada.type("1")
        await bob.until(lambda: bob.text == "hello1")
        store.kill()
        await ada.type("2")  # refused: the store is away
        await bob.type("3")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(store.restart())
            # Each goes on answering until both have it all.
            whole = sorted("hello123")
            tasks.create_task(
                ada.until_true(lambda: sorted(ada.text) == sorted(bob.text) == whole)
            )
            tasks.create_task(
                bob.until_true(lambda: sorted(ada.text) == sorted(bob.text) == whole)
            )
        assert ada.text == bob.text
        assert not ada.socket.closed
        assert not bob.socket.closed
        await ada.type("4")
        await bob.until(lambda: "4" in bob.text)
    loaded = await log.load()
    assert loaded.entries[-1].id.epoch == 2  # a restarted server is another server


async def test_a_store_that_lost_everything_gets_it_back_from_the_rooms(
    store: Store, workers: Pair
) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(one, "ada") as ada, joined(two, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        await ada.type(" world")
        await bob.until(lambda: bob.text == "hello world")
        await one.link.command("FLUSHALL")
        await store.until_written()
        store.kill()
        await store.restart()
        await ada.type("!")
        async with background(ada.hear_for(60)):  # it is asked for, should the room not be ready
            await bob.until(lambda: bob.text == "hello world!")
        async with joined(two, "eve") as eve:  # the same generation
            await eve.until(lambda: eve.text == "hello world!")
    assert "held" not in await log.meta()
    kinds = [entry.kind for entry in await log.read()]
    assert "h" in kinds


async def test_entries_that_the_feed_lost_are_read_from_the_log(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(two, "bob") as bob:
        await bob.until(lambda: bob.synced)
        doc: Doc[Text] = Doc()
        doc.apply_update(typed("hello"))
        state = doc.get_state()
        body = doc.get("source", type=Text)
        for letter in "abc":  # written to the log, never published
            body.insert(len(str(body)), letter)
            update, state = doc.get_update(state), doc.get_state()
            await one.link.command(
                "XADD", log.keys.log, "1-*", "kind", "u", "user", "", "client", "", "worker", "x",
                "seq", "1", "ts", "0", "update", update,
            )  # fmt: skip
        body.insert(len(str(body)), "d")  # this one is heard, and shows the hole
        await log.append(doc.get_update(state), Origin(), epoch=1, tag=log.next_tag())
        await bob.until(lambda: bob.text == "helloabcd")


async def test_a_big_update_travels_by_the_log(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with joined(one, "ada") as ada, joined(two, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        await ada.type("x" * 300_000)
        await bob.until(lambda: len(bob.text) == 300_005)


async def test_a_full_store_refuses_and_takes_it_later(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(one, "ada") as ada, joined(two, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        length = len(await log.read())
        await one.link.command("CONFIG", "SET", "maxmemory", "1")
        await ada.type("1")
        await ada.type("2")
        await ada.hear_for(0.2)
        assert len(await log.read()) == length
        await one.link.command("CONFIG", "SET", "maxmemory", "0")
        async with background(ada.hear_for(60)):  # asked again every 2 s
            await bob.until(lambda: bob.text == "hello12")


async def test_a_browser_that_does_not_read_is_skipped_and_brought_up_to_date(
    store: Store,
) -> None:
    async with (
        running_worker(store.url, "w1", outbox_bytes_max=2**16) as one,
        running_worker(store.url, "w2") as two,
    ):
        await make_document(one.link)
        async with joined(one, "slow") as slow, joined(two, "ada") as ada:
            await slow.until(lambda: slow.synced)
            await ada.until(lambda: ada.synced)
            room = await one.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
            for _ in range(80):  # more than sockets and outbox hold
                await ada.type("y" * 200_000)
            async with asyncio.timeout(60):
                while not any(m.lag for m in room._fan.members()):
                    await ada.hear_for(0.02)
            assert all(
                m.outbox._transport.get_write_buffer_size() < 2**20 for m in room._fan.members()
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(slow.until(lambda: len(slow.text) == 16_000_005, within_s=60))
            await ada.type("z")
            await slow.until(lambda: slow.text.endswith("z"))


async def test_a_room_survives_a_dead_feed_connection(store: Store, workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with joined(one, "ada") as ada, joined(two, "bob") as bob, store.client() as redis:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        await redis.client_kill_filter(_type="pubsub")
        await ada.type("1")
        await bob.until(lambda: bob.text == "hello1")
        await bob.type("2")
        await ada.until(lambda: ada.text == "hello12")


@pytest.mark.parametrize("store", flavours(), indirect=True)
async def test_rooms_work_on_every_kind_of_store(store: Store, workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with joined(one, "ada") as ada, joined(two, "bob") as bob:
        await ada.until(lambda: ada.synced)
        await bob.until(lambda: bob.synced)
        await ada.type("!")
        await bob.until(lambda: bob.text == "hello!")
        await ada.say(1, user={})
        await bob.until(lambda: ada.doc.client_id in bob.people)
