"""The state of a kernel that Jupyter has not heard."""

from __future__ import annotations

import json

import pytest

from rtstore.jupyter.kernel_states import known_state
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.schema.ids import EntryId


async def say(log: OutputLog, number: int, state: str) -> None:
    at = EntryId(1, number * ROOM)
    told = json.dumps({"execution_state": state})
    await log.append([OutputEntry(at, "iopub", "status", "r1", f"m{at}", str(number), told)])


@pytest.mark.parametrize("said", ["busy", "idle"])
async def test_what_a_kernel_said_itself_counts_while_jupyter_takes_it_for_starting(
    link: Link, said: str
) -> None:
    keys = Keys().kernel("c-states", said)
    log = OutputLog(link, keys)
    assert await known_state(link, keys, "starting") == "starting"
    await log.begin("journal:1", {})
    await say(log, 1, "busy")
    await say(log, 2, said)
    assert await known_state(link, keys, "starting") == said
    assert await known_state(link, keys, "dead") == "dead"

    await log.begin("journal:2", {})
    assert await known_state(link, keys, "starting") == "starting"
