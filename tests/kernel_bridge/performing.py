"""Running a kernel case as people would; then notebook and file must say what is expected."""

from __future__ import annotations

import asyncio

from tests.kernel_bridge.cases import Case, joined
from tests.support.lab import Lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

LARGE = frozenset({"display_20MB", "lines_100k"})
"""The document has their beginning and says where the rest is; the file has all."""
SAID_S = 60.0
"""Whoever folds what a kernel says follows it; a busy machine lets it wait."""


async def shows(lab: Lab, case: Case) -> None:
    """Run it in a new notebook, and look."""
    async with bench(lab, f"{case.name}.ipynb", case.cells) as nb:
        await perform(nb, case)
        await until_said(nb, case)
        await until_saved(nb, case)


async def until_said(nb: Bench, case: Case) -> None:
    """Wait until the shared document says what is expected."""
    if case.name in LARGE:
        return
    wrong: list[str] = []

    async def is_said() -> bool:
        nonlocal wrong
        counts = [cell.get("execution_count") for cell in nb.live()[: len(case.cells)]]
        wrong = case.differs([nb.outputs(number) for number in range(len(case.cells))], counts)
        return not wrong

    try:
        await until(is_said, what="the document says it", timeout_s=SAID_S)
    except AssertionError:
        raise AssertionError("\n".join(wrong)) from None


async def until_saved(nb: Bench, case: Case) -> None:
    """Wait until the file says what is expected."""

    async def is_saved() -> bool:
        cells = nb.on_disk()[: len(case.cells)]
        if len(cells) != len(case.cells):
            return False
        outputs = [joined(cell["outputs"]) for cell in cells]
        return not case.differs(outputs, [cell["execution_count"] for cell in cells])

    await until(is_saved, what="the file says the same", timeout_s=SAID_S)


async def perform(nb: Bench, case: Case) -> None:
    """Run its cells, answer what they ask, interrupt them."""
    if case.told["queue_all_at_once"]:
        async with asyncio.TaskGroup() as pressed:  # as "Run All" does
            asked = [pressed.create_task(nb.ask(number)) for number in range(len(case.cells))]
        for one in asked:
            await nb.until_over(one.result())
        await nb.until_idle(*range(len(case.cells)))
        return
    answers = list(case.told["stdin"])
    for number in range(len(case.cells)):
        run_id = await nb.ask(number)
        if not await nb.state(run_id):
            continue  # a blank cell is not sent
        if after_s := case.told["interrupt_after_s"]:
            await _printed(nb, number)
            await asyncio.sleep(after_s / 10)
            await nb.interrupt()
        while answers:
            await nb.answer(run_id, answers.pop(0))
        await nb.until_over(run_id)
        await nb.until_idle(number)
        if case.told["kernel_dies"]:
            break
    if case.told["linger_s"]:
        await _printed(nb, len(case.cells) - 1, "bg 2")


async def _printed(nb: Bench, cell: int, text: str = "") -> None:
    async def look() -> bool:
        shown = "".join(str(output.get("text", "")) for output in nb.outputs(cell))
        return text in shown if text else bool(shown)

    await until(look, what=f"cell {cell} shows {text or 'something'}", timeout_s=SAID_S)
