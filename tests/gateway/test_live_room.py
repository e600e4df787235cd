"""What one who looks at a live room is told, and what not."""

from __future__ import annotations

import asyncio
import json
from functools import partial

from rtstore.gateway import live_room
from rtstore.gateway.live_room import LiveRoom, Viewer
from rtstore.redis_backend.live_state import Snapshot
from rtstore.schema.identity import Identity, User
from rtstore.tasks import background
from tests.support.waiting import until

ALL = frozenset({"sessions:read", "kernels:read"})


def somebody(name: str) -> Identity:
    return Identity(User.of({"username": name, "name": name}), ALL)


def a_session(name: str, user: str = "") -> str:
    return json.dumps({"id": name, "path": "a.ipynb", "kernel_id": f"k-{name}", "user": user})


async def test_a_session_of_ones_own_is_shown_to_nobody_else() -> None:
    room = LiveRoom("server:s")
    sessions = {"s1": a_session("s1", "ann"), "s2": a_session("s2", "bob"), "s3": a_session("s3")}
    room.load(Snapshot(1, {"sessions": sessions}))
    ann, bob = (Viewer(room, partial(somebody, name)) for name in ("ann", "bob"))
    room.viewers |= {ann, bob}

    told = json.loads(await ann.news())["tables"]["sessions"]
    await bob.news()
    changed = json.loads(a_session("s2", "bob")) | {"path": "b.ipynb"}
    room.heard(2, [{"table": "sessions", "id": "s2", "record": changed}])
    room.heard(3, [{"table": "sessions", "id": "s3", "record": None}])

    assert sorted(told) == ["s1", "s3"]
    assert json.loads(await bob.news())["changes"][0]["record"]["path"] == "b.ipynb"
    assert [one["id"] for one in json.loads(await ann.news())["changes"]] == ["s3"]


async def test_an_answer_comes_though_all_is_told_anew() -> None:
    room = LiveRoom("server:s")
    viewer = Viewer(room, lambda: somebody("ann"))
    await viewer.answer("mine")
    viewer.renew()

    assert json.loads(await viewer.news())["type"] == "snapshot"
    assert await viewer.news() == "mine"


async def test_who_reads_no_answer_is_not_heard() -> None:
    viewer = Viewer(LiveRoom("server:s"), lambda: somebody("ann"))
    await viewer.news()
    said: list[int] = []

    async def ask() -> None:
        for number in range(2 * live_room.ANSWERS_MAX):
            await viewer.answer(str(number))
            said.append(number)
        await asyncio.Event().wait()

    async with background(ask()):

        async def is_full() -> bool:
            return len(said) == live_room.ANSWERS_MAX

        await until(is_full, what="as many as are kept")
        for _ in range(10):
            await asyncio.sleep(0)
        assert len(said) == live_room.ANSWERS_MAX
        read = [await viewer.news() for _ in range(2 * live_room.ANSWERS_MAX)]
    assert read == [str(number) for number in range(2 * live_room.ANSWERS_MAX)]
