"""Files that change, move, disappear or become invalid while people have them open."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from pycrdt import Array, Map, Text

from rtstore.keeper import keepers
from rtstore.keeper.outside import Outside
from rtstore.tasks import background
from tests.gateway.team import Worker
from tests.jupyter.conftest import Jupyter
from tests.keeper.crew import a_worker, notebook, opened, sources, write
from tests.support.waiting import until

Pair = tuple[Worker, Worker]


async def test_an_outside_edit_and_a_live_one_are_both_kept(
    jupyter: Jupyter, workers: Pair
) -> None:
    path = write(jupyter, notebook("one", "two", "three"))
    file = jupyter.files / path
    async with opened(workers[0], path) as ada, opened(workers[1], path, "bob") as bob:
        await ada.insert(0, "live ")
        write(jupyter, notebook("one", "two", "three outside"), path)
        wanted = ["live one", "two", "three outside"]
        await ada.until(lambda: ada.sources == wanted)
        await bob.until(lambda: bob.sources == wanted)
        await ada.until(lambda: sources(file) == wanted)
        await ada.until(lambda: ada.state["hash"] != "" and ada.state["dirty"] is False)
    assert not list(jupyter.files.glob(f"{file.stem}.conflict*"))


async def test_both_edits_of_one_line_are_kept_the_outside_one_beside(
    jupyter: Jupyter, workers: Pair
) -> None:
    path = write(jupyter, notebook("x = 1"))
    file = jupyter.files / path
    async with opened(workers[0], path) as ada:
        cell = ada.notebook.ycells[0]["source"]

        def rewrite() -> None:
            with ada.person.doc.transaction():
                del cell[:]
                cell.insert(0, "x = 'live'")

        await ada.change(rewrite)
        write(jupyter, notebook("x = 'outside'"), path)
        await ada.until(lambda: bool(list(jupyter.files.glob(f"{file.stem}.conflict-*"))))
        assert ada.sources == ["x = 'live'"]
        await ada.until(lambda: sources(file) == ["x = 'live'"])
        (beside,) = jupyter.files.glob(f"{file.stem}.conflict-*")
        assert sources(beside) == ["x = 'outside'"]


async def test_touching_the_file_changes_nothing(
    jupyter: Jupyter, workers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, looks = Outside.look, 0

    async def counted(self: Outside, **given: bool) -> None:
        nonlocal looks
        await look(self, **given)
        looks += 1

    monkeypatch.setattr(Outside, "look", counted)
    path = write(jupyter, notebook("x"))
    async with opened(workers[0], path) as ada:
        length = len(await ada.log.read())
        write(jupyter, notebook("x"), path)
        await ada.until(lambda: looks > 0)
        assert len(await ada.log.read()) == length


async def test_a_rename_is_followed_and_saved_there(
    jupyter: Jupyter, workers: Pair, http: ClientSession
) -> None:
    path = write(jupyter, notebook("x"))
    new = f"moved to {path}"
    async with opened(workers[0], path) as ada:
        url = jupyter.url(f"api/contents/{path}")
        async with http.patch(url, json={"path": new}) as reply:
            assert reply.status == 200, await reply.text()
        await ada.until(lambda: ada.state["path"] == new)
        await ada.insert(0, "1")
        await ada.until(lambda: sources(jupyter.files / new) == ["1x"])
        assert not (jupyter.files / path).exists()


async def test_a_move_from_outside_is_followed(jupyter: Jupyter, workers: Pair) -> None:
    path = write(jupyter, notebook("x"))
    new = f"mv-{path}"
    async with opened(workers[0], path) as ada:
        (jupyter.files / path).rename(jupyter.files / new)
        await ada.until(lambda: ada.state["path"] == new)
        await ada.insert(0, "1")
        await ada.until(lambda: sources(jupyter.files / new) == ["1x"])


async def test_deleting_it_in_jupyter_closes_the_tabs(
    jupyter: Jupyter, workers: Pair, http: ClientSession
) -> None:
    path = write(jupyter, notebook("x"))
    async with opened(workers[0], path) as ada:
        async with http.delete(jupyter.url(f"api/contents/{path}")) as reply:
            assert reply.status == 204
        assert await ada.person.until_closed() == 1003
    assert not (jupyter.files / path).exists()


async def test_deleting_it_outside_keeps_the_document_until_somebody_saves(
    jupyter: Jupyter, workers: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(jupyter, notebook("x"))
    file = jupyter.files / path
    async with opened(workers[0], path) as ada:
        file.unlink()
        await ada.insert(0, "1")
        await ada.until(lambda: "saving it by hand makes it again" in caplog.text)
        assert not file.exists()
        assert await ada.save(1) == "success"
        assert sources(file) == ["1x"]


async def test_who_saves_by_hand_before_anybody_noticed_that_it_was_deleted_makes_it_again(
    jupyter: Jupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_s = 3600.0
    monkeypatch.setattr(keepers, "STAT_S", never_s)
    path = write(jupyter, notebook("x"))
    file = jupyter.files / path
    async with (
        a_worker(jupyter, "w9", save_after_s=never_s, save_latest_s=never_s) as worker,
        opened(worker, path) as ada,
    ):
        await ada.insert(0, "1")
        file.unlink()
        assert await ada.save(1) == "success"
        assert sources(file) == ["1x"]
        await ada.insert(0, "2")
        file.unlink()  # the same once more: it was there meanwhile
        assert await ada.save(2) == "success"
        assert sources(file) == ["21x"]


async def test_a_put_replaces_the_content_as_one_edit(
    jupyter: Jupyter, workers: Pair, http: ClientSession
) -> None:
    path = write(jupyter, notebook("x", "y"))
    async with opened(workers[0], path) as ada:
        body = {"type": "notebook", "format": "json", "content": notebook("put")}
        async with http.put(jupyter.url(f"api/contents/{path}"), json=body) as reply:
            assert reply.status == 200, await reply.text()
        await ada.until(lambda: ada.sources == ["put"])
        assert "x" in [e.kind for e in await ada.log.read()]


@pytest.mark.alone  # a reader is kept for 2 s at most
async def test_who_reads_an_open_document_gets_it_saved(
    jupyter: Jupyter, workers: Pair, http: ClientSession
) -> None:
    path = write(jupyter, notebook("x"))
    async with opened(workers[0], path) as ada, opened(workers[1], path, "bob") as bob:
        await ada.insert(0, "now ")
        await bob.until(lambda: bob.sources == ["now x"])
        async with http.get(jupyter.url(f"api/contents/{quote(path)}?content=1")) as reply:
            told = await reply.json()
        assert told["content"]["cells"][0]["source"] == "now x"


async def test_an_invalid_document_is_saved_beside_never_over(
    jupyter: Jupyter, workers: Pair
) -> None:
    path = write(jupyter, notebook("good"))
    file = jupyter.files / path
    async with opened(workers[0], path) as ada:
        cell: Map[Any] = Map(
            {
                "cell_type": "nonsense",
                "id": "bad",
                "source": Text("?"),
                "metadata": Map({}),
                "outputs": Array([]),
            }
        )
        await ada.change(lambda: ada.notebook.ycells.append(cell))
        await ada.until(lambda: bool(list(jupyter.files.glob(f"{file.stem}.invalid-*"))))
        assert sources(file) == ["good"]
        assert await ada.save(1) == "failed"
        (beside,) = jupyter.files.glob(f"{file.stem}.invalid-*")
        assert json.loads(beside.read_text())["cells"][1]["id"] == "bad"


async def test_the_view_is_for_people(jupyter: Jupyter, workers: Pair) -> None:
    path = write(jupyter, notebook("x = 1"))
    async with opened(workers[0], path) as ada:
        await ada.insert(0, "# seen\n")
        link = workers[0].link

        async def is_seen() -> bool:
            seen = await link.command("HGETALL", ada.keys.view)
            return seen.get(b"path") == path.encode() and [
                (cell["source"], cell["editor"]) for cell in json.loads(seen[b"cells"])
            ] == [("# seen\nx = 1", "ada")]

        async with background(ada.person.hear_for(60.0)):
            await until(is_seen, what="the cell and who edited it are seen")


@pytest.mark.alone  # who asks is kept for 2 s at most
async def test_who_asks_for_the_hash_right_after_a_save_gets_one_that_everybody_knows(
    jupyter: Jupyter, workers: Pair, http: ClientSession
) -> None:
    path = write(jupyter, notebook("x"))
    async with opened(workers[0], path) as ada:
        for number in range(3):
            before = ada.state["hash"]
            await ada.insert(0, str(number))
            url = jupyter.url(f"api/contents/{path}?content=0&hash=1")

            def is_written(before: str = before) -> bool:
                data = (jupyter.files / path).read_bytes()
                return hashlib.sha256(data).hexdigest() != before

            await ada.until(is_written)
            async with http.get(url) as reply:
                told = (await reply.json())["hash"]
            assert told == (await ada.log.meta())["saved_hash"]  # as the feed has told by now
            assert told != before
            await ada.until(lambda told=told: ada.state["hash"] == told)  # type: ignore[misc]
