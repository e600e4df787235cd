"""Workers have Jupyter's event bus told: each thing once, and only what fits its schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import ClientSession

from tests.jupyter.conftest import Jupyter

Ask = Callable[..., Coroutine[Any, Any, tuple[int, Any]]]


async def test_events_reach_the_bus(jupyter: Jupyter, internal: Ask, http: ClientSession) -> None:
    session = "https://schema.jupyter.org/jupyter_collaboration/session/v1"
    fork = "https://schema.jupyter.org/jupyter_collaboration/fork/v1"
    told = {"level": "INFO", "room": "json:notebook:1", "path": "a.ipynb", "action": "save"}
    info = {"root_roomid": "r", "synchronize": True, "title": "t", "description": "d"}
    forked = {"fork_roomid": "f", "fork_info": info, "username": "ann", "action": "create"}
    async with http.ws_connect(jupyter.url("api/events/subscribe")) as bus:
        assert await internal("event", schema_id=session, data=told) == (204, None)
        assert await internal("event", schema_id=fork, data=forked) == (204, None)
        async with asyncio.timeout(30):
            assert await bus.receive_json() == {"schema_id": session, **told}
            assert await bus.receive_json() == {"schema_id": fork, **forked}


async def test_what_several_workers_know_of_a_room_reaches_the_bus_once(
    jupyter: Jupyter, internal: Ask, http: ClientSession
) -> None:
    session = "https://schema.jupyter.org/jupyter_collaboration/session/v1"
    events = [
        {"level": level, "room": f"json:notebook:{room}", "path": "a.ipynb", "msg": "x"}
        for level, rooms in (("WARNING", (1, 1, 2)), ("INFO", (1, 1)), ("WARNING", (1,)))
        for room in rooms
    ]
    async with http.ws_connect(jupyter.url("api/events/subscribe")) as bus:
        for event in events:
            told = await internal("event", schema_id=session, data=event, if_changed=True)
            assert told == (204, None)
        async with asyncio.timeout(30):
            heard = [await bus.receive_json() for _ in range(4)]
    assert heard == [{"schema_id": session, **events[at]} for at in (0, 2, 3, 5)]


async def test_broken_events_are_refused(internal: Ask) -> None:
    session = "https://schema.jupyter.org/jupyter_collaboration/session/v1"
    told = {"level": "INFO", "room": "json:notebook:1", "path": "a.ipynb", "action": "save"}
    for broken in ({}, told | {"level": "LOUD"}, told | {"action": "dance"}):
        status, answer = await internal("event", schema_id=session, data=broken)
        assert status == 400
        assert "not a valid event" in answer["message"]
    status, answer = await internal("event", schema_id="https://no.such/schema", data=told)
    assert (status, answer["message"]) == (400, "no event schema 'https://no.such/schema'")
