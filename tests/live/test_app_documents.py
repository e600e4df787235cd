"""Documents of an application's own shape: shared, kept, and checked against its schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from aiohttp import ClientSession, WSMsgType
from pycrdt import Array, Doc, Map, Text, XmlFragment

from rtstore.schema import frames
from rtstore.tasks import background
from tests.support.lab import Lab
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
SCHEMA = {
    "properties": {
        "todos": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["text"],
                "properties": {"text": {"type": "string"}, "done": {"type": "boolean"}},
            },
        },
        "title": {"type": "string", "maxLength": 10},
        "page": {"x-yjs": "xml"},
        "settings": {"type": "object", "properties": {"size": {"type": "integer"}}},
    },
    "additionalProperties": False,
}


class Copy:
    """One client's copy."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.doc: Doc[Any] = Doc()
        self.todos = self.doc.get("todos", type=Array)
        self.title = self.doc.get("title", type=Text)
        self.settings = self.doc.get("settings", type=Map)
        self.page = self.doc.get("page", type=XmlFragment)
        self.state = self.doc.get("state", type=Map)
        self._hears = False
        self.code: int | None = None
        self.doc.observe(self._changed)

    def _changed(self, event: Any) -> None:
        if not self._hears:
            self._said.put_nowait(event.update)

    async def run(self) -> None:
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        await self._socket.send_bytes(frames.sync_step1(self.doc.get_state()))
        async with background(self._hear()):
            while True:
                await self._socket.send_bytes(frames.update(await self._said.get()))

    async def _hear(self) -> None:
        async for message in self._socket:
            assert message.type is WSMsgType.BINARY
            told = frames.decode(message.data)
            if isinstance(told, frames.SyncStep2 | frames.Update):
                self._hears = True
                self.doc.apply_update(told.update)
                self._hears = False
        self.code = self._socket.close_code

    @property
    def invalid(self) -> list[str]:
        told = self.state.get("invalid")
        return list(told) if told is not None else []


async def seen(met: Callable[[], Any], what: str) -> None:
    async def look() -> bool:
        return bool(met())

    await until(look, what=what, timeout_s=40.0)


async def _session(lab: Lab, http: ClientSession, name: str, **more: Any) -> tuple[int, Any]:
    url = f"{lab.url}api/collaboration/session/{name}"
    async with http.put(url, json={"format": "app", "type": "app", **more}) as reply:
        return reply.status, await reply.json()


@asynccontextmanager
async def opened(lab: Lab, name: str, **more: Any) -> AsyncIterator[Copy]:
    async with ClientSession(headers={"Authorization": f"token {lab.token}"}) as http:
        status, told = await _session(lab, http, name, **more)
        assert status in (200, 201), told
        assert told["fileId"] == f"app.{name}"
        room = f"{lab.url}api/collaboration/room/app:{name}?sessionId={told['sessionId']}"
        async with http.ws_connect(room) as socket:
            copy = Copy(socket)
            async with background(copy.run()):
                await seen(lambda: copy.state.get("path"), what="it is there")
                yield copy


async def test_two_share_one_and_it_is_kept(lab: Lab) -> None:
    async with opened(lab, "plan") as ann, opened(lab, "plan") as bob:
        ann.todos.append(Map({"text": "buy", "done": False}))
        bob.title += "Plan"
        bob.settings["size"] = 3
        await seen(lambda: len(bob.todos) == 1 and str(ann.title) == "Plan", what="both have it")
        await seen(lambda: ann.settings.get("size") == 3, what="and what bob said last")
        assert ann.state["path"] == "app:plan"
    killed = {slot.pid for slot in lab.workers()}
    for pid in killed:  # nobody is left who has it but the store
        psutil.Process(pid).kill()
    await seen(lambda: {slot.pid for slot in lab.workers()} - killed, what="another is there")
    async with opened(lab, "plan") as eve:
        await seen(lambda: eve.settings.get("size") == 3, what="it was kept")
        assert eve.todos.to_py() == [{"text": "buy", "done": False}]
        assert "app.plan" not in str(sorted(lab.notes.iterdir()))


async def test_what_its_schema_finds_wrong_is_said_and_taken_back(lab: Lab) -> None:
    async with opened(lab, "checked", schema=SCHEMA) as ann, opened(lab, "checked") as bob:
        ann.todos.append(Map({"text": "fine"}))
        ann.title += "far too long a title"
        ann.todos.append(Map({"done": "yes"}))
        ann.doc.get("more", type=Map)["x"] = 1
        await seen(lambda: len(bob.invalid) == 4, what="all of it is found")
        told = "\n".join(bob.invalid)
        assert "title: 'far too long a title' is too long" in told
        assert "todos.1: 'text' is a required property" in told
        assert "todos.1.done: 'yes' is not of type 'boolean'" in told
        assert "'more' was unexpected" in told
        del bob.todos[1]
        bob.title.clear()
        wider = SCHEMA | {"additionalProperties": True}
        async with opened(lab, "checked", schema=wider) as eve:
            await seen(lambda: "invalid" not in eve.state.to_py(), what="it is well again")
            await seen(lambda: not ann.invalid, what="all are told")


@pytest.mark.parametrize("told", [1, True, {"a": 1}, "text", ["a problem"]])
async def test_what_others_say_is_invalid_is_taken_back(lab: Lab, told: Any) -> None:
    name = f"claimed-{type(told).__name__}"
    async with opened(lab, name, schema=SCHEMA) as ann, opened(lab, name) as bob:
        await seen(lambda: ann.state.get("path"), what="somebody keeps it")
        bob.state["invalid"] = told
        await seen(lambda: "invalid" not in bob.state.to_py(), what="it is taken back")
        ann.title += "far too long a title"
        await seen(lambda: len(bob.invalid) == 1, what="it is still looked at")


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("no%20name", {}, "is no name"),
        ("x", {"schema": []}, "properties"),
        ("x", {"schema": {"properties": {"a": {"type": 1}}}}, "no JSON Schema"),
        ("x", {"schema": {"properties": {"a": {"type": "number"}}}}, "root 'a'"),
        ("x", {"schema": {"properties": {"state": {"type": "object"}}}}, "the server's"),
        (
            "x",
            {"schema": {"properties": {"a": {"type": "string", "pattern": "(a+)+"}}}},
            "without",
        ),
        (
            "x",
            {"schema": {"properties": {"a": {"type": "array", "uniqueItems": True}}}},
            "without uniqueItems",
        ),
        ("x", {"schema": {"properties": {"a": {"type": "string", "x": "y" * 2**16}}}}, "bytes"),
    ],
)
async def test_what_is_none_is_refused(lab: Lab, name: str, more: Any, why: str) -> None:
    async with ClientSession(headers={"Authorization": f"token {lab.token}"}) as http:
        status, told = await _session(lab, http, name, **more)
    assert status == 400
    assert why in told["message"]


async def test_a_file_is_no_app_document(lab: Lab) -> None:
    (lab.notes / "a.txt").write_text("x")
    async with ClientSession(headers={"Authorization": f"token {lab.token}"}) as http:
        url = f"{lab.url}api/collaboration/session/a.txt"
        async with http.put(url, json={"format": "text", "type": "app"}) as reply:
            assert reply.status == 400
        async with http.ws_connect(
            f"{lab.url}api/collaboration/room/text:file:app.plan?sessionId=x"
        ) as socket:
            await socket.receive()
            assert socket.close_code == 4404
