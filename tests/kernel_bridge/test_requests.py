"""What programs ask for over HTTP: bad requests, other front ends' dialects, cancelling."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import pytest
from pycrdt import Array

from rtstore.keeper.run_batches import GOES_ON_S
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.file_index import FileIndex
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.run_book import RunBook
from rtstore.schema.murmur import murmur2
from rtstore.schema.run import OK, Run, source_sha
from tests.support.lab import Lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
CONNECTIONS = 6
"""Of a page, to one server."""


async def get(nb: Bench, path: str) -> tuple[int, Any]:
    async with nb.http.get(nb.lab.url + path, allow_redirects=False) as reply:
        return reply.status, await reply.json()


async def test_what_does_not_exist_is_named(lab: Lab) -> None:
    async with bench(lab, "bad.ipynb", ["1"]) as nb:
        url, good = f"{lab.url}api/kernels/", {"cell_id": "cell-0"}
        room = f"json:notebook:{nb.document_id}"
        for kernel, body, status, word in [
            (nb.kernel_id, good | {"document_id": "json:notebook:nothing"}, 404, "nothing"),
            (nb.kernel_id, {"cell_id": "cell-9", "document_id": room}, 404, "cell-9"),
            ("0" * 8 + "-1-2-3-4", good | {"document_id": room}, 404, "no kernel"),
            (nb.kernel_id, good, 400, "document_id is missing"),
            (nb.kernel_id, {"document_id": room}, 400, "cell_id is missing"),
            (nb.kernel_id, [1], 400, "JSON object"),
            (nb.kernel_id, {"cells": 5, "document_id": room}, 400, "list"),
            (nb.kernel_id, {"cells": [], "document_id": room}, 400, "list"),
            (nb.kernel_id, {"cells": [{}], "document_id": room}, 400, "cell_id is missing"),
        ]:
            async with nb.http.post(f"{url}{kernel}/execute", json=body) as reply:
                assert (reply.status, word in await reply.text()) == (status, True), word


async def test_what_the_user_did_not_see_is_not_run(lab: Lab) -> None:
    async with bench(lab, "saw.ipynb", ["x = 1"]) as nb:
        status, told = await nb.post(0, source_hash=source_sha("x = 2"))
        assert (status, told["error"]) == (409, "source_mismatch")
        status, told = await nb.post(0, source_hash=source_sha("x = 1"))
        assert status == 200
        assert await nb.until_over(told["run"]) == "ok"


async def test_another_front_end_sends_many_cells_and_its_own_hash(lab: Lab) -> None:
    async with bench(lab, "many.ipynb", ["x = 1", "x + 1"]) as nb:
        cells = [
            {"cell_id": "cell-0", "source_hash": str(murmur2("x = 1"))},
            {"cell_id": "cell-1", "source_hash": str(murmur2("x + 1"))},
        ]
        body = {"document_id": f"json:notebook:{nb.document_id}", "cells": cells}
        url = f"{lab.url}api/kernels/{nb.kernel_id}/execute"
        async with nb.http.post(url, json=body) as reply:
            assert (reply.status, await reply.json()) == (200, None)
        await until(lambda: _counts(nb, [1, 2]), what="both ran, in order")
        cells[0]["source_hash"] = "1"
        async with nb.http.post(url, json=body) as reply:
            assert reply.status == 409


async def test_a_third_one_polls_for_the_result(lab: Lab) -> None:
    async with bench(lab, "poll.ipynb", ["input('? ')"]) as nb:
        room = f"json:notebook:{nb.document_id}"
        metadata = {"cell_id": "cell-0", "document_id": room, "record_timing": True}
        url = f"{lab.url}api/kernels/{nb.kernel_id}/execute"
        body = {"code": "input('? ')", "metadata": metadata}
        async with nb.http.post(url, json=body) as reply:
            assert reply.status == 202
            where, told = reply.headers["Location"].lstrip("/"), await reply.json()

        asked = ""

        async def asks() -> bool:
            nonlocal asked
            async with nb.http.get(nb.lab.url + where, allow_redirects=False) as reply:
                asked = reply.headers.get("Location", "").lstrip("/")
                return reply.status == 300

        await until(asks, what="it asks")
        async with nb.http.post(nb.lab.url + asked, json={"input": "yes"}) as reply:
            assert reply.status == 201, await reply.text()
        await nb.until_over(told["run"])
        status, told = await get(nb, where)
        assert (status, told["status"], told["execution_count"]) == (200, "ok", 1)
        assert "'yes'" in told["outputs"]
        await nb.until_idle(0)
        times = nb.live()[0]["metadata"]["execution"]
        began = times["shell.execute_reply.started"]
        assert times["iopub.status.busy"] <= began <= times["iopub.execute_input"]
        assert times["iopub.execute_input"] < times["shell.execute_reply"]


async def test_what_waits_can_be_cancelled_and_what_runs_can_not(lab: Lab) -> None:
    async with bench(lab, "cancel.ipynb", ["input()", "print('never')"]) as nb:
        first, second = await nb.ask(0), await nb.ask(1)
        url = f"{lab.url}rtstore/runs/{nb.kernel_id}/"
        async with nb.http.delete(url + second) as reply:
            assert reply.status == 204
        assert await nb.state(second) == "aborted"
        _, told = await get(nb, f"rtstore/runs/{nb.kernel_id}/{second}")
        assert (told["state"], told["outputs"]) == ("aborted", [])

        async def runs() -> bool:
            return await nb.state(first) == "running"

        await until(runs, what="the first runs")
        async with nb.http.delete(url + first) as reply:
            assert (reply.status, "running" in await reply.text()) == (409, True)
        await nb.answer(first, "")
        assert await nb.until_over(first) == "ok"


async def test_of_two_answers_the_first_counts(lab: Lab) -> None:
    async with bench(lab, "two.ipynb", ["import getpass\nlen(getpass.getpass('Key: '))"]) as nb:
        run_id = await nb.ask(0)
        url = f"rtstore/input/{nb.kernel_id}/{run_id}"

        async def asks() -> bool:
            async with nb.http.get(lab.url + url, headers={"Accept": "application/json"}) as r:
                return bool((await r.json())["waits"])

        await until(asks, what="it asks")
        statuses = []
        for value in ("first", "second one"):
            async with nb.http.post(lab.url + url, json={"value": value}) as reply:
                statuses.append(reply.status)
        assert statuses == [201, 409]
        await nb.until_over(run_id)
        status, told = await get(nb, f"rtstore/runs/{nb.kernel_id}/{run_id}")
        assert (status, told["state"]) == (200, "ok")
        echo, result = told["outputs"]
        assert echo == {"output_type": "stream", "name": "stdin", "text": "Key:  ········\n"}
        assert "5" in str(result["data"])
        async with lab.redis() as redis:
            assert "first" not in str(await redis.xrange(nb.keys.out))


async def test_who_answers_a_kernel_answers_the_cell_that_asks(lab: Lab) -> None:
    async with bench(lab, "asking.ipynb", ["input('? ')"]) as nb:
        url = f"{lab.url}api/kernels/{nb.kernel_id}/input"

        async def post(body: object) -> int:
            async with nb.http.post(url, json=body) as reply:
                return reply.status

        assert await post({"input": "nobody asked"}) == 404
        run_id = await nb.ask(0)

        async def asks() -> bool:
            return await post(["no object"]) == 400

        await until(asks, what="it asks")
        assert await post({"input": "me"}) == 201
        assert await nb.until_over(run_id) == "ok"


async def test_an_error_that_is_expected_stops_nothing(lab: Lab) -> None:
    async with bench(lab, "raises.ipynb", ["1 / 0", "print('on')"]) as nb:
        cells = nb.notebook.ydoc.get("cells", type=Array)
        cells[0]["metadata"]["tags"] = ["raises-exception"]
        await nb.notebook.flush()

        async with asyncio.TaskGroup() as pressed:  # Run All
            runs = [pressed.create_task(nb.ask(cell)) for cell in (0, 1)]

        states = [await nb.until_over(run.result()) for run in runs]
        assert states == ["error", "ok"]


async def test_marks_say_what_a_result_is_worth(lab: Lab) -> None:
    async with bench(lab, "marks.ipynb", ["x = 1", "x"]) as nb:
        for cell in (1, 0, 1):
            await nb.run(cell)
        await nb.run(0)  # above, and later
        nb.notebook.cells[0].source = "x = 2"

        async def marked() -> dict[str, Any]:
            _, told = await get(nb, f"rtstore/runs?document={nb.document_id}")
            found = {cell: run.get("marks") for cell, run in told.items()}
            return found if found == {"cell-0": ["edited"], "cell-1": ["out of order"]} else {}

        await until(marked, what="marked")


async def _counts(nb: Bench, counts: list[int]) -> bool:
    return [cell["execution_count"] for cell in nb.live()] == counts


async def test_run_all_keeps_the_order_of_the_cells(lab: Lab) -> None:
    cells = [f"print({number})" for number in range(30)]
    async with bench(lab, "all.ipynb", cells) as nb, connect(lab.store_url, name="test") as link:
        book = RunBook(link, Keys().document(nb.document_id))
        order = random.Random(7).sample(range(30), 30)
        async with asyncio.TaskGroup() as pressed:  # as it may arrive over several connections
            for number in order:
                run = Run(
                    id=f"all{number}",
                    document=nb.document_id,
                    cell=f"cell-{number}",
                    user="ann",
                    kernel=nb.kernel_id,
                    requested=str(number + 1),
                )
                pressed.create_task(book.ask([(run, {})]))
        await until(lambda: _counts(nb, [*range(1, 31)]), what="in order", timeout_s=30)


@pytest.mark.alone
async def test_run_all_of_30_cells_over_six_connections_keeps_their_order(lab: Lab) -> None:
    cells = [f"print({number})" for number in range(30)]
    waiting = list(range(30))
    async with bench(lab, "six.ipynb", cells) as nb:

        async def connection() -> None:  # each takes the next request
            while waiting:
                await nb.ask(waiting.pop(0))

        async with asyncio.TaskGroup() as pressed:
            for _ in range(CONNECTIONS):
                pressed.create_task(connection())
        await until(lambda: _counts(nb, [*range(1, 31)]), what="in order", timeout_s=30)


async def test_a_save_after_a_run_has_its_outputs(lab: Lab) -> None:
    async with bench(lab, "saved.ipynb", ["for i in range(3):\n    print(i, flush=True)"]) as nb:
        for _ in range(5):
            assert await nb.run(0) == OK
            await nb.notebook.save()
            [cell] = nb.on_disk()
            assert cell["outputs"][0]["text"] == ["0\n", "1\n", "2\n"]


async def test_run_all_pressed_again_at_once_after_it_failed_runs(lab: Lab) -> None:
    fails_once = (
        "if 'again' not in globals():\n    again = True\n"
        "    import time\n    time.sleep(0.5)  # the other is asked for meanwhile\n    1 / 0"
    )
    async with bench(lab, "failed.ipynb", [fails_once, "print(2)"]) as nb:
        for expected in (["error", "aborted"], ["ok", "ok"]):
            async with asyncio.TaskGroup() as pressed:
                asked = [pressed.create_task(nb.ask(cell)) for cell in range(2)]
            assert [await nb.until_over(one.result()) for one in asked] == expected


async def test_what_is_asked_for_after_a_restart_was_ordered_runs_in_the_new_kernel(
    lab: Lab,
) -> None:
    async with bench(lab, "again.ipynb", ["import time\ntime.sleep(60)", "'new'", "'old'"]) as nb:
        first, old = await nb.ask(0), await nb.ask(2)

        async def runs() -> bool:
            return await nb.state(first) == "running"

        await until(runs, what="it runs")
        async with asyncio.TaskGroup() as both:
            both.create_task(nb.restart())
            await until(lambda: _is_restarting(nb), what="the restart is ordered")
            new = await nb.ask(1)
        assert await nb.until_over(first) == "lost"
        assert await nb.until_over(old) == "aborted"
        assert await nb.until_over(new) == "ok"


async def _is_restarting(nb: Bench) -> bool:
    async with nb.lab.redis() as redis:
        entries = await redis.xrevrange(nb.keys.out, count=50)
    return any(entry["type"] == "restart" for _, entry in entries)


async def test_an_output_that_no_document_can_hold_says_so_and_the_notebook_goes_on(
    lab: Lab,
) -> None:
    code = (
        "from IPython.display import display\n"
        "display({'application/json': {'n': 10**400}, 'text/plain': 'x'}, raw=True)\n"
        "display({'text/plain': 'y'}, raw=True, metadata={'rtstore': {'rest': 1, 'kept': 'x'}})\n"
        "import functools, sys\n"
        "sys.setrecursionlimit(20_000)\n"
        "deep = functools.reduce(lambda inner, _: [inner], range(3_000), [])\n"
        "display({'application/json': deep, 'text/plain': 'z'}, raw=True)\n"
        "print('and on')"
    )
    async with bench(lab, "odd.ipynb", [code]) as nb:
        assert await nb.run(0) == "ok"
        await nb.until_idle(0)
        assert "can't be shown" in str(nb.outputs(0)[0])
        assert "can't be shown: it is nested too deeply" in str(nb.outputs(0)[2])
        assert nb.outputs(0)[-1]["text"] == "and on\n"

        async def is_saved() -> bool:
            return "and on" in str(nb.on_disk())

        await until(is_saved, what="it is saved")


async def test_a_file_that_is_no_notebook_is_refused(lab: Lab) -> None:
    (lab.notes / "plain.txt").write_text("text")
    async with bench(lab, "beside.ipynb", ["1"]) as nb, connect(lab.store_url, name="t") as link:
        file_id, _ = await FileIndex(link, Keys().root(lab.state_dir.name)).index("plain.txt")
        body = {"cell_id": "cell-0", "document_id": f"text:file:{file_id}"}
        url = f"{lab.url}api/kernels/{nb.kernel_id}/execute"
        async with nb.http.post(url, json=body) as reply:
            assert (reply.status, "no notebook" in await reply.text()) == (400, True)


async def test_of_a_request_with_a_cell_that_is_another_by_now_nothing_runs(lab: Lab) -> None:
    async with bench(lab, "together.ipynb", ["a = 1", "b = 2", "c = 3"]) as nb:
        cells = [{"cell_id": f"cell-{number}"} for number in range(3)]
        cells[1]["source_hash"] = source_sha("of something else")
        body = {"document_id": f"json:notebook:{nb.document_id}", "cells": cells}
        url = f"{lab.url}api/kernels/{nb.kernel_id}/execute"
        async with nb.http.post(url, json=body) as reply:
            assert (reply.status, (await reply.json())["cell_id"]) == (409, "cell-1")
        assert await nb.run(0) == "ok"
        await nb.until_idle(0)
        assert [cell["execution_count"] for cell in nb.live()] == [1, None, None]


async def test_half_a_character_reaches_the_kernel_as_a_replacement(lab: Lab) -> None:
    async with bench(lab, "half.ipynb", ["input()", "2"]) as nb:
        room = f"json:notebook:{nb.document_id}"
        body = {
            "code": "len(input('\ud800'))",
            "metadata": {"cell_id": "cell-0", "document_id": room},
        }
        url = f"{lab.url}api/kernels/{nb.kernel_id}/execute"
        async with nb.http.post(url, data=json.dumps(body)) as reply:
            assert reply.status == 202
            run_id = (await reply.json())["run"]
        await nb.answer(run_id, "a\ud800")
        assert await nb.until_over(run_id) == "ok"
        assert await nb.run(1) == "ok"  # and nobody is disturbed
        await nb.until_idle(0)
        assert nb.outputs(0)[-1]["data"]["text/plain"] == "2"


@pytest.mark.alone  # requests that come later than GOES_ON_S are no more of it
async def test_an_error_stops_all_of_run_all_however_many_requests_it_takes(lab: Lab) -> None:
    cells = ["1 / 0", *(f"print({number})" for number in range(20))]
    async with bench(lab, "long.ipynb", cells) as nb:
        waiting = list(range(len(cells)))
        runs: dict[int, str] = {}

        async def connection() -> None:  # each takes the next request
            while waiting:
                number = waiting.pop(0)
                runs[number] = await nb.ask(number)

        async with asyncio.TaskGroup() as connections:
            for _ in range(CONNECTIONS):
                connections.create_task(connection())

        states = [await nb.until_over(runs[number]) for number in range(len(cells))]
        assert states == ["error", *["aborted"] * 20]
        await asyncio.sleep(GOES_ON_S)  # who waits this long means another
        assert await nb.run(1) == "ok"


async def test_the_mode_stays_while_any_cell_runs(lab: Lab) -> None:
    async with bench(lab, "modes.ipynb", ["input()", "2"]) as nb:
        run_id = await nb.ask(0)
        url = f"{lab.url}rtstore/kernel-mode/{nb.document_id}"
        async with nb.http.put(url, json={"mode": "per-user"}) as reply:
            assert (reply.status, "run or wait" in await reply.text()) == (409, True)
        again = await nb.ask(0)  # the newest of the cell; it is taken back
        async with nb.http.delete(f"{lab.url}rtstore/runs/{nb.kernel_id}/{again}") as reply:
            assert reply.status == 204
        async with nb.http.put(url, json={"mode": "per-user"}) as reply:
            assert reply.status == 409
        await nb.answer(run_id, "")
        await nb.until_over(run_id)
        async with nb.http.put(url, json={"mode": "per-user"}) as reply:
            assert reply.status == 200
