"""Documents of applications, as programs share them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import XmlElement, XmlText

from rtstore.client import connect
from rtstore.errors import BadDocument
from tests.client.behaving import behave
from tests.support.lab import Lab

pytestmark = pytest.mark.asyncio(loop_scope="session")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tasks": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["title"],
                "properties": {"title": {"type": "string"}, "done": {"type": "boolean"}},
            },
        },
        "order": {"type": "array", "items": {"type": "string"}},
        "notes": {"type": "string"},
        "page": {"x-yjs": "xml"},
    },
}


async def test_two_programs_share_one(lab: Lab) -> None:
    async with (
        connect(lab.url, token=lab.token) as ann,
        connect(lab.url, token=lab.token) as bob,
        ann.app("todo", SCHEMA) as mine,
        bob.app("todo", SCHEMA) as theirs,
        asyncio.timeout(30),
    ):
        assert (mine.name, mine.path, mine.invalid) == ("todo", "app:todo", [])
        empty = {"tasks": {}, "order": [], "notes": "", "page": ""}
        assert mine.value == empty

        task = mine.map("tasks").map("one")
        with mine.transaction():
            task["title"] = "write"
            task["done"] = False
            mine.array("order").append("one")
        mine.text("notes").append("é🎉")
        mine.xml("page").children.append(XmlElement("p", {}, [XmlText("hi")]))
        await theirs.until(lambda: theirs.value == mine.value)
        wanted = {
            "tasks": {"one": {"title": "write", "done": False}},
            "order": ["one"],
            "notes": "é🎉",
            "page": "<p>hi</p>",
        }
        assert theirs.to_dict() == wanted

        theirs.map("tasks")["one"]["title"] = "read"  # one key of a nested map
        task["done"] = True
        await mine.until(lambda: task.value == {"title": "read", "done": True})
        theirs.text("notes").insert(1, "!")
        await mine.until(lambda: mine.text("notes").value == "é!🎉")

        await mine.save()  # there is no file: as flush


async def test_the_server_says_what_is_not_as_the_schema_says(lab: Lab) -> None:
    async with (
        connect(lab.url, token=lab.token) as server,
        server.app("checked", SCHEMA) as app,
        asyncio.timeout(30),
    ):
        app.map("tasks")["two"] = {"done": "maybe"}
        await app.until(lambda: bool(app.invalid))
        assert any("two" in one for one in app.invalid)
        app.map("tasks")["two"] = {"title": "fine"}
        await app.until(lambda: not app.invalid)


async def test_without_a_schema_what_is_asked_for_is_seen(lab: Lab) -> None:
    async with connect(lab.url, token=lab.token) as server, server.app("free") as app:
        app.map("m")["n"] = 1
        app.map("m")["list"] = [1, {"a": None}]
        assert app.value == {"m": {"n": 1, "list": [1, {"a": None}]}}
        with pytest.raises(ValueError, match="the server's"):
            app.map("state")
        with pytest.raises(TypeError, match="is a Map"):
            app.array("m")
        await app.flush()
        async with server.app("free") as again:
            assert again.value == {}
            assert again.map("m").value == app.map("m").value
        for bad in ("", "a/b", "ä", "x" * 101):
            with pytest.raises(ValueError, match="letters"):
                async with server.app(bad):
                    pass
        with pytest.raises(BadDocument):
            async with server.app("wrong", {"type": 7}):
                pass


async def test_shared_types_behave_as_pythons_own(lab: Lab) -> None:
    async with connect(lab.url, token=lab.token) as server, server.app("types") as app:
        behave(app)
