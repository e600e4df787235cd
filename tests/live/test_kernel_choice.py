"""cell.run without a kernel's name starts the one that the notebook names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pycrdt import Map

from rtstore.client.server import connect
from tests.live.looker import Looker, looking
from tests.support.lab import Lab
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _write(lab: Lab, path: str, metadata: dict[str, Any]) -> None:
    lab.write_notebook(path, ["1 + 1"])
    notebook = json.loads((lab.notes / path).read_text())
    (lab.notes / path).write_text(json.dumps(notebook | {"metadata": metadata}))


async def _started_by_a_run(ann: Looker, path: str, **more: str) -> str:
    told = await ann.ask("cell.run", path=path, cells=["cell-0"], **more)
    assert told["state"] == "ok", told
    kernel_id = told["result"]["kernel_id"]
    name: str = (await ann.until(lambda: ann.tables["kernels"].get(kernel_id)))["name"]
    await ann.until(lambda: kernel_id in _kernels_of_sessions(ann))
    return name


def _kernels_of_sessions(ann: Looker) -> list[str]:
    return [one["kernel_id"] for one in ann.tables["sessions"].values()]


async def _end_all(ann: Looker) -> None:
    for session_id in list(ann.tables["sessions"]):
        await ann.ask("session.delete", session_id=session_id)


@pytest.mark.parametrize(
    ("metadata", "started"),
    [
        ({"kernelspec": {"name": "second", "display_name": "Second"}}, "second"),
        ({"kernelspec": {"name": "not installed", "display_name": "?"}}, "python3"),
        ({}, "python3"),
    ],
)
async def test_the_file_names_it(lab: Lab, metadata: dict[str, Any], started: str) -> None:
    lab.add_foreign_kernel("second")
    _write(lab, "named.ipynb", metadata)
    async with looking(lab) as ann:
        assert await _started_by_a_run(ann, "named.ipynb") == started
        await _end_all(ann)
        await ann.ask("contents.delete", path="named.ipynb")


async def _autosave_is_off(lab: Lab, path: str) -> bool:
    return any(one.get("autosave") is False for one in (await lab.who(path)).values())


async def test_the_open_notebook_names_it_before_its_file_does(lab: Lab) -> None:
    lab.add_foreign_kernel("second")
    lab.write_notebook("opened.ipynb", ["1 + 1"])
    async with (
        looking(lab) as ann,
        connect(lab.url, token=lab.token) as server,
        server.notebook("opened.ipynb") as notebook,
    ):
        notebook.presence.set(autosave=False)
        # What changes then is saved a second later, if this is not known by then.
        await until(lambda: _autosave_is_off(lab, "opened.ipynb"), what="its keeper can know it")
        metadata: Any = notebook._doc.get("meta", type=Map)["metadata"]
        metadata["kernelspec"] = {"name": "second", "display_name": "Second"}
        await notebook.flush()
        assert await _started_by_a_run(ann, "opened.ipynb") == "second"
        assert "second" not in (lab.notes / "opened.ipynb").read_text()
        await _end_all(ann)


async def test_an_order_comes_first_and_a_session_stays(lab: Lab) -> None:
    lab.add_foreign_kernel("second")
    _write(lab, "ordered.ipynb", {"kernelspec": {"name": "second", "display_name": "Second"}})
    async with looking(lab) as ann:
        named = {"kernel_name": "python3"}
        assert await _started_by_a_run(ann, "ordered.ipynb", **named) == "python3"
        assert await _started_by_a_run(ann, "ordered.ipynb") == "python3"
        await _end_all(ann)
