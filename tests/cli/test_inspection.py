"""``rtstore docs``, ``log`` and ``cat`` on a real store with people in it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import nbformat
import pytest

from rtstore.redis_backend.update_log import Origin
from tests.cli.command import Ran, clean, rtstore
from tests.client.cast import at, make_notebook
from tests.gateway.team import ROOT, Worker, make_document
from tests.support.stores import Store
from tests.support.waiting import until


async def test_docs_says_what_is_open_by_whom_and_how_far_the_file_is_behind(
    store: Store, worker: Worker, tmp_path: Path
) -> None:
    log = await make_notebook(worker.link, "a.ipynb", "x = 1")
    await make_document(worker.link, "unused.txt")
    await worker.link.command("HSET", log.keys.meta, "saved_id", "1-1")
    async with at(worker, "ann") as ann, ann.notebook("a.ipynb") as mine:
        mine.cell(0).insert(0, "# ")
        await mine.flush()
        await until(
            lambda: worker.link.command("HLEN", log.keys.who), what="it is written who is here"
        )

        told = await rtstore("docs", "--json", "--redis", store.url, home=tmp_path)
        [row] = json.loads(told.out)
        assert row["path"] == "a.ipynb"
        assert row["id"] == "doc-a.ipynb"
        assert row["type"] == "notebook"
        assert row["people"] == ["ann"]
        assert row["entries"] == 3  # epoch, import, Ann's
        assert row["behind"] == 1
        assert 0 <= row["behind_s"] < 60
        assert row["log_bytes"] > 0

        table = await rtstore("docs", home=tmp_path, RTSTORE_REDIS_URL=store.url)
        head, line = table.out.splitlines()
        assert head.split()[:3] == ["PATH", "TYPE", "PEOPLE"]
        assert line.startswith("a.ipynb")
        assert "1 behind" in line

        # Of a worker that died: it is still written there, and no longer here.
        await worker.link.command("HSET", log.keys.who, "w0.1", '{"user": "eve"}')
        await worker.link.command("ZADD", log.keys.who_exp, 1, "w0.1")
        every = await rtstore("docs", "--all", "--json", "--redis", store.url, home=tmp_path)
        assert [row["path"] for row in json.loads(every.out)] == ["a.ipynb", "unused.txt"]
        assert [row["people"] for row in json.loads(every.out)] == [["ann"], []]


async def test_log_tells_who_did_what(store: Store, worker: Worker, tmp_path: Path) -> None:
    log = await make_document(worker.link, text="hello")
    async with at(worker, "ann") as ann, ann.text("a.txt") as mine:
        mine.append(" wörld")
        await mine.flush()
        mine.delete(0, 2)
        await mine.flush()
        client = str(mine.ydoc.client_id)
    await log.append(b"1-1", Origin(kind="q"), epoch=1, tag=log.next_tag())

    whole = await rtstore("log", "a.txt", "--redis", store.url, home=tmp_path)
    head, *lines = whole.out.splitlines()
    assert head.split() == ["ID", "TIME", "KIND", "USER", "CLIENT", "BYTES", "WHAT"]
    assert [line.split()[0] for line in lines] == ["1-0", "1-1", "1-2", "1-3", "1-4"]
    assert "a new epoch" in lines[0]
    assert 'inserts "hello"' in lines[1]
    assert 'inserts " wörld"' in lines[2]
    assert lines[2].split()[3:6] == ["update", "ann", client]
    assert lines[3].endswith("deletes 2")
    assert "entry 1-1 can't be applied" in lines[4]

    by_id = await rtstore("log", "doc-a.txt", "-n", "2", "--redis", store.url, home=tmp_path)
    assert by_id.out.splitlines()[1:] == lines[-2:]


async def test_log_follows(store: Store, worker: Worker, tmp_path: Path) -> None:
    await make_document(worker.link)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-u", "-m", "rtstore", "log", "a.txt", "-f"),
        env=clean(tmp_path) | {"RTSTORE_REDIS_URL": store.url},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60), at(worker, "ann") as ann, ann.text("a.txt") as mine:
            while b"hello" not in (line := await process.stdout.readline()):
                assert line, "it ended"
            mine.append(" again")
            assert b'inserts " again"' in await process.stdout.readline()
    finally:
        process.terminate()
        await process.wait()


async def test_cat_prints_the_live_document(store: Store, worker: Worker, tmp_path: Path) -> None:
    await make_document(worker.link, text="hé")
    await make_notebook(worker.link, "a.ipynb", "x = 1", "y\n")

    async def cat(*words: str) -> Ran:
        return await rtstore("cat", *words, "--redis", store.url, home=tmp_path)

    assert (await cat("a.txt")).out == "hé"
    assert json.loads((await cat("a.txt", "--as", "json")).out) == "hé"
    refused = await cat("a.txt", "--as", "ipynb")
    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "no notebook" in refused.err

    notebook = nbformat.reads((await cat("a.ipynb")).out, as_version=4)
    nbformat.validate(notebook)
    assert [cell["source"] for cell in notebook.cells] == ["x = 1", "y\n"]
    assert (await cat("a.ipynb", "--as", "text")).out == "--- 0 code c0\nx = 1\n--- 1 code c1\ny\n"
    told = json.loads((await cat("doc-a.ipynb", "--as", "json")).out)
    assert told["cells"][0]["id"] == "c0"


async def test_what_is_not_there_is_said_in_one_line(
    store: Store, worker: Worker, tmp_path: Path
) -> None:
    await make_document(worker.link)
    url = store.url
    cases = [
        (("cat", "none.txt", "--redis", url), "no document is called none.txt"),
        (("log", "../x", "--redis", url), "no document is called ../x"),
        (("docs", "--redis", "redis://127.0.0.1:1"), "redis://127.0.0.1:1: connection refused"),
        (("docs", "--redis", "http://x"), "RTSTORE_REDIS_URL"),
        (("docs",), "the embedded store does not run"),
    ]
    for words, why in cases:
        ran = await rtstore(*words, home=tmp_path)
        assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1), ran
        assert ran.err.startswith("rtstore: ")
        assert why in ran.err


async def test_a_path_of_two_roots_must_be_told_apart(
    store: Store, worker: Worker, tmp_path: Path
) -> None:
    await make_document(worker.link)
    await worker.link.command("HSET", "rt:{other}:paths", "a.txt", "doc-other")
    await worker.link.command("HSET", "rt:{other}:files", "doc-other", "a.txt")
    ran = await rtstore("cat", "a.txt", "--redis", store.url, home=tmp_path)
    assert "give one of the ids" in ran.err
    told = {"RTSTORE_REDIS_URL": store.url, "RTSTORE_CONTENTS_ID": ROOT}
    assert (await rtstore("cat", "a.txt", home=tmp_path, **told)).out == "hello"


@pytest.mark.parametrize("command", ["docs", "log", "cat", "doctor"])
async def test_each_explains_itself(command: str, tmp_path: Path) -> None:
    ran = await rtstore(command, "--help", home=tmp_path)
    assert ran.status == 0
    assert "--redis" in ran.out
