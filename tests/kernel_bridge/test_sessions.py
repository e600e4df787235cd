"""Which kernel a notebook gets, whatever happened to its file and to those beside it."""

from __future__ import annotations

from typing import Any

from tests.support.lab import Lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until


async def opened(nb: Bench, path: str) -> str:
    """The kernel that a page gets which opens the notebook at `path`."""
    told = {"path": "made-up", "name": path, "type": "notebook", "kernel": {"name": "python3"}}
    async with nb.http.post(f"{nb.lab.url}api/sessions", json=told) as reply:
        assert reply.status == 201, await reply.text()
        return str((await reply.json())["kernel"]["id"])


async def file_id(nb: Bench, path: str) -> str:
    """Of the file at `path`; '' while it has none."""
    async with nb.http.get(f"{nb.lab.url}api/fileid/id", params={"path": path}) as reply:
        return str((await reply.json())["id"]) if reply.status == 200 else ""


async def paths(nb: Bench) -> dict[str, str]:
    """Kernel → path, of all sessions that a page is shown."""
    async with nb.http.get(f"{nb.lab.url}api/sessions") as reply:
        told: list[dict[str, Any]] = await reply.json()
    return {one["kernel"]["id"]: one["path"] for one in told}


async def rename(nb: Bench, path: str, to: str) -> None:
    """Through the contents API, as a file browser does; waits until its id is there."""
    known = await file_id(nb, path)
    async with nb.http.patch(f"{nb.lab.url}api/contents/{path}", json={"path": to}) as reply:
        assert reply.status == 200, await reply.text()

    async def moved() -> bool:
        return await file_id(nb, to) == known and not await file_id(nb, path)

    await until(moved, what=f"the id of {path} is at {to}")


async def test_a_new_notebook_where_another_was_gets_a_kernel_of_its_own(lab: Lab) -> None:
    async with bench(lab, "first.ipynb", ["1"]) as nb:
        await rename(nb, "first.ipynb", "second.ipynb")
        lab.write_notebook("first.ipynb")

        assert await opened(nb, "first.ipynb") != nb.kernel_id
        assert await opened(nb, "second.ipynb") == nb.kernel_id


async def test_a_session_is_listed_where_its_notebook_is_now(lab: Lab) -> None:
    async with bench(lab, "here.ipynb", ["1"]) as nb:
        await rename(nb, "here.ipynb", "there.ipynb")

        assert (await paths(nb))[nb.kernel_id] == "there.ipynb"


async def test_a_notebook_made_where_one_was_deleted_gets_a_kernel_of_its_own(lab: Lab) -> None:
    async with bench(lab, "deleted.ipynb", ["1"]) as nb:
        async with nb.http.delete(f"{lab.url}api/contents/deleted.ipynb") as reply:
            assert reply.status == 204, await reply.text()

        async def is_forgotten() -> bool:
            return not await file_id(nb, "deleted.ipynb")

        await until(is_forgotten, what="the id of the deleted notebook is forgotten")
        lab.write_notebook("deleted.ipynb")

        made = await opened(nb, "deleted.ipynb")
        assert made != nb.kernel_id
        listed = await paths(nb)
        assert [kernel for kernel in listed if listed[kernel] == "deleted.ipynb"] == [made]


async def test_a_notebook_moved_onto_another_keeps_its_own_kernel(lab: Lab) -> None:
    async with bench(lab, "under.ipynb", ["1"]) as under, bench(lab, "over.ipynb", ["1"]) as over:
        (lab.notes / "under.ipynb").unlink()
        await rename(over, "over.ipynb", "under.ipynb")

        assert under.kernel_id != over.kernel_id
        assert await opened(over, "under.ipynb") == over.kernel_id
