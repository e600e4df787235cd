"""What waits for a kernel keeps nobody else waiting, and does not wait for what never comes."""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from rtstore.jupyter import actions, cell_runs
from rtstore.jupyter.cell_runs import CellRuns
from rtstore.jupyter.failed import Failed
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema.ids import BEGINNING
from tests.live.looker import Looker, looking
from tests.support.lab import Lab
from tests.support.stores import start_store
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
LONG = "import time; open('began.txt', 'w').close(); time.sleep(300)"
MANY = actions.AT_ONCE + 1
SOON_S = 20.0
"""Of what takes a moment, on a busy machine; questions wait for half a minute."""


async def _begin(ann: Looker, action: str, params: dict[str, Any]) -> None:
    """Ask, and wait until all are being done."""
    ids = [uuid.uuid4().hex for _ in range(MANY)]
    for one in ids:
        told = {"type": "action", "id": one, "action": action, "params": params}
        await ann.socket.send_json(told)

    def are_begun() -> bool:
        records = ann.tables.get("actions", {})
        return all(records.get(one, {}).get("state") == "in progress" for one in ids)

    await ann.until(are_begun)


async def _is_quick(ann: Looker, action: str, **params: Any) -> dict[str, Any]:
    began = time.monotonic()
    record = await ann.ask(action, **params)
    assert record["state"] == "ok", record
    assert time.monotonic() - began < SOON_S
    return record


def _write_long(lab: Lab, path: str) -> None:
    lab.write_notebook(path, [LONG])
    (lab.notes / "began.txt").unlink(missing_ok=True)


async def _kernel_in_the_cell(lab: Lab, ann: Looker, path: str) -> str:
    """The id of the notebook's kernel, which executes LONG."""

    async def look() -> bool:
        return (lab.notes / "began.txt").exists()

    await until(look, what="the cell runs", timeout_s=60.0)

    def running() -> str:
        kernels = ann.tables["kernels"].values()
        return next((one["id"] for one in kernels if one["run"] and one["path"] == path), "")

    return str(await ann.until(running))


async def test_a_kernel_is_interrupted_however_many_cells_run(lab: Lab) -> None:
    _write_long(lab, "long.ipynb")
    async with looking(lab) as ann:
        await _begin(ann, "cell.run", {"path": "long.ipynb", "cells": ["cell-0"]})
        kernel_id = await _kernel_in_the_cell(lab, ann, "long.ipynb")
        await _is_quick(ann, "contents.create", path="", type="file")
        await _is_quick(ann, "kernel.interrupt", kernel_id=kernel_id)
        await _is_quick(ann, "kernel.shutdown", kernel_id=kernel_id)


async def test_and_however_many_questions_it_does_not_answer(lab: Lab) -> None:
    _write_long(lab, "asked.ipynb")
    async with looking(lab) as ann:
        asked = asyncio.ensure_future(ann.ask("cell.run", path="asked.ipynb", cells=["cell-0"]))
        kernel_id = await _kernel_in_the_cell(lab, ann, "asked.ipynb")
        code = {"kernel_id": kernel_id, "code": "pri", "cursor_pos": 3}
        await _begin(ann, "kernel.complete", code)
        await _is_quick(ann, "kernel.interrupt", kernel_id=kernel_id)
        assert (await asked)["state"] == "ok"
        await _is_quick(ann, "kernel.shutdown", kernel_id=kernel_id)


@pytest.mark.parametrize("is_open", [True, False])
async def test_cells_of_what_is_no_notebook_are_refused_before_a_kernel_is_started(
    lab: Lab, *, is_open: bool
) -> None:
    path = f"plain-{is_open}.txt"
    (lab.notes / path).write_text("no cells")
    async with looking(lab) as ann:
        if is_open:
            await _open_as_text(lab, path)
        told = await ann.ask("cell.run", path=path, cells=["cell-0"])
        assert (told["state"], told["error"]["status"]) == ("error", 400), told
        assert "no notebook" in told["error"]["message"]
        assert path not in [one["path"] for one in ann.tables["sessions"].values()]


async def test_so_are_those_of_a_notebook_that_is_open_as_text(lab: Lab) -> None:
    lab.write_notebook("raw.ipynb", ["1"])
    await _open_as_text(lab, "raw.ipynb")
    async with looking(lab) as ann:
        told = await ann.ask("cell.run", path="raw.ipynb", cells=["cell-0"])
        assert (told["state"], told["error"]["status"]) == ("error", 400), told
        assert "open as file" in told["error"]["message"]


async def _open_as_text(lab: Lab, path: str) -> None:
    async with connect(lab.store_url, name="test") as link:
        root_id = lab.state_dir.name
        document, _ = await FileIndex(link, Keys().root(root_id)).index(path)
        place = {"server": root_id, "path": path, "type": "file", "format": "text"}
        log = UpdateLog(link, Keys().document(document), worker="test")
        await log.open(BEGINNING, gen="00000000", place=place)


async def test_runs_that_nobody_queues_end_and_are_not_run_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_runs, "SETTLED_WITHIN_S", 0.5)
    monkeypatch.setattr(cell_runs, "LOOK_S", 0.1)
    record = {"id": "r1", "user": "ann", "name": "Ann", "requested": 1}
    record["params"] = {"path": "a.ipynb", "cells": ["c1", "c2"]}

    async def kernel_of(path: str, kernel_name: str | None) -> str:
        return f"kernel of {path}: {kernel_name}"

    async with start_store(tmp_path) as store, connect(store.url, name="test") as link:
        keys = Keys()
        index = FileIndex(link, keys.root("c1"))
        runs = CellRuns(link, keys, index, contents_id="c1")
        with pytest.raises(Failed, match="not queued") as failed:
            await runs.run(record, kernel_of)
        assert failed.value.status == 504
        document, _ = await index.index("a.ipynb")
        assert await RunBook(link, keys.document(document)).asked() == {}


async def _until_connected(link: Link, wanted: bool) -> None:
    async def look() -> bool:
        return link.connected is wanted

    await until(look, what=f"the link is up: {wanted}")


async def test_a_store_that_is_away_ends_no_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_runs, "LOOK_S", 0.1)
    monkeypatch.setattr(cell_runs, "ASK_AGAIN_S", 0.1)
    record = {"id": "r1", "user": "ann", "name": "Ann", "requested": 1}
    record["params"] = {"path": "a.ipynb", "cells": ["c1"]}

    async def kernel_of(*_: object) -> str:
        return "k1"

    async with start_store(tmp_path) as store, connect(store.url, name="test") as link:
        keys = Keys()
        index = FileIndex(link, keys.root("c1"))
        running = asyncio.ensure_future(
            CellRuns(link, keys, index, contents_id="c1").run(record, kernel_of)
        )
        document, _ = await index.index("a.ipynb")
        book = RunBook(link, keys.document(document))
        async with asyncio.timeout(60):
            await until(book.asked, what="it is asked for")
            store.kill()
            await _until_connected(link, False)
            await store.start()
            await _until_connected(link, True)
            # Asked for again, if the store has forgotten that.
            (run_id,) = await until(book.asked, what="it is asked for still")
            run = keys.kernel("c1", "k1").run(run_id)
            await link.command("HSET", run, "id", run_id, "state", "ok")
            ended = await running
    assert ended["runs"] == [{"run": run_id, "cell": "c1", "state": "ok"}]
