"""Real kernels through the whole house: what a notebook shows is what JupyterLab would show."""

from __future__ import annotations

import asyncio

import pytest

from tests.kernel_bridge import widget_cases
from tests.kernel_bridge.cases import WHY_NOT, Case, all_cases, joined
from tests.support.lab import Lab
from tests.support.runs import Bench, bench
from tests.support.waiting import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
CASES = all_cases()
LARGE = frozenset({"display_20MB", "lines_100k"})
"""The document has their beginning and says where the rest is; the file has all."""


@pytest.mark.skipif(not CASES, reason=WHY_NOT)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_notebook_shows_what_its_kernel_said(lab: Lab, case: Case) -> None:
    await _run(lab, case)


@pytest.mark.parametrize("case", widget_cases.CASES, ids=[c.name for c in widget_cases.CASES])
async def test_what_a_widget_takes_is_not_in_the_cell(lab: Lab, case: Case) -> None:
    await _run(lab, case)


async def _run(lab: Lab, case: Case) -> None:
    async with bench(lab, f"{case.name}.ipynb", case.cells) as nb:
        await _perform(nb, case)
        counts = [cell.get("execution_count") for cell in nb.live()[: len(case.cells)]]
        outputs = [nb.outputs(number) for number in range(len(case.cells))]
        if case.name not in LARGE:
            assert case.differs(outputs, counts) == []

        async def is_saved() -> bool:
            cells = nb.on_disk()[: len(case.cells)]
            if len(cells) != len(case.cells):
                return False
            outputs = [joined(cell["outputs"]) for cell in cells]
            return not case.differs(outputs, [cell["execution_count"] for cell in cells])

        await until(is_saved, what="the file says the same", timeout_s=20)


async def _perform(nb: Bench, case: Case) -> None:
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

    await until(look, what=f"cell {cell} shows {text or 'something'}", timeout_s=20)
