"""Which kernel a notebook gets, whatever happened to its file and to those beside it."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import ClientSession

from tests.support.lab import Lab
from tests.support.runs import Bench, bench
from tests.support.sessions import kernels, opened, paths, somebody
from tests.support.tools import LONG
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
TALKS = "import time\nprint('runs', flush=True)\ntime.sleep(60)"
ROUNDS = 50 if LONG else 10


async def file_id(nb: Bench, path: str) -> str:
    """Of the file at `path`; '' while it has none."""
    async with nb.http.get(f"{nb.lab.url}api/fileid/id", params={"path": path}) as reply:
        return str((await reply.json())["id"]) if reply.status == 200 else ""


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


async def change(http: ClientSession, nb: Bench, **kernel: str) -> str:
    """Have another kernel in the notebook's session; its id."""
    url = f"{nb.lab.url}api/sessions/{nb.session_id}"
    async with http.patch(url, json={"kernel": kernel}) as reply:
        assert reply.status == 200, await reply.text()
        return str((await reply.json())["kernel"]["id"])


async def until_runs(nb: Bench) -> None:
    """Wait until TALKS, the notebook's first cell, runs."""

    async def look() -> bool:
        return "runs" in str(nb.outputs(0))

    await until(look, what="the cell runs")


async def why_lost(nb: Bench, run_id: str) -> str:
    """Wait until the run is lost; why."""
    assert await nb.until_over(run_id) == "lost"
    async with nb.lab.redis() as redis:
        return str(await redis.hget(nb.keys.run(run_id), "why"))


async def test_two_who_change_the_kernel_at_once_leave_one(lab: Lab) -> None:
    async with bench(lab, "changed.ipynb", ["1"]) as nb, somebody(lab) as other:
        before = await kernels(nb)
        first, second = await asyncio.gather(
            change(nb.http, nb, name="python3"), change(other, nb, name="python3")
        )
        last = {kernel for kernel, path in (await paths(nb)).items() if path == nb.path}

        assert last <= {first, second}
        assert await kernels(nb) == (before - {nb.kernel_id}) | last


async def test_whoever_changes_the_kernel_under_others_runs_is_named(lab: Lab) -> None:
    async with (
        bench(lab, "named.ipynb", [TALKS]) as nb,
        somebody(lab) as other,
        nb.http.ws_connect(f"{lab.url}api/events/subscribe") as bus,
    ):
        run_id = await nb.ask(0)
        await until_runs(nb)
        await change(other, nb, name="python3")

        assert "shut down by" in await why_lost(nb, run_id)
        async with asyncio.timeout(20):
            async for message in bus:
                if "changed the kernel while cells of" in str(json.loads(message.data)):
                    break


async def test_who_restarts_a_kernel_that_ignores_it_is_named_below_the_cell(lab: Lab) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + TALKS
    async with bench(lab, "deaf.ipynb", [deaf]) as nb, somebody(lab) as other:
        run_id = await nb.ask(0)
        await until_runs(nb)
        async with other.post(f"{lab.url}api/kernels/{nb.kernel_id}/restart") as reply:
            assert reply.status == 200, await reply.text()

        assert "restarted by" in await why_lost(nb, run_id)

        async def is_said() -> bool:
            return "[rtstore: the kernel was restarted by" in str(nb.outputs(0))

        await until(is_said, what="the cell says what became of its run")


async def test_a_notebook_opened_with_another_kernel_ends_the_one_that_it_had(lab: Lab) -> None:
    async with bench(lab, "chosen.ipynb", [TALKS]) as nb, somebody(lab) as other:
        run_id = await nb.ask(0)
        await until_runs(nb)
        async with other.post(f"{lab.url}api/kernels", json={"name": "python3"}) as reply:
            chosen = (await reply.json())["id"]
        told = {"path": "made-up", "name": nb.path, "type": "notebook", "kernel": {"id": chosen}}
        async with other.post(f"{lab.url}api/sessions", json=told) as reply:
            assert (await reply.json())["kernel"]["id"] == chosen

        assert nb.kernel_id not in await kernels(nb)
        assert "shut down by" in await why_lost(nb, run_id)


async def test_a_kernel_that_could_not_be_changed_is_not_ending(lab: Lab) -> None:
    async with bench(lab, "unchanged.ipynb", ["1"]) as nb:
        url = f"{lab.url}api/sessions/{nb.session_id}"
        async with nb.http.patch(url, json={"kernel": {"name": "nothing"}}) as reply:
            assert reply.status == 501

        assert await nb.run(0) == "ok"


async def test_a_closing_page_ends_no_kernel_that_others_use_and_who_insists_does(
    lab: Lab,
) -> None:
    async with (
        bench(lab, "kept.ipynb", ["1"]) as nb,
        somebody(lab) as other,
        nb.http.ws_connect(f"{lab.url}api/events/subscribe") as bus,
    ):
        url = f"{lab.url}api/sessions/{nb.session_id}"
        async with other.delete(url) as reply:
            assert reply.status == 204
        assert nb.kernel_id in await kernels(nb)
        async with asyncio.timeout(20):
            async for message in bus:
                if "but it goes on" in str(json.loads(message.data)):
                    break

        async with other.delete(url) as reply:
            assert reply.status == 204
        assert nb.kernel_id not in await kernels(nb)


@pytest.mark.timeout(30 + 10 * ROUNDS)
@pytest.mark.parametrize("mode", ["shared", "per-user"])
async def test_two_who_ask_for_a_session_at_once(lab: Lab, mode: str) -> None:
    """They get one kernel, or in a notebook that is set so one each; again and again."""
    async with bench(lab, f"{mode}.ipynb", ["1"]) as nb, somebody(lab) as other:
        await paths(nb, other)  # by whose cookie it is one user from now on
        before = await kernels(nb)
        for number in range(ROUNDS):
            path = f"{mode} {number}.ipynb"
            lab.write_notebook(path)
            if mode == "per-user":
                await set_per_user(nb, path)
            asked = [opened(nb, path), opened(nb, path, other)]
            asked += [opened(nb, path), opened(nb, path, other)]  # a page asks again
            ann, bob, ann_again, bob_again = await asyncio.gather(*asked)
            assert (ann, bob) == (ann_again, bob_again)
            assert (ann == bob) == (mode == "shared")
            made = await kernels(nb) - before
            assert made == {ann, bob}
            for kernel in made:
                async with nb.http.delete(f"{lab.url}api/kernels/{kernel}") as reply:
                    assert reply.status == 204, await reply.text()


async def set_per_user(nb: Bench, path: str) -> None:
    """Each who opens the notebook from now on gets a kernel of their own."""
    url = f"{nb.lab.url}api/collaboration/session/{path}"
    async with nb.http.put(url, json={"format": "json", "type": "notebook"}) as reply:
        known = (await reply.json())["fileId"]
    url = f"{nb.lab.url}rtstore/kernel-mode/{known}"
    async with nb.http.put(url, json={"mode": "per-user"}) as reply:
        assert reply.status == 200, await reply.text()
