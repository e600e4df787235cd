"""Who is in a room, over two workers."""

from __future__ import annotations

import asyncio
import json

import pytest

from rtstore.gateway import global_room, room_presence
from rtstore.pubsub.presence import CLIENTS_PER_CONNECTION, payload
from rtstore.schema import awareness, frames
from tests.gateway.team import PATIENCE_S, Worker, joined, make_document, running_worker
from tests.support.stores import Store

Pair = tuple[Worker, Worker]


async def test_who_is_here_is_stamped_by_the_server(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with joined(one, "ada") as ada, joined(two, "bob") as bob:
        await ada.say(1, user={"username": "mallory", "name": "Mallory"}, cursors=[])
        me = ada.doc.client_id
        await bob.until(lambda: me in bob.people)
        state = bob.people[me].state
        assert state is not None
        assert state["user"]["username"] == "ada"
        await ada.until(lambda: me in ada.people)  # echoed


async def test_a_late_comer_sees_everybody_at_once(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with joined(one, "ada") as ada:
        await ada.say(1, user={})
        await ada.until(lambda: bool(ada.people))
        async with joined(one, "bob") as bob:
            await bob.until(lambda: ada.doc.client_id in bob.people)
        async with asyncio.timeout(PATIENCE_S):  # who is written at most once a second
            log = await make_document(one.link)
            while True:
                who = await one.link.command("HGETALL", log.keys.who)
                if any(json.loads(value)["clients"] for value in who.values()):
                    break
                await ada.hear_for(0.05)
        async with joined(two, "eve") as eve:
            await eve.until(lambda: ada.doc.client_id in eve.people)
        assert [json.loads(v)["user"] for v in who.values() if b"ada" in v] == ["ada"]


@pytest.mark.alone
async def test_a_closed_socket_leaves_within_two_seconds(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with joined(two, "bob") as bob:
        async with joined(one, "ada") as ada:
            await ada.say(1, user={})
            await bob.until(lambda: ada.doc.client_id in bob.people)
        await bob.until(lambda: ada.doc.client_id not in bob.people, within_s=2.0)
        who = await one.link.command("HKEYS", log.keys.who)
        assert [field for field in who if field.startswith(b"w1.")] == []


async def test_who_comes_back_at_once_does_not_blink(
    workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is in the time of grace, which ends here when it has been used."""
    monkeypatch.setattr(room_presence, "GRACE_S", 3600.0)
    one, two = workers
    await make_document(one.link)
    async with joined(two, "bob") as bob:
        async with joined(one, "ada") as ada:
            await ada.say(5, user={})
            await bob.until(lambda: ada.doc.client_id in bob.people)
            presence = (
                await one.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
            )._presence
        me = ada.doc.client_id
        async with joined(two, "ada", doc=ada.doc) as again:
            await again.say(5, user={})
            await again.say(6, user={}, cell="2")
            await bob.until(lambda: bob.people[me].clock == 6)
            known = presence._presence._known
            await bob.until_true(lambda: known[me].state.clock == 6 and bool(presence._leaving))
            for origin, (_, connection) in presence._leaving.items():
                presence._leaving[origin] = (0.0, connection)
            presence._wake.set()
            await bob.until_true(lambda: not presence._leaving)
            await again.say(7, user={})  # heard after whatever the first worker had to say
            await bob.until(lambda: bob.people[me].clock == 7)
            assert me not in bob.left


async def test_nobody_speaks_for_another(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with joined(one, "ada") as ada, joined(two, "mallory") as mallory:
        await ada.say(1, user={})
        await mallory.until(lambda: ada.doc.client_id in mallory.people)
        forged = [awareness.ClientState(ada.doc.client_id, 9, {"user": {}, "fake": 1})]
        forged.append(awareness.ClientState(ada.doc.client_id, 9, None))
        await mallory.socket.send_bytes(frames.awareness(awareness.encode(forged)))
        await mallory.say(1, user={})
        await ada.until(lambda: mallory.doc.client_id in ada.people)
        assert ada.people[ada.doc.client_id].clock == 1


@pytest.mark.parametrize("room", ["text:file:doc-a.txt", global_room.NAME])
async def test_a_huge_presence_closes_its_sender_and_cuts_nobody_off(
    workers: Pair, room: str
) -> None:
    """Redis ends a subscriber for which it has to keep more than 32 MB."""
    one, two = workers
    await make_document(one.link)
    told = [awareness.ClientState(n, 1, {"x": "y" * 39_000}) for n in range(1000)]
    changes: list[bool] = []
    async with joined(one, "eve", room=room) as eve, joined(two, "bob", room=room) as bob:
        await eve.until(lambda: eve.was_told)
        await bob.until(lambda: bob.was_told)
        async with one.link.watch(changes.append), two.link.watch(changes.append):
            await eve.socket.send_bytes(frames.awareness(awareness.encode(told)))
            assert await eve.until_closed() == 1009
            async with joined(one, "ada", room=room) as ada:
                await ada.say(1, user={})
                await bob.until(lambda: ada.doc.client_id in bob.people)
    assert changes == []
    assert list(bob.people) == [ada.doc.client_id]


async def test_one_socket_speaks_for_few_clients_at_a_time(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    most = CLIENTS_PER_CONNECTION
    async with joined(one, "eve") as eve, joined(two, "bob") as bob:
        many = [awareness.ClientState(n, 1, {}) for n in range(3 * most)]
        await eve.socket.send_bytes(frames.awareness(awareness.encode(many)))
        await eve.say(1, user={})
        await bob.until(lambda: len(bob.people) >= most)
        assert sorted(bob.people) == list(range(most))

        gone = [awareness.ClientState(n, 2, None) for n in range(most)]
        await eve.socket.send_bytes(frames.awareness(awareness.encode(gone)))
        await eve.say(1, user={})
        await bob.until(lambda: list(bob.people) == [eve.doc.client_id])


async def test_who_died_with_a_worker_is_gone_when_its_time_is_up(store: Store) -> None:
    async with running_worker(store.url, "w2", presence_ttl_s=2.0) as two:
        log = await make_document(two.link)
        ghost = {
            "user": "ada",
            "clients": {"77": {"clock": 3, "state": {"user": {"username": "ada"}}}},
        }
        await two.link.command("HSET", log.keys.who, "w1.1", json.dumps(ghost))
        now_ms = int((await two.link.command("TIME"))[0]) * 1000
        await two.link.command("ZADD", log.keys.who_exp, now_ms + 3_600_000, "w1.1")
        async with joined(two, "bob") as bob:
            await bob.until(lambda: 77 in bob.people)
            await two.link.command("ZADD", log.keys.who_exp, now_ms, "w1.1")
            await bob.until(lambda: 77 not in bob.people)


async def test_who_expired_is_told_gone_also_by_a_worker_that_never_saw_them(
    workers: Pair,
) -> None:
    """It is told once, to the worker that looked first: here to one that has just begun."""
    one, two = workers
    log = await make_document(one.link)
    ghost = awareness.ClientState(77, 3, {"user": {"username": "eve"}})
    async with joined(one, "ada") as ada:
        await ada.until(lambda: ada.synced)
        room = await one.gateway.rooms.enter("doc-a.txt", kind="file", form="text")
        room._presence._renewed_at += 1000  # this worker does not look itself
        await one.link.command("SPUBLISH", log.keys.feed, payload([ghost], "dead.1"))
        await ada.until(lambda: 77 in ada.people)
        told = {"user": "eve", "clients": {"77": {"clock": 3, "state": ghost.state}}}
        await one.link.command("HSET", log.keys.who, "dead.1", json.dumps(told))
        await one.link.command("ZADD", log.keys.who_exp, 1, "dead.1")
        async with joined(two, "bob"):
            await ada.until(lambda: 77 not in ada.people)


async def test_the_global_room_needs_no_session_and_shows_everybody(workers: Pair) -> None:
    one, two = workers
    room = global_room.NAME
    loop = asyncio.get_running_loop()
    async with joined(one, "ada", room=room) as ada, joined(two, "bob", room=room) as bob:
        await ada.say(1, user={}, current="notebook:a.ipynb")
        await bob.until(lambda: ada.doc.client_id in bob.people)
        began, before = loop.time(), len(bob.spoken)
        for clock in range(2, 30):
            await ada.say(clock, user={}, current=f"n{clock}")
        await bob.until(lambda: bob.people[ada.doc.client_id].clock == 29)
        # Of 28, that is; the newest wins.
        assert len(bob.spoken) - before <= loop.time() - began + 1


async def test_in_the_global_room_a_user_speaks_once_a_second_by_all_their_sockets(
    workers: Pair,
) -> None:
    one, two = workers
    room = global_room.NAME
    loop = asyncio.get_running_loop()
    async with (
        joined(one, "bob", room=room) as bob,
        joined(one, "ada", room=room) as first,
        joined(one, "ada", room=room) as second,
        joined(two, "ada", room=room) as third,
    ):
        tabs = (first, second, third)
        await first.say(1, user={})
        await bob.until(lambda: first.doc.client_id in bob.people)
        for tab in tabs:
            await tab.until(lambda tab=tab: first.doc.client_id in tab.people)  # type: ignore[misc]
        began, before = loop.time(), len(bob.spoken)
        for clock in range(2, 30):
            for tab in tabs:
                await tab.say(clock, user={}, current=f"n{clock}")
        clients = [tab.doc.client_id for tab in tabs]
        await bob.until(
            lambda: all(c in bob.people and bob.people[c].clock == 29 for c in clients)
        )
        assert len(bob.spoken) - before <= loop.time() - began + 1


async def test_in_the_global_room_an_echo_of_others_takes_nobodys_turn(workers: Pair) -> None:
    """A browser repeats what it hears; what it has to say itself must not be lost by that."""
    one, _ = workers
    room = global_room.NAME
    async with joined(one, "ada", room=room) as ada, joined(one, "bob", room=room) as bob:
        await bob.say(1, user={})
        await ada.until(lambda: bob.doc.client_id in ada.people)
        await ada.say(1, user={})
        await ada.say(2, user={}, current="n2")
        echo = awareness.encode([ada.people[bob.doc.client_id]])
        await ada.socket.send_bytes(frames.awareness(echo))
        me = ada.doc.client_id
        await bob.until(lambda: me in bob.people and bob.people[me].clock == 2)
