"""Actions that a server began and did not end: it is gone, or was killed while it did them."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from rtstore.redis_backend.action_book import ActionBook
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from tests.live.looker import looking
from tests.support.lab import Lab, running_lab
from tests.support.waiting import until

SLOW = (
    "import time; open('began.txt', 'w').close(); time.sleep(6);"
    " open('ran.txt', 'a').write('once')"
)
pytestmark = pytest.mark.asyncio(loop_scope="session")


def _begun(action: str, params: dict[str, Any]) -> dict[str, Any]:
    """As a server left it that is gone."""
    now = int(time.time() * 1000)
    return {
        "id": uuid.uuid4().hex,
        "action": action,
        "params": params,
        "right": "contents:write",
        "user": "ann",
        "name": "Ann",
        "by": "a-server-that-is-gone",
        "state": "in progress",
        "requested": now,
        "began": now,
        "ended": None,
        "result": None,
        "error": None,
    }


def _sha256(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


async def _leave(lab: Lab, record: dict[str, Any], content: object = None) -> None:
    async with connect(lab.store_url, name="test") as link:
        book = ActionBook(link, Keys().root(lab.state_dir.name))
        if content is not None:
            key = Keys().root(lab.state_dir.name).live(f"content:{record['id']}")
            await link.command("SET", key, json.dumps(content))
        assert await book.swap(None, record)


async def _end_of(lab: Lab, record: dict[str, Any]) -> dict[str, Any]:
    async with looking(lab) as ann:
        return dict(
            await ann.until(
                lambda: (
                    (found := ann.tables["actions"].get(record["id"], {})).get("ended") and found
                )
            )
        )


async def test_what_has_a_name_beforehand_is_finished_once(lab: Lab) -> None:
    upload = _begun(
        "contents.upload",
        {"path": "half.txt", "format": "text", "bytes": 11, "sha256": _sha256("all of it")},
    )
    terminal = _begun("terminal.create", {})
    kernel = _begun("kernel.start", {"name": "python3"})
    await _leave(lab, upload, "all of it")
    await _leave(lab, terminal)
    await _leave(lab, kernel)
    ends = [await _end_of(lab, one) for one in (upload, terminal, kernel)]
    assert [one["state"] for one in ends] == ["ok"] * 3, ends
    assert (lab.notes / "half.txt").read_text() == "all of it"
    async with looking(lab) as ann:
        name = ends[1]["result"]["name"]
        kernel_id = ends[2]["result"]["kernel_id"]
        await ann.until(lambda: name in ann.tables["terminals"])
        await ann.until(lambda: kernel_id in ann.tables["kernels"])
        # Begun once more, as if the server had died after the deed and before its record's end.
        again, at = kernel | {"by": "another-that-is-gone"}, len(ann.messages)
        async with connect(lab.store_url, name="test") as link:
            book = ActionBook(link, Keys().root(lab.state_dir.name))
            seen = await book.get(kernel["id"])
            assert await book.swap(seen, again)
        key = ("actions", kernel["id"])
        await ann.until(lambda: any(o["by"] == again["by"] for o in ann.told_since(at, *key)))
        ended = await ann.until(
            lambda: (found := ann.tables["actions"][kernel["id"]])["state"] == "ok" and found
        )
        assert ended["result"] == {"kernel_id": kernel_id}
        assert list(ann.tables["kernels"]).count(kernel_id) == 1
        await ann.ask("kernel.shutdown", kernel_id=kernel_id)
        await ann.ask("terminal.delete", name=name)


async def test_what_may_have_been_done_is_lost(lab: Lab) -> None:
    (lab.notes / "stays.txt").write_text("x")
    record = _begun("contents.delete", {"path": "stays.txt"})
    await _leave(lab, record)
    end = await _end_of(lab, record)
    assert (end["state"], end["error"]["status"]) == ("lost", 500)
    assert "may have been done" in end["error"]["message"]
    assert (lab.notes / "stays.txt").exists()


async def test_what_nobody_took_for_long_is_not_done_any_more(lab: Lab) -> None:
    (lab.notes / "late.txt").write_text("x")
    record = _begun("contents.delete", {"path": "late.txt"})
    record |= {"state": "requested", "requested": 1, "began": None, "by": ""}
    async with connect(lab.store_url, name="test") as link:
        assert await ActionBook(link, Keys().root(lab.state_dir.name)).ask(record) is None
    end = await _end_of(lab, record)
    assert (end["state"], end["error"]["status"]) == ("error", 504)
    assert (lab.notes / "late.txt").exists()


@pytest.fixture
async def own_lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with running_lab(tmp_path, workers=2) as running:
        yield running


@pytest.mark.timeout(300)
@pytest.mark.asyncio(loop_scope="function")
async def test_cells_that_run_while_all_die_are_run_once_and_told_of(own_lab: Lab) -> None:
    lab = own_lab
    lab.write_notebook("die.ipynb", [SLOW, "print('after')"])
    async with looking(lab) as ann:
        told = {"type": "action", "id": "dies-1", "action": "cell.run"}
        params = {"path": "die.ipynb", "cells": ["cell-0", "cell-1"]}
        await ann.socket.send_json(told | {"params": params})

        async def runs() -> bool:
            return (lab.notes / "began.txt").exists()

        await until(runs, what="the first cell runs", timeout_s=60.0)
    for slot in lab.workers():
        psutil.Process(slot.pid).kill()
    before = lab.jupyter_pid()
    psutil.Process(before).kill()

    async def is_back() -> bool:
        return lab.jupyter_pid() != before and await lab.answers()

    await until(is_back, what="Jupyter is back", timeout_s=60.0)
    async with looking(lab) as ann:
        end = await ann.until(
            lambda: (
                (found := ann.tables.get("actions", {}).get("dies-1", {})).get("ended") and found
            ),
            within_s=90.0,
        )
        assert end["state"] == "ok", end
        states = [one["state"] for one in end["result"]["runs"]]
        assert states == ["ok", "ok"]  # the kernel outlives its server
        assert (lab.notes / "ran.txt").read_text() == "once"
        assert ann.tables["status"]["server"]["is_up"]


def _ends(message: dict[str, Any], terminal: str) -> bool:
    gone = {"table": "terminals", "id": terminal, "record": None}
    return gone in message.get("changes", ())


@pytest.mark.asyncio(loop_scope="function")
async def test_a_server_that_stops_takes_its_terminals_along(own_lab: Lab) -> None:
    lab = own_lab
    async with looking(lab, at=f"{lab.workers()[0].url}/") as ann:
        name = (await ann.ask("terminal.create"))["result"]["name"]
        before = (await ann.until(lambda: ann.tables["terminals"].get(name)))["server"]
        at = len(ann.messages)
        psutil.Process(lab.jupyter_pid()).terminate()
        await ann.until(lambda: name not in ann.tables["terminals"])
        (last,) = [one["changes"] for one in ann.messages[at:] if _ends(one, name)]
        assert any(one["id"] == "server" and one["record"]["is_up"] is False for one in last), last
        assert all(one["type"] == "changes" for one in ann.messages[at:])
        status = await ann.until(
            lambda: (one := ann.tables["status"]["server"])["is_up"] and one, within_s=60.0
        )
        assert status["server"] != before
