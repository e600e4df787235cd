"""The commands that look at kernels and run cells, in a whole lab."""

from __future__ import annotations

import json

import pytest

from tests.cli import command
from tests.support.lab import Lab
from tests.support.runs import bench
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="session")]


async def rtstore(lab: Lab, *words: str) -> tuple[int, str]:
    """Run one command as the user of the lab: its status, and all that it said."""
    ran = await command.rtstore(*words, home=lab.notes.parent)
    return ran.status, ran.out + ran.err


async def test_a_notebook_that_nobody_has_open_is_run_and_saved(lab: Lab) -> None:
    lab.write_notebook("batch.ipynb", ["x = 20", "", "print(x + 1)"])

    status, said = await rtstore(lab, "run", "batch.ipynb", "--all", "--wait")

    assert (status, said.splitlines()) == (
        0,
        ["cell-0: ok [1]", "cell-1: blank", "cell-2: ok [2]"],
    )

    async def is_saved() -> bool:
        try:
            cells = json.loads((lab.notes / "batch.ipynb").read_text())["cells"]
        except ValueError:  # it is being written
            return False
        return bool(cells[2]["outputs"])

    await until(is_saved, what="the outputs are in the file")

    status, said = await rtstore(lab, "kernels", "--json")
    (kernel,) = [one for one in json.loads(said) if one["notebook"] == "batch.ipynb"]
    assert (status, kernel["capture"], kernel["generation"]) == (0, "journal", 1)

    status, said = await rtstore(lab, "runs", kernel["id"][:8])
    assert [line.split()[2] for line in said.splitlines()[1:]] == ["ok", "ok"], said

    status, said = await rtstore(lab, "outputs", "batch.ipynb")
    assert "21" in said
    assert "execute_reply" in said


async def test_an_error_is_the_status_and_names_the_cell(lab: Lab) -> None:
    lab.write_notebook("fails.ipynb", ["1 / 0", "print('never')"])
    status, said = await rtstore(lab, "run", "fails.ipynb", "--all", "--wait")
    assert status == 1
    assert said.splitlines() == [
        "cell-0: error [1]",
        "cell-1: aborted (an earlier cell failed)",
    ]
    status, said = await rtstore(lab, "run", "fails.ipynb", "--cell", "nowhere")
    assert (status, said) == (1, "rtstore: no cell 'nowhere' in fails.ipynb\n")
    status, said = await rtstore(lab, "run", "missing.ipynb", "--all")
    assert (status, said) == (1, "rtstore: no file missing.ipynb\n")


async def test_what_ran_in_a_kernel_that_is_gone_is_found_and_obeyed_by_no_terminal(
    lab: Lab,
) -> None:
    code = (
        "# \x1b[31m\u202e\nimport time\n"
        "display({'text/plain': 'a\\x1b]0;owned\\x07\\x9b2Jb'}, raw=True)\n"
        "time.sleep(60)"
    )
    async with bench(lab, "gone.ipynb", [code]) as nb:
        run_id = await nb.ask(0)

        async def shows() -> bool:
            return bool(nb.outputs(0))

        await until(shows, what="it runs")
    assert await nb.until_over(run_id) == "lost"

    async def is_gone() -> bool:
        async with lab.redis() as redis:
            return not await redis.hexists("rt:{" + lab.state_dir.name + "}:kernels", nb.kernel_id)

    await until(is_gone, what="no bridge serves it any more")
    status, said = await rtstore(lab, "kernels")
    assert nb.kernel_id not in said
    for words in ((), ("gone.ipynb",), (nb.kernel_id,)):
        status, said = await rtstore(lab, "runs", *words)
        assert status == 0, said
        assert "lost" in said
        assert "\\x1b[31m\\u202e" in said
    for told in ("gone.ipynb", nb.kernel_id[:13]):
        status, said = await rtstore(lab, "outputs", told, "-n", "0")
        assert status == 0, said
        assert "a\\x1b]0;owned\\x07\\x9b2Jb" in said
        assert said.replace("\n", "").isprintable()
    status, said = await rtstore(lab, "restart", "gone.ipynb")
    assert status == 1  # what is gone is not asked anything


async def test_a_kernel_is_interrupted_and_started_again(lab: Lab) -> None:
    code = "import time\nprint('on', flush=True)\ntime.sleep(60)"
    async with bench(lab, "stop.ipynb", [code]) as nb:
        run_id = await nb.ask(0)

        async def shows() -> bool:  # "busy" is said before: an interrupt then is ignored
            return bool(nb.outputs(0))

        await until(shows, what="the code runs")
        status, said = await rtstore(lab, "interrupt", "stop.ipynb")
        assert (status, said) == (0, f"interrupt: {nb.kernel_id}\n")
        assert await nb.until_over(run_id) == "error"

        status, said = await rtstore(lab, "restart", nb.kernel_id)
        assert (status, said) == (0, f"restart: {nb.kernel_id}\n")
    status, said = await rtstore(lab, "restart", "nothing.ipynb")
    assert status == 1
    assert "no kernel is called nothing.ipynb" in said
