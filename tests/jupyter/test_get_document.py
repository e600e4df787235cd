"""``settings["jupyter_server_ydoc"].get_document``, asked by another extension."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from jupyter_ydoc import YUnicode
from pycrdt import Doc, Text

from rtstore.jupyter.get_document import Documents, made_clean
from rtstore.schema import kinds
from tests.gateway.team import Worker
from tests.jupyter.conftest import PLAIN, Jupyter
from tests.keeper.crew import a_worker, opened, write

REPOSITORY = Path(__file__).parents[2]
TEXT = {"content_type": "file", "file_format": "text"}
Ask = Callable[..., Coroutine[Any, Any, Any]]


@pytest.fixture(scope="module")
def asked(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A server with an extension that asks for documents."""
    server = Jupyter(
        tmp_path_factory.mktemp("asked"),
        store_url,
        extensions=PLAIN | {"rtstore": True, "tests.jupyter.document_asker": True},
        environ={"PYTHONPATH": str(REPOSITORY)},
    )
    with server.running():
        yield server


@pytest.fixture
async def one(asked: Jupyter) -> AsyncIterator[Worker]:
    async with a_worker(asked, "asked") as worker:
        yield worker


@pytest.fixture
def ask(asked: Jupyter, http: ClientSession) -> Ask:
    async def ask(**told: Any) -> Any:
        async with http.post(asked.url("document-asker"), json=told) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.json()

    return ask


async def test_the_live_document_is_one_object_however_many_ask_at_once(
    asked: Jupyter, one: Worker, ask: Ask
) -> None:
    path = write(asked, "hello")
    async with opened(one, path, kind="file", form="text"):
        live = {"path": path, "copy": False, **TEXT}
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(ask(**live)) for _ in range(5)]
        assert {task.result()["text"] for task in asking} == {"hello"}
        assert len({task.result()["object"] for task in asking}) == 1

        copied = await ask(path=path, **TEXT)
        assert copied["text"] == "hello"
        assert copied["object"] != asking[0].result()["object"]


async def test_a_document_is_found_by_its_room_and_edits_reach_people_and_the_file(
    asked: Jupyter, one: Worker, ask: Ask
) -> None:
    path = write(asked, "world")
    async with opened(one, path, kind="file", form="text") as ada:
        room = f"text:file:{ada.keys.log.partition('{')[2].partition('}')[0]}"
        assert (await ask(room_id=room, copy=False, say="hello "))["text"] == "hello world"
        await ada.until(lambda: ada.text == "hello world")
        await ada.until(lambda: (asked.files / path).read_text() == "hello world")


async def test_an_empty_file_is_a_document_too(asked: Jupyter, one: Worker, ask: Ask) -> None:
    path = write(asked, "")
    assert (await ask(path=path, create=True, **TEXT))["text"] == ""
    assert (await ask(path=path, create=True, copy=False, say="a", **TEXT))["text"] == "a"


async def test_what_can_not_be_had_is_refused_with_the_reason(
    asked: Jupyter, one: Worker, ask: Ask
) -> None:
    path = write(asked, "hello")
    told = await ask(path="no-such.txt", create=True, **TEXT)
    assert told == {"error": "NoSuchDocument", "why": "no file at no-such.txt"}
    assert await ask(path=path, **TEXT) is None  # nobody has it open

    async with opened(one, path, kind="file", form="text"):
        told = await ask(path=path, content_type="notebook", file_format="json")
        assert told["error"] == "ValueError"
        assert "it is open as file (text), not notebook (json)" in told["why"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "give room_id, or path"),
        ({"path": "a.txt", "content_type": "file"}, "give room_id, or path"),
        ({"room_id": "a.txt"}, "is not <format>:<type>:<file id>"),
    ],
)
async def test_a_document_that_is_not_named_is_refused(given: dict[str, Any], why: str) -> None:
    nobody: Any = None
    with pytest.raises(ValueError, match=why):
        await Documents(nobody).get_document(**given)


class Careless(YUnicode):  # type: ignore[misc] # untyped
    """Calls itself dirty when it is made, as jupyterlab-chat's document does."""

    def __init__(self, doc: Doc[Any]) -> None:
        super().__init__(doc)
        self.dirty = True


@pytest.mark.parametrize("was_dirty", [False, True])
def test_a_document_is_no_dirtier_for_being_handed_out(
    monkeypatch: pytest.MonkeyPatch, *, was_dirty: bool
) -> None:
    monkeypatch.setattr(kinds, "make", lambda _, doc: Careless(doc))
    doc: Doc[Any] = Doc()
    YUnicode(doc).dirty = was_dirty
    doc.get("source", type=Text).insert(0, "as it was")

    document = made_clean("careless", doc)

    assert document.dirty is was_dirty
    assert document.get() == "as it was"
