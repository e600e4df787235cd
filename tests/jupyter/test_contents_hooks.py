from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nbformat
import pytest
from aiohttp import ClientSession

from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.link import Link
from rtstore.schema import feed
from tests.jupyter.conftest import Ear, Jupyter, listening
from tests.jupyter.test_file_ids import seen


def notebook(source: str) -> str:
    cells = [nbformat.v4.new_markdown_cell(source, id="c1")]
    return str(nbformat.writes(nbformat.v4.new_notebook(cells=cells)))


@pytest.fixture
async def path(jupyter: Jupyter, http: ClientSession, index: FileIndex) -> str:
    """A notebook that says "before" on disk, and has a file id."""
    name = f"{uuid.uuid4().hex[:8]}.ipynb"
    (jupyter.files / name).write_text(notebook("before"))
    file_id, _ = await index.index(name)
    await seen(jupyter, http, name, file_id)
    return name


@asynccontextmanager
async def keeper(jupyter: Jupyter, link: Link, index: FileIndex, path: str) -> AsyncIterator[Ear]:
    """Has the document open; "after" is on everybody's screen, and is saved when asked for."""
    file_id, _ = await index.index(path)
    document = jupyter.keys.document(file_id)
    await link.command("SET", document.lease("keep"), "w1 1", "PX", 60_000)
    async with (
        listening(link, document.feed) as ear,
        listening(link, document.feed) as own_ear,
        asyncio.TaskGroup() as tasks,
    ):

        async def save() -> None:
            while True:
                told = await own_ear.next("save", within_s=60)
                (jupyter.files / path).write_text(notebook("after"))
                answer = feed.notice("saved", by=told["by"], id=told["id"], status="success")
                await link.command("SPUBLISH", document.feed, answer)

        saving = tasks.create_task(save())
        yield ear
        saving.cancel()
        await link.command("DEL", document.lease("keep"))


async def test_reading_an_open_document_reads_what_is_on_the_screen(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    async with keeper(jupyter, link, index, path):
        async with http.get(jupyter.url(f"api/contents/{path}")) as reply:
            told = await reply.json()

    assert told["content"]["cells"][0]["source"] == "after"


async def test_downloading_an_open_document(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    async with keeper(jupyter, link, index, path):
        async with http.get(jupyter.url(f"files/{path}?download=1")) as reply:
            assert reply.status == 200
            assert "after" in await reply.text()


async def test_exporting_an_open_document(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    async with keeper(jupyter, link, index, path):
        async with http.get(jupyter.url(f"nbconvert/markdown/{path}")) as reply:
            assert reply.status == 200
            assert "after" in await reply.text()


async def test_copying_an_open_document(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    async with keeper(jupyter, link, index, path):
        async with http.post(jupyter.url("api/contents/"), json={"copy_from": path}) as reply:
            copy = (await reply.json())["path"]

    assert "after" in (jupyter.files / copy).read_text()


async def test_a_checkpoint_of_an_open_document_and_going_back_to_it(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    checkpoints = jupyter.url(f"api/contents/{path}/checkpoints")
    async with keeper(jupyter, link, index, path) as ear:
        async with http.post(checkpoints) as reply:
            assert reply.status == 201
        (jupyter.files / path).write_text(notebook("later"))
        async with http.post(checkpoints / "checkpoint") as reply:
            assert reply.status == 204
        await ear.next("replaced")

    assert "after" in (jupyter.files / path).read_text()


async def test_writing_an_open_document_is_told(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    async with keeper(jupyter, link, index, path) as ear:
        body = {"type": "notebook", "content": json.loads(notebook("by a script"))}
        async with http.put(jupyter.url(f"api/contents/{path}"), json=body) as reply:
            assert reply.status == 200
        await ear.next("replaced")


async def test_a_refused_write_is_not_told(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    file_id, _ = await index.index(path)
    async with listening(link, jupyter.keys.document(file_id).feed) as ear:
        body = {"type": "file", "format": "nonsense", "content": "x"}
        async with http.put(jupyter.url(f"api/contents/{path}"), json=body) as reply:
            assert reply.status == 400
        async with http.delete(jupyter.url(f"api/contents/{path}")) as reply:
            assert reply.status == 204
        # What is told is told in order: nothing was, before this.
        async with asyncio.timeout(30):
            assert (await ear.heard.get())["type"] == "deleted"


@pytest.mark.parametrize("request_", ["api/contents/{}?content=0&hash=1", "api/contents/"])
async def test_looking_without_reading_asks_nobody_to_save(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str, request_: str
) -> None:
    async with keeper(jupyter, link, index, path):
        async with http.get(jupyter.url(request_.format(path))) as reply:
            assert reply.status == 200

    assert "before" in (jupyter.files / path).read_text()


@pytest.mark.alone
async def test_a_document_that_is_not_open_is_read_at_once(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    file_id, _ = await index.index(path)
    async with listening(link, jupyter.keys.document(file_id).feed) as ear:
        began = time.monotonic()
        async with http.get(jupyter.url(f"api/contents/{path}")) as reply:
            assert (await reply.json())["content"]["cells"][0]["source"] == "before"
        assert time.monotonic() - began < 1
        assert ear.heard.empty()


@pytest.mark.alone
async def test_a_keeper_that_does_not_answer_keeps_a_reader_two_seconds(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, path: str
) -> None:
    file_id, _ = await index.index(path)
    lease = jupyter.keys.document(file_id).lease("keep")
    await link.command("SET", lease, "w1 1", "PX", 60_000)
    began = time.monotonic()
    async with http.get(jupyter.url(f"api/contents/{path}")) as reply:
        assert (await reply.json())["content"]["cells"][0]["source"] == "before"

    assert 1.9 < time.monotonic() - began < 4


async def test_who_may_not_read_makes_nobody_save(
    jupyter: Jupyter, link: Link, index: FileIndex, path: str
) -> None:
    async with keeper(jupyter, link, index, path), ClientSession() as nobody:
        for asked in (f"api/contents/{path}", f"files/{path}", f"nbconvert/markdown/{path}"):
            async with nobody.get(jupyter.url(asked), allow_redirects=False) as reply:
                assert reply.status in (302, 403)

    assert "before" in (jupyter.files / path).read_text()


async def test_the_routes_stay_jupyters(jupyter: Jupyter, http: ClientSession) -> None:
    """Names that look like routes, directories, uploads and errors, as without us."""
    folder = jupyter.files / "checkpoints"
    folder.mkdir(exist_ok=True)
    (folder / "trust.txt").write_text("x")
    for path, status in [
        ("api/contents", 200),
        ("api/contents/checkpoints/trust.txt", 200),
        ("api/contents/no-such.txt", 404),
        ("api/contents/checkpoints/trust.txt?content=2", 400),
        ("files/checkpoints/trust.txt", 200),
        ("files/no-such.txt", 404),
        ("nbconvert/markdown/no-such.ipynb", 404),
    ]:
        async with http.get(jupyter.url(path)) as reply:
            assert reply.status == status, path
    async with http.post(jupyter.url("api/contents/"), json={"type": "notebook"}) as reply:
        assert reply.status == 201
        made = (await reply.json())["path"]
    async with http.post(jupyter.url(f"api/contents/{made}/trust")) as reply:
        assert reply.status == 201
    body = {"type": "file", "format": "text", "content": "x" * 10, "chunk": 1}
    async with http.put(jupyter.url("api/contents/upload.txt"), json=body) as reply:
        assert reply.status in (200, 201)
    assert Path(jupyter.files / "upload.txt").read_text() == "x" * 10
    async with asyncio.timeout(30), http.put(jupyter.url("api/contents/bad"), data=b"{") as reply:
        assert reply.status == 400
