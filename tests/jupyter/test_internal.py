from __future__ import annotations

import asyncio
import hashlib
import json
import time
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import nbformat
import pytest
from aiohttp import ClientSession
from yarl import URL

from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.link import Link
from rtstore.schema.identity import SIGNATURE_HEADER, sign_request
from tests.jupyter.conftest import SECRET, Jupyter, listening, server_url
from tests.jupyter.test_file_ids import seen as is_known

Ask = Callable[..., Coroutine[Any, Any, tuple[int, Any]]]
DOCUMENT = "1a2b-3c"
LEASE = "w1 7"


@pytest.fixture
async def lease(jupyter: Jupyter, link: Link) -> str:
    """The keeper's, held."""
    await link.command("SET", jupyter.keys.document(DOCUMENT).lease("keep"), LEASE)
    return LEASE


@pytest.fixture
def name() -> str:
    """Of a file of this test's own."""
    return f"{uuid.uuid4().hex[:8]}.txt"


def text(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "type": "file", "format": "text", **more}


def notebook(path: str, **more: Any) -> dict[str, Any]:
    return {"path": path, "type": "notebook", "format": "json", **more}


def save(body: dict[str, Any], content: Any, **more: Any) -> dict[str, Any]:
    given = {"document_id": DOCUMENT, "lease": LEASE, "hash": None, "create": False}
    return body | {"content": content} | given | more


async def contents_hash(jupyter: Jupyter, http: ClientSession, path: str) -> str:
    """As the front end asks for it."""
    async with http.get(jupyter.url(f"api/contents/{path}?content=0&hash=1")) as reply:
        return str((await reply.json())["hash"])


def new_notebook(*sources: str) -> dict[str, Any]:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    return dict(json.loads(nbformat.writes(made)))


# --- who may ask


@pytest.mark.parametrize("endpoint", ["stat", "read", "save", "beside", "event"])
async def test_only_signed_requests_are_answered(
    jupyter: Jupyter, link: Link, http: ClientSession, endpoint: str
) -> None:
    base = await server_url(jupyter, link)
    path = f"{jupyter.base_url}rtstore/internal/{endpoint}"
    now = time.time()
    wrong = [
        "",
        sign_request("POST", path, secret="another secret of somebody", now=now),
        sign_request("POST", path, secret=SECRET, now=now - 1000),
        sign_request("POST", path + "x", secret=SECRET, now=now),
        sign_request("GET", path, secret=SECRET, now=now),
    ]
    for signature in wrong:
        headers = {SIGNATURE_HEADER: signature}
        url = URL(f"{base}rtstore/internal/{endpoint}", encoded=True)
        async with http.post(url, json={"path": "a"}, headers=headers) as reply:
            assert reply.status == 403
            assert "signature" in (await reply.json())["message"]


async def test_a_malformed_request_names_what_is_wrong(internal: Ask) -> None:
    status, told = await internal("read", path="a.txt", type="file")
    assert (status, told["message"]) == (400, "field 'format' is missing")


# --- stat


async def test_stat_tells_of_each_file(jupyter: Jupyter, internal: Ask, name: str) -> None:
    file = jupyter.files / name
    file.write_text("four")
    status, told = await internal("stat", paths=[name, "no/such.txt", "../jupyter.log", ""])

    assert status == 200
    of_disk = file.stat()
    assert told["stats"] == {
        name: {
            "mtime_ns": of_disk.st_mtime_ns,
            "size": 4,
            "ino": of_disk.st_ino,
            "writable": True,
        },
        "no/such.txt": None,
        "../jupyter.log": None,
        "": None,
    }


# --- read


async def test_read_tells_content_and_the_hash_that_browsers_see(
    jupyter: Jupyter, internal: Ask, http: ClientSession, name: str
) -> None:
    (jupyter.files / name).write_text("héllo\n")
    status, told = await internal("read", **text(name))

    assert status == 200
    assert told["content"] == "héllo\n"
    assert told["hash"] == await contents_hash(jupyter, http, name)
    assert told["hash_algorithm"] == "sha256"
    assert told["format"] == "text"
    assert told["writable"] is True
    assert told["stat"]["size"] == 7
    assert told["last_modified"].endswith("Z")


async def test_a_notebook_is_read_as_version_4_with_its_trust(
    jupyter: Jupyter, internal: Ask
) -> None:
    path = f"{uuid.uuid4().hex[:8]}.ipynb"
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("1+1")])]
    )
    (jupyter.files / path).write_text(json.dumps(old))
    status, told = await internal("read", **notebook(path))

    assert status == 200
    assert told["content"]["nbformat"] == 4
    assert told["content"]["cells"][0]["source"] == "1+1"
    assert "trusted" in told["content"]["cells"][0]["metadata"]


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"caf\xe9", text, "is not UTF-8 encoded"),
        (b'{"cells": [', notebook, "Unreadable Notebook"),
        (b"caf\xe9", notebook, "is not UTF-8 encoded"),
    ],
)
async def test_what_can_not_be_read_as_it_was_opened_is_refused_with_the_reason(
    jupyter: Jupyter, internal: Ask, name: str, data: bytes, kind: Any, reason: str
) -> None:
    (jupyter.files / name).write_bytes(data)
    status, told = await internal("read", **kind(name))

    assert status == 400
    assert reason in told["message"]
    assert name in told["message"]
    assert str(jupyter.files) not in told["message"]


async def test_a_notebook_that_breaks_the_format_comes_with_what_breaks_it(
    jupyter: Jupyter, internal: Ask
) -> None:
    path = f"{uuid.uuid4().hex[:8]}.ipynb"
    broken = new_notebook("a")
    broken["cells"][0]["outputs"] = [{"output_type": "smell"}]
    (jupyter.files / path).write_text(json.dumps(broken))
    status, told = await internal("read", **notebook(path))

    assert status == 200, told
    assert "validation failed" in told["message"]


async def test_a_missing_file_and_a_directory(jupyter: Jupyter, internal: Ask) -> None:
    (jupyter.files / "folder").mkdir(exist_ok=True)
    assert (await internal("read", **text("no-such.txt")))[0] == 404
    status, told = await internal("read", **text("folder"))
    assert status == 400
    assert "directory" in told["message"]
    assert (await internal("read", **text("../../etc/passwd")))[0] == 404


async def test_bytes_come_as_base64(jupyter: Jupyter, internal: Ask, name: str) -> None:
    (jupyter.files / name).write_bytes(b"\x00\xff")
    _, told = await internal("read", path=name, type="blob", format="base64")
    assert (told["content"], told["type"]) == ("AP8=\n", "blob")


# --- save


async def test_a_save_writes_and_tells_the_hash_that_browsers_see(
    jupyter: Jupyter, internal: Ask, http: ClientSession, lease: str, name: str
) -> None:
    (jupyter.files / name).write_text("one")
    seen = await contents_hash(jupyter, http, name)
    status, told = await internal("save", **save(text(name), "two é", hash=seen))

    assert status == 200
    assert (jupyter.files / name).read_text() == "two é"
    assert told["hash"] == await contents_hash(jupyter, http, name)
    assert told["stat"]["size"] == len("two é".encode())
    status, _ = await internal("save", **save(text(name), "three", hash=told["hash"]))
    assert status == 200


async def test_a_notebook_is_saved_signed_and_with_its_first_checkpoint(
    jupyter: Jupyter, internal: Ask, http: ClientSession, lease: str
) -> None:
    path = f"{uuid.uuid4().hex[:8]}.ipynb"
    made = new_notebook("print(1)")
    made["cells"][0]["metadata"]["trusted"] = True
    status, told = await internal("save", **save(notebook(path), made, create=True))

    assert status == 200
    assert told["hash"] == await contents_hash(jupyter, http, path)
    on_disk = json.loads((jupyter.files / path).read_text())
    assert "trusted" not in on_disk["cells"][0]["metadata"]
    _, read = await internal("read", **notebook(path))
    assert read["content"]["cells"][0]["metadata"]["trusted"] is True
    assert (jupyter.files / ".ipynb_checkpoints").exists()


async def test_a_stale_owner_writes_nothing(
    jupyter: Jupyter, link: Link, internal: Ask, http: ClientSession, lease: str, name: str
) -> None:
    (jupyter.files / name).write_text("one")
    seen = await contents_hash(jupyter, http, name)
    for stale in ("w1 6", "w2 7", ""):
        status, told = await internal("save", **save(text(name), "x", hash=seen, lease=stale))
        assert (status, told["reason"]) == (409, "lease")

    await link.command("DEL", jupyter.keys.document(DOCUMENT).lease("keep"))
    status, told = await internal("save", **save(text(name), "x", hash=seen))
    assert (status, told["reason"]) == (409, "lease")
    assert (jupyter.files / name).read_text() == "one"


async def test_a_file_that_is_not_the_one_last_seen_is_left_alone(
    jupyter: Jupyter, internal: Ask, http: ClientSession, lease: str, name: str
) -> None:
    (jupyter.files / name).write_text("one")
    seen = await contents_hash(jupyter, http, name)
    (jupyter.files / name).write_text("by somebody else")

    for told_hash in (seen, None):
        status, told = await internal("save", **save(text(name), "x", hash=told_hash, create=True))
        assert (status, told["reason"]) == (409, "changed")
        assert told["hash"] == await contents_hash(jupyter, http, name)
    assert (jupyter.files / name).read_text() == "by somebody else"


async def test_a_missing_file_is_made_only_when_asked_to(
    jupyter: Jupyter, internal: Ask, lease: str, name: str
) -> None:
    status, told = await internal("save", **save(text(name), "x", hash="seen"))
    assert (status, told["reason"]) == (404, "missing")
    assert not (jupyter.files / name).exists()

    status, _ = await internal("save", **save(text(name), "x", create=True))
    assert status == 200
    assert (jupyter.files / name).read_text() == "x"


@pytest.mark.parametrize(
    ("on_disk", "edited", "written"),
    [
        (b"a\r\nb\r\n", "a\nB\nc\n", b"a\r\nB\r\nc\r\n"),
        (b"a\nb\n", "a\nB\n", b"a\nB\n"),
        (b"a\r\nb\r\nc\n", "a\nB\nc\n", b"a\r\nB\r\nc\r\n"),
        (b"no line end", "one\ntwo", b"one\ntwo"),
    ],
)
async def test_a_file_keeps_its_line_ends(
    jupyter: Jupyter,
    internal: Ask,
    lease: str,
    name: str,
    on_disk: bytes,
    edited: str,
    written: bytes,
) -> None:
    (jupyter.files / name).write_bytes(on_disk)
    _, read = await internal("read", **text(name))
    assert "\r" not in read["content"]

    status, told = await internal("save", **save(text(name), edited, hash=read["hash"]))
    assert status == 200
    assert (jupyter.files / name).read_bytes() == written
    assert told["hash"] == hashlib.sha256(written).hexdigest()


async def test_two_saves_of_one_file_do_not_overlap(
    jupyter: Jupyter, internal: Ask, http: ClientSession, lease: str, name: str
) -> None:
    (jupyter.files / name).write_text("one")
    seen = await contents_hash(jupyter, http, name)
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(internal("save", **save(text(name), f"by {i}" * 10_000, hash=seen)))
            for i in range(5)
        ]

    answers = [task.result() for task in asked]
    assert sorted(status for status, _ in answers) == [200, 409, 409, 409, 409]
    winner = next(i for i, (status, _) in enumerate(answers) if status == 200)
    assert (jupyter.files / name).read_text() == f"by {winner}" * 10_000


@pytest.mark.timeout(300)
async def test_a_huge_document_is_read_and_saved(
    jupyter: Jupyter, internal: Ask, lease: str, name: str
) -> None:
    huge = "0123456789abcde\n" * (200 * 2**20 // 16)
    (jupyter.files / name).write_text("small")
    _, read = await internal("read", **text(name))
    status, saved = await internal("save", **save(text(name), huge, hash=read["hash"]))
    assert status == 200
    assert (jupyter.files / name).stat().st_size == len(huge)

    _, read = await internal("read", **text(name))
    assert read["content"] == huge
    assert read["hash"] == saved["hash"]
    (jupyter.files / name).unlink()


async def test_our_own_save_is_no_replacement(
    jupyter: Jupyter,
    link: Link,
    index: FileIndex,
    internal: Ask,
    http: ClientSession,
    lease: str,
    name: str,
) -> None:
    (jupyter.files / name).write_text("one")
    await index.adopt(DOCUMENT, name)
    await is_known(jupyter, http, name, DOCUMENT)
    seen = await contents_hash(jupyter, http, name)
    async with listening(link, jupyter.keys.document(DOCUMENT).feed) as document:
        assert (await internal("save", **save(text(name), "ours", hash=seen)))[0] == 200
        async with http.delete(jupyter.url(f"api/contents/{name}")) as reply:
            assert reply.status == 204
        # What is told is told in order: nothing was, before this.
        async with asyncio.timeout(30):
            assert (await document.heard.get())["type"] == "deleted"


# --- beside, event


async def test_a_copy_beside_never_takes_a_name_that_is_taken(
    jupyter: Jupyter, internal: Ask
) -> None:
    stem = uuid.uuid4().hex[:8]
    (jupyter.files / "sub").mkdir(exist_ok=True)
    asked = notebook(f"sub/{stem}.ipynb", content=new_notebook("a"), label="conflict")
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(internal("beside", **asked)) for _ in range(4)]

    paths = [task.result()[1]["path"] for task in made]
    assert len(set(paths)) == 4
    for path in paths:
        assert path.startswith(f"sub/{stem}.conflict-20")
        assert path.endswith(".ipynb")
        assert json.loads((jupyter.files / path).read_text())["cells"][0]["source"] == ["a"]


async def test_a_copy_beside_a_file_whose_directory_is_gone_goes_to_the_nearest(
    jupyter: Jupyter, internal: Ask
) -> None:
    asked = text("gone/with/it.txt", content="kept", label="draft")
    status, told = await internal("beside", **asked)

    assert status == 200
    assert Path(told["path"]).parent == Path()
    assert (jupyter.files / told["path"]).read_text() == "kept"
