"""Every value in a live store is what its record says, and every key has a record."""

from __future__ import annotations

from pathlib import Path

from rtstore.client import connect
from rtstore.redis_backend.keys import Keys
from tests.support.lab import Lab, running_lab
from tests.support.runs import Bench, bench
from tests.support.store_check import hearing, wrong_in
from tests.support.waiting import until

CELLS = [
    "x = 1\nprint(x)",
    "1 / 0",
    "from IPython.display import HTML, display\ndisplay(HTML('<b>1</b>'), display_id='d')\nx",
    "input('who?')",
    "print('y' * 400_000)",
    "display(HTML('z' * 2_000_000))",
    "import ipywidgets\nout = ipywidgets.Output()\ndisplay(out)\nwith out:\n    print('in it')",
    "import time\nprint('now', flush=True)\ntime.sleep(600)",
]
SLEEPER = len(CELLS) - 1
EXPECTED = {
    "DocumentMeta", "LogEntry", "Author", "DocumentView", "SavedContent", "OutputBlob",
    "OutputName",
    "PresenceEntry", "PresenceExpiry", "RunRecord", "QueuedRun", "FailedBatch", "NewestRun",
    "FollowedKernel", "FoldCursor", "KernelMeta", "OutputEntry", "OutputBody", "KernelWidgets",
    "JupyterServer", "ServerProcess", "KernelHost", "FileId", "FilePath", "LeaseHolding",
    "LiveKernelspec", "LiveKernel", "LiveSession", "LiveStatus", "RoomVersion",
    "LeaseTokens", "WorkerRecord", "LivingWorker", "OpenDocument", "DataFormat",
}  # fmt: skip
"""What this test brings into the store; other records come with what other tests do."""


async def test_a_lab_at_work_holds_what_the_records_say(tmp_path: Path) -> None:
    async with running_lab(tmp_path) as lab:
        (lab.notes / "t.txt").write_text("hello\n")
        async with bench(lab, "a.ipynb", CELLS) as nb:
            async with hearing(lab.store_url, channels(lab, nb)) as heard:
                found = await run_cells(lab, nb)
                found |= await edit_a_text(lab)
                found |= await restart(lab, nb)
            assert heard.problems == []
            assert {"out", "run asked", "run settled", "FeedUpdate", "LiveNews"} <= heard.types
        await until(lambda: _has_ended(lab), what="the kernel is among those that ended")
        found |= await checked(lab)
    assert EXPECTED | {"CellMarks", "EndedKernel"} <= found


def channels(lab: Lab, nb: Bench) -> list[str]:
    root = Keys().root(lab.state_dir.name)
    return [nb.keys.feed, root.feed, f"{root.tag}:live:feed", Keys().document(nb.document_id).feed]


async def checked(lab: Lab) -> set[str]:
    problems, found = await wrong_in(lab.store_url)
    assert problems == []
    return found


async def run_cells(lab: Lab, nb: Bench) -> set[str]:
    for cell in (0, 1, 2, 4, 5, 6):
        await nb.run(cell)
    run = await nb.ask(3)
    await nb.answer(run, "me")
    await nb.until_over(run)
    await nb.ask(SLEEPER)
    await until(lambda: _says_now(nb), what="the last cell runs")
    await nb.post(0)
    nb.notebook.append_cell("# typed")
    await nb.notebook.save()
    return await checked(lab)


async def edit_a_text(lab: Lab) -> set[str]:
    async with (
        connect(lab.url, token=lab.token) as ann,
        ann.text("t.txt") as text,
        ann.presence() as presence,
    ):
        presence.set(current="t.txt")
        text.presence.set(cursor=[1, 2], name="mine")
        text.append("more\n")
        await text.save()

        async def has_view() -> bool:
            document = await lab.document("t.txt")
            async with lab.redis() as redis:
                return "more" in str(await redis.hget(document.view, "text"))

        await until(has_view, what="the view shows the text")
        return await checked(lab)


async def restart(lab: Lab, nb: Bench) -> set[str]:
    await nb.restart()
    await nb.until_idle(SLEEPER)

    async def has_marks() -> bool:
        async with lab.redis() as redis:
            return bool(await redis.exists(Keys().document(nb.document_id).marks))

    await until(has_marks, what="cells are marked as of an earlier start")
    await nb.run(0)
    return await checked(lab)


async def _says_now(nb: Bench) -> bool:
    return "now" in str(nb.outputs(SLEEPER))


async def _has_ended(lab: Lab) -> bool:
    async with lab.redis() as redis:
        return bool(await redis.exists(Keys().root(lab.state_dir.name).ended))
