"""What a server has, live, and actions, as a program sees and asks for them."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from rtstore.client import ActionFailed, connect
from rtstore.client.live import LiveRoom, ServerState
from rtstore.client.records import Kernel, Record
from rtstore.client.room import Room
from rtstore.errors import BadFrame, NoSuchDocument, NotAllowed
from tests.support.lab import Lab, running_lab

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_kernel_is_seen_from_its_start_to_its_end(lab: Lab) -> None:
    lab.write_notebook("live.ipynb", ["print('hello')"])
    async with connect(lab.url, token=lab.token) as server, server.server() as state:
        async with asyncio.timeout(60):  # the lab has just begun
            await state.until(lambda: bool(state.status and state.status.is_up))
        assert state.kernelspecs["python3"].spec["language"] == "python"
        assert (await server.about()).user["username"]
        changes = state.changes()
        async with asyncio.timeout(60):
            session = await server.request("session.create", path="live.ipynb")
            kernel_id = session["kernel"]["id"]
            await state.until(lambda: kernel_id in state.kernels)
            async for change in changes:
                if change.table == "kernels" and change.id == kernel_id:
                    break
            assert change.what == "added"
            assert isinstance(change.record, Kernel)
            assert state.kernels[kernel_id].path == "live.ipynb"
            assert state.sessions[session["id"]].kernel_id == kernel_id

            ran = await server.request("cell.run", path="live.ipynb", cells=["cell-0"])
            assert [run["state"] for run in ran["runs"]] == ["ok"]
            await state.until(lambda: state.kernels[kernel_id].state == "idle")
            await server.request("kernel.restart", kernel_id=kernel_id)
            await state.until(lambda: state.kernels[kernel_id].starts == 2)
            await state.until(lambda: is_over(state, "kernel.restart", kernel_id))
            await server.request("kernel.shutdown", kernel_id=kernel_id)
            await state.until(lambda: kernel_id not in state.kernels)


def is_over(state: ServerState, action: str, kernel_id: str) -> bool:
    """Whether the room says so of what was asked of this kernel."""
    asked = [one for one in state.actions.values() if one.action == action]
    return any(one.is_over for one in asked if one.params.get("kernel_id") == kernel_id)


async def test_a_directory_is_seen_whoever_changes_it(lab: Lab) -> None:
    (lab.notes / "folder").mkdir()
    async with (
        connect(lab.url, token=lab.token) as server,
        server.directory("folder") as folder,
        asyncio.timeout(60),
    ):
        assert dict(folder.entries) == {}
        (lab.notes / "folder" / "there.txt").write_text("x")
        # It is there before it has anything in it.
        await folder.until(lambda: [one.size for one in folder.entries.values()] == [1])
        entry = folder.entries["there.txt"]
        assert (entry.path, entry.type, entry.size) == ("folder/there.txt", "file", 1)
        await server.request("contents.rename", path=entry.path, new_path="folder/else.txt")
        await folder.until(lambda: list(folder.entries) == ["else.txt"])
        text = {"content": "abc", "format": "text"}
        await server.request("contents.upload", path="folder/up.txt", **text)
        await folder.until(lambda: "up.txt" in folder.entries)
        with pytest.raises(NoSuchDocument):
            async with server.directory("nowhere"):
                pass


async def test_what_can_not_be_is_said(lab: Lab) -> None:
    async with connect(lab.url, token=lab.token) as server:
        with pytest.raises(ActionFailed, match=r"no\.such") as unknown:
            await server.request("no.such")
        assert (unknown.value.status, unknown.value.record) == (400, None)
        with pytest.raises(ActionFailed) as missing:
            await server.request("kernel.interrupt", kernel_id="0" * 8)
        assert missing.value.status == 404
        assert missing.value.record is not None
        assert missing.value.record.state == "error"
    async with connect(lab.url, token="wrong") as eve:
        with pytest.raises(NotAllowed):
            await eve.request("terminal.create")
        with pytest.raises(NotAllowed):
            async with eve.server():
                pass


async def test_an_id_is_done_once(lab: Lab) -> None:
    async with connect(lab.url, token=lab.token) as server:
        asked: dict[str, Any] = {"path": "", "type": "file", "ext": ".once"}
        first = await server.request("contents.create", request_id="once-1", **asked)
        again = await server.request("contents.create", request_id="once-1", **asked)
        assert first["path"] == again["path"]
        assert len(list(lab.notes.glob("*.once"))) == 1


@pytest.mark.timeout(300)
async def test_a_killed_worker_is_made_good(tmp_path: Path) -> None:
    async with (
        running_lab(tmp_path) as lab,
        connect(lab.url, token=lab.token) as server,
        server.server() as state,
        asyncio.timeout(120),
    ):
        for worker in lab.workers():
            os.kill(worker.pid, signal.SIGKILL)
        await state.until(lambda: not state.is_connected)
        made = await server.request("terminal.create")  # waits until there are workers
        await state.until(lambda: state.is_connected and made["name"] in state.terminals)
        await server.request("terminal.delete", name=made["name"])
        await state.until(lambda: made["name"] not in state.terminals)


async def test_messages_of_a_live_room() -> None:
    async with connect("http://127.0.0.1:1/") as server:
        room = LiveRoom(Room(server._requests.http, server._base, speaks_text=True), "test")
    changes = room.changes()
    snapshot = b'{"type":"snapshot","version":%d,"tables":{"kernels":{"k":{"id":"k","new":1}}}}'
    room.heard(snapshot % 5)
    before = room.table(Kernel)
    assert before["k"].told["new"] == 1
    told = b'{"type":"changes","version":%d,"changes":[{"table":"%s","id":"k","record":%s}]}'
    room.heard(told % (5, b"kernels", b"null"))  # is in the snapshot
    assert "k" in room.table(Kernel)
    room.heard(told % (6, b"kernels", b'{"id":"k","state":"idle"}'))
    room.heard(told % (7, b"to come", b'{"x":1}'))
    assert (before["k"].state, room.table(Kernel)["k"].state) == ("", "idle")
    assert room.tables["to come"]["k"] == Record({"x": 1})
    seen = [(one.what, one.table) async for one in _some(changes, 2)]
    assert seen == [("added", "kernels"), ("added", "to come")]
    room.heard(snapshot % 9)
    seen = [(one.what, one.table) async for one in _some(changes, 2)]
    assert sorted(seen) == [("changed", "kernels"), ("removed", "to come")]
    room.heard(b'{"type":"error","message":"x"}')
    for bad in (b"[]", b"{", b'{"type":"snapshot"}', b'{"type":"changes","version":"x"}'):
        with pytest.raises(BadFrame):
            room.heard(bad)


async def _some(source: Any, count: int) -> Any:
    for _ in range(count):
        yield await anext(source)
