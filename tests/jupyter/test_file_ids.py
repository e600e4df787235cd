from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from rtstore.jupyter import file_ids
from rtstore.jupyter.contents_events import Change
from rtstore.jupyter.file_ids import FileIds
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.link import Link
from rtstore.tasks import background
from tests.jupyter.conftest import Jupyter, listening, until

Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def name() -> str:
    return uuid.uuid4().hex[:8]


async def rest_id(jupyter: Jupyter, http: ClientSession, path: str) -> str | None:
    async with http.get(jupyter.url(f"api/fileid/id?path={path}")) as reply:
        assert reply.status in (200, 404)
        return str((await reply.json())["id"]) if reply.status == 200 else None


async def rest_path(jupyter: Jupyter, http: ClientSession, file_id: str) -> str | None:
    async with http.get(jupyter.url(f"api/fileid/path?id={file_id}")) as reply:
        assert reply.status in (200, 404)
        return str((await reply.json())["path"]) if reply.status == 200 else None


async def opened(jupyter: Jupyter, link: Link, index: FileIndex, path: str) -> str:
    """The id of a file of which there is a document."""
    file_id, _ = await index.index(path)
    await link.command("HSET", jupyter.keys.document(file_id).meta, "path", path)
    return file_id


async def seen(jupyter: Jupyter, http: ClientSession, path: str, file_id: str | None) -> None:
    """Wait until the server knows that this is the id of `path`."""

    async def knows() -> bool:
        return await rest_id(jupyter, http, path) == file_id

    await until(knows)


async def test_what_a_worker_indexes_the_server_knows(
    jupyter: Jupyter, index: FileIndex, http: ClientSession, name: str
) -> None:
    assert await rest_id(jupyter, http, f"{name}.ipynb") is None
    file_id, _ = await index.index(f"{name}.ipynb")
    await seen(jupyter, http, f"{name}.ipynb", file_id)

    assert await rest_path(jupyter, http, file_id) == f"{name}.ipynb"
    assert await rest_path(jupyter, http, "no-such-id") is None
    async with http.get(jupyter.url("api/fileid/id")) as reply:
        assert reply.status == 400


async def test_nobody_asks_for_ids_without_signing_in(jupyter: Jupyter) -> None:
    async with ClientSession() as nobody:
        for path in ("api/fileid/id?path=a", "api/fileid/path?id=a"):
            async with nobody.get(jupyter.url(path)) as reply:
                assert reply.status == 403


async def test_a_rename_is_followed_and_told_to_who_has_it_open(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, name: str
) -> None:
    (jupyter.files / f"{name}.txt").write_text("x")
    file_id = await opened(jupyter, link, index, f"{name}.txt")
    document = jupyter.keys.document(file_id)
    async with listening(link, document.feed) as ear:
        url = jupyter.url(f"api/contents/{name}.txt")
        async with http.patch(url, json={"path": f"{name}-new.txt"}) as reply:
            assert reply.status == 200
        assert await ear.next("path") == {"type": "path", "path": f"{name}-new.txt"}

    assert await link.command("HGET", document.meta, "path") == f"{name}-new.txt".encode()
    await seen(jupyter, http, f"{name}-new.txt", file_id)
    assert await rest_id(jupyter, http, f"{name}.txt") is None


async def test_all_files_of_a_renamed_directory_are_told(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, name: str
) -> None:
    (jupyter.files / name / "sub").mkdir(parents=True)
    (jupyter.files / name / "sub/a.txt").write_text("x")
    file_id = await opened(jupyter, link, index, f"{name}/sub/a.txt")
    async with listening(link, jupyter.keys.document(file_id).feed) as ear:
        url = jupyter.url(f"api/contents/{name}")
        async with http.patch(url, json={"path": f"{name}-new"}) as reply:
            assert reply.status == 200
        assert (await ear.next("path"))["path"] == f"{name}-new/sub/a.txt"


async def test_a_deletion_is_told_and_the_name_is_free_for_another_document(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, name: str
) -> None:
    (jupyter.files / f"{name}.txt").write_text("x")
    file_id = await opened(jupyter, link, index, f"{name}.txt")
    async with listening(link, jupyter.keys.document(file_id).feed) as ear:
        async with http.delete(jupyter.url(f"api/contents/{name}.txt")) as reply:
            assert reply.status == 204
        await ear.next("deleted")

    assert await index.path_of(file_id) is None
    assert (await index.index(f"{name}.txt"))[0] != file_id


async def test_large_outputs_of_a_deleted_notebook_go_when_nobody_can_need_them(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, name: str
) -> None:
    (jupyter.files / f"{name}.txt").write_text("x")
    keys = jupyter.keys.document(await opened(jupyter, link, index, f"{name}.txt"))
    await link.command("SET", keys.blob("a" * 64), "large")
    await link.command("ZADD", keys.giants, 0, "a" * 64)
    async with http.delete(jupyter.url(f"api/contents/{name}.txt")) as reply:
        assert reply.status == 204

    for key in (keys.giants, keys.blob("a" * 64)):

        async def ends(key: str = key) -> bool:
            return int(await link.command("PTTL", key)) > 0

        await until(ends)
        assert 89 < await link.command("PTTL", key) / 86_400_000 <= 90


async def test_a_copy_is_another_document(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, name: str
) -> None:
    (jupyter.files / f"{name}.txt").write_text("x")
    file_id = await opened(jupyter, link, index, f"{name}.txt")
    body = {"copy_from": f"{name}.txt"}
    async with http.post(jupyter.url("api/contents/"), json=body) as reply:
        copy = (await reply.json())["path"]

    async def indexed() -> str | None:
        return await rest_id(jupyter, http, copy)

    assert await until(indexed) != file_id


async def test_a_file_moved_from_outside_is_found_by_its_inode(
    jupyter: Jupyter, link: Link, index: FileIndex, internal: Ask, name: str
) -> None:
    file = jupyter.files / f"{name}.txt"
    file.write_text("x")
    file_id = await opened(jupyter, link, index, f"{name}.txt")
    document = jupyter.keys.document(file_id)
    _, told = await internal("stat", paths=[f"{name}.txt"])
    saved = told["stats"][f"{name}.txt"]
    await link.command(
        "HSET", document.meta, "saved_ino", saved["ino"], "saved_mtime", saved["mtime_ns"]
    )

    (jupyter.files / name).mkdir()
    file.rename(jupyter.files / name / "moved.txt")
    async with listening(link, document.feed) as ear:
        _, told = await internal("stat", paths=[f"{name}.txt", f"{name}/moved.txt"])
        assert (await ear.next("path"))["path"] == f"{name}/moved.txt"

    assert told["moved"] == {f"{name}.txt": f"{name}/moved.txt"}
    assert told["stats"][f"{name}.txt"] == told["stats"][f"{name}/moved.txt"] == saved
    assert await index.path_of(file_id) == f"{name}/moved.txt"


async def test_a_new_file_that_got_the_inode_of_a_deleted_one_is_another_document(
    jupyter: Jupyter, link: Link, index: FileIndex, internal: Ask, name: str
) -> None:
    file = jupyter.files / f"{name}.txt"
    file.write_text("x")
    file_id = await opened(jupyter, link, index, f"{name}.txt")
    told = file.stat()
    values = ("saved_ino", told.st_ino, "saved_mtime", told.st_mtime_ns, "saved_hash", "f00")
    await link.command("HSET", jupyter.keys.document(file_id).meta, *values)
    file.rename(jupyter.files / f"{name}-other.txt")  # keeps the inode, as a reuse would
    os.utime(jupyter.files / f"{name}-other.txt", ns=(1, 1))

    _, answer = await internal("stat", paths=[f"{name}.txt"])

    assert (answer["stats"], answer["moved"]) == ({f"{name}.txt": None}, {})
    assert await index.path_of(file_id) == f"{name}.txt"


async def test_changes_made_while_the_store_was_away_are_passed_on(
    jupyter: Jupyter, link: Link, index: FileIndex, http: ClientSession, name: str
) -> None:
    (jupyter.files / f"{name}.txt").write_text("x")
    file_id = await opened(jupyter, link, index, f"{name}.txt")
    await seen(jupyter, http, f"{name}.txt", file_id)
    # Nobody gets an answer for this long: the server's connection waits, or is given up.
    await link.command("CLIENT", "PAUSE", 1500, "ALL")
    url = jupyter.url(f"api/contents/{name}.txt")
    async with http.patch(url, json={"path": f"{name}-new.txt"}) as reply:
        assert reply.status == 200

    await seen(jupyter, http, f"{name}-new.txt", file_id)


# --- the interface that other extensions call


async def test_an_id_given_out_here_is_the_id_everywhere(index: FileIndex, link: Link) -> None:
    told: list[Change] = []
    ids = FileIds(told.append)
    path = f"{uuid.uuid4().hex}.txt"

    given = ids.index("/" + path)

    assert given is not None
    assert ids.index(path) == ids.get_id(path) == ids.save(path) == given
    assert ids.get_path(given) == path
    assert told == [Change("indexed", path, given)]
    assert ids.index("../x") is ids.get_id("../x") is None


async def test_an_id_that_lost_a_race_goes_on_to_name_its_path(index: FileIndex) -> None:
    ids = FileIds(lambda _: None)
    given = ids.index("a")
    assert given is not None

    ids.learned("a", "of-a-worker")

    assert ids.get_id("a") == "of-a-worker"
    assert ids.get_path("of-a-worker") == ids.get_path(given) == "a"


async def test_the_mirror_follows_the_index(
    index: FileIndex, link: Link, jupyter: Jupyter, name: str
) -> None:
    ids = FileIds(lambda _: None)
    before, _ = await index.index(f"{name}/before")
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(ids.run(link, index, jupyter.root.feed))

        async def holds(path: str, file_id: str | None) -> None:
            async def now() -> bool:
                return ids.get_id(path) == file_id

            await until(now)

        await holds(f"{name}/before", before)
        after, _ = await index.index(f"{name}/after")
        await holds(f"{name}/after", after)
        await index.rename(f"{name}/before", f"{name}/moved")
        await holds(f"{name}/moved", before)
        assert ids.get_id(f"{name}/before") is None
        await index.rename(f"{name}/moved", f"{name}/after")
        await holds(f"{name}/after", before)
        assert ids.get_path(after) is None
        await index.delete(name)
        await holds(f"{name}/after", None)
        running.cancel()


async def test_what_a_store_knew_that_comes_back_empty_is_remembered_for_a_while(
    index: FileIndex, link: Link, jupyter: Jupyter, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, path = FileIds(lambda _: None), f"{name}.txt"
    known, _ = await index.index(path)
    async with background(ids.run(link, index, jupyter.root.feed)):

        async def has_it() -> bool:
            return ids.get_id(path) == known

        await until(has_it)
        await link.command("DEL", jupyter.root.paths, jupyter.root.files)
        ids._reconnected(True)

        async def has_lost_it() -> bool:
            return ids.get_id(path) is None

        await until(has_lost_it)
        assert ids.was(path) == known
        assert ids.was("../x") is None
        monkeypatch.setattr(file_ids, "FORGOTTEN_S", -1.0)
        assert ids.was(path) is None
