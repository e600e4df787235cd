"""Who is here: seen, heard of, and gone."""

from __future__ import annotations

import asyncio
import json

import pytest

from rtstore.client import Change, Presence
from rtstore.errors import BadFrame
from tests.client.cast import at, make_notebook, notebooks, texts
from tests.gateway.team import Worker, make_document
from tests.support.waiting import until

Pair = tuple[Worker, Worker]


async def seen_until(presence: Presence, name: str, **said: object) -> Change:
    """The first change that says so of somebody."""
    async with asyncio.timeout(60):
        async for change in presence.changes():
            person = change.person
            if person.name == name and said.items() <= person.state.items():
                return change
    raise AssertionError("changes() ended")


async def test_people_see_each_other_and_what_they_say(workers: Pair) -> None:
    one, two = workers
    await make_notebook(one.link, "a.ipynb", "x = 1")
    async with notebooks(one, two) as (mine, theirs):
        await seen_until(mine.presence, "bob")
        await seen_until(theirs.presence, "ann")
        theirs.presence.set(status="thinking", cell="c0")
        change = await seen_until(mine.presence, "bob", status="thinking")
        assert change.person.username == "bob"
        assert change.person.client == theirs.ydoc.client_id

        theirs.presence.set(status=None)
        await mine.until(lambda: "status" not in mine.presence.people[0].state)
        assert mine.presence.people[0].state["cell"] == "c0"
        assert [person.name for person in theirs.presence.people] == ["ann"]


async def test_the_name_is_the_servers_word(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    async with texts(one, two) as (mine, theirs):
        theirs.presence.set(user={"username": "ann", "name": "ann"}, trick=True)
        async with asyncio.timeout(30):
            await mine.until(lambda: any("trick" in p.state for p in mine.presence.people))
        assert [person.username for person in mine.presence.people] == ["bob"]


async def test_who_leaves_is_gone_at_once_and_who_comes_late_sees_the_others(
    workers: Pair,
) -> None:
    one, two = workers
    await make_document(one.link)
    async with at(one, "ann") as ann, ann.text("a.txt") as mine:
        mine.presence.set(status="here")
        async with at(two, "bob") as bob, bob.text("a.txt") as theirs:
            await seen_until(theirs.presence, "ann", status="here")
            await seen_until(mine.presence, "bob")
        async with asyncio.timeout(15):  # who says nothing is forgotten after 30 s
            await mine.until(lambda: not mine.presence.people)


async def test_changes_tell_who_came_changed_and_left(workers: Pair) -> None:
    one, two = workers
    await make_document(one.link)
    seen: list[tuple[str, str]] = []
    async with at(one, "ann") as ann, ann.text("a.txt") as mine, asyncio.TaskGroup() as tasks:

        async def watch() -> None:
            async for change in mine.presence.changes():
                seen.append((change.what, change.person.name))
                if change.what == "left":
                    return

        tasks.create_task(watch())
        async with at(two, "bob") as bob, bob.text("a.txt") as theirs:
            await mine.until(lambda: seen == [("came", "bob")])
            theirs.presence.set(n=1)
            await mine.until(lambda: seen[1:] == [("changed", "bob")])
    assert seen == [("came", "bob"), ("changed", "bob"), ("left", "bob")]


async def test_it_is_readable_in_the_store(workers: Pair) -> None:
    one, two = workers
    log = await make_document(one.link)
    async with texts(one, two) as (mine, _):
        mine.presence.set(status="reading")

        async def is_told() -> bool:
            who = await one.link.command("HVALS", log.keys.who)
            states = [c["state"] for v in who for c in json.loads(v)["clients"].values()]
            return any(state and state.get("status") == "reading" for state in states)

        await until(is_told, what="the status is in the store")


async def test_what_is_no_json_or_too_long_is_refused_here(workers: Pair) -> None:
    one, _ = workers
    await make_document(one.link)
    async with at(one, "ann") as ann, ann.text("a.txt") as mine:
        with pytest.raises(BadFrame, match="JSON"):
            mine.presence.set(status=object())
        with pytest.raises(Exception, match="at most"):
            mine.presence.set(status="x" * 100_000)
        assert mine.presence.mine == {}


async def test_a_server_can_be_watched_without_a_document(workers: Pair) -> None:
    one, two = workers
    async with (
        at(one, "ann") as ann,
        at(two, "bob") as bob,
        ann.presence() as mine,
        bob.presence() as theirs,
    ):
        theirs.set(current="notebook:a.ipynb")
        await seen_until(mine, "bob", current="notebook:a.ipynb")
        await seen_until(theirs, "ann")
