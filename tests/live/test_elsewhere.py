"""Several servers on one contents root: who has the kernel does what is asked of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from rtstore.redis_backend.action_book import ActionBook
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.live_state import SERVER, LiveState
from tests.live.looker import looking
from tests.support.lab import Lab

pytestmark = pytest.mark.asyncio(loop_scope="session")
KERNEL, SESSION = "kernel-of-another", "session-of-another"


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("kernel.interrupt", {"kernel_id": KERNEL}),
        ("session.delete", {"session_id": SESSION}),
        ("cell.run", {"path": "theirs.ipynb", "cells": ["cell-0"]}),
        ("session.create", {"path": "theirs.ipynb"}),
        ("terminal.delete", {"name": "theirs"}),
        ("terminal.delete", {"name": "1", "server": "another"}),
    ],
)
async def test_it_is_left_to_a_server_that_lives(
    lab: Lab, action: str, params: dict[str, Any]
) -> None:
    lab.write_notebook("theirs.ipynb", ["1"])
    root = Keys().root(lab.state_dir.name)
    record = {"id": SESSION, "path": "theirs.ipynb", "name": "", "type": "notebook"}
    record["kernel_id"] = KERNEL
    terminal = {"name": "theirs", "server": "another", "last_activity": "2026-01-01T00:00:00Z"}
    async with connect(lab.store_url, name="test") as link, looking(lab) as ann:
        state, book = LiveState(link, root), ActionBook(link, root)
        await link.command("HSET", lab.kernel(KERNEL).meta, "instance", "another")
        await link.command("SET", root.instance("another"), "host 1 1.0")
        there = [("sessions", SESSION, json.dumps(record))]
        await state.write(SERVER, [*there, ("terminals", "theirs", json.dumps(terminal))])
        told = {"type": "action", "id": f"to-{action}-{len(params)}", "action": action}
        told["id"] = str(told["id"]).replace(".", "-")
        await ann.socket.send_json(told | {"params": params})
        await ann.until(lambda: any(one["type"] == "action" for one in ann.messages))
        # What was asked for later is done, so it was looked at.
        assert (await ann.ask("contents.create", path="", type="file"))["state"] == "ok"
        seen = await book.get(told["id"])
        assert seen is not None
        assert seen["state"] == "requested"
        now = int(time.time() * 1000)
        done = {"by": "another", "state": "error", "began": now, "ended": now}
        assert await book.swap(seen, seen | done | {"error": {"status": 418, "message": "taken"}})
        await ann.until(lambda: ann.tables["actions"][told["id"]]["ended"])
        await state.write(SERVER, [("sessions", SESSION, ""), ("terminals", "theirs", "")])
        await link.command("DEL", root.instance("another"), lab.kernel(KERNEL).meta)


async def test_but_not_to_one_that_is_gone(lab: Lab) -> None:
    async with connect(lab.store_url, name="test") as link, looking(lab) as ann:
        await link.command("HSET", lab.kernel(KERNEL).meta, "instance", "is-gone")
        told = await ann.ask("kernel.interrupt", kernel_id=KERNEL)
        assert (told["state"], told["error"]["status"]) == ("error", 404)
        await link.command("DEL", lab.kernel(KERNEL).meta)
