"""Real kernels through the whole house: what a notebook shows is what JupyterLab would show."""

from __future__ import annotations

import pytest

from tests.kernel_bridge import widget_cases
from tests.kernel_bridge.cases import WHY_NOT, Case, all_cases
from tests.kernel_bridge.own_cases import FEW
from tests.kernel_bridge.performing import shows
from tests.support.lab import Lab
from tests.support.runs import bench

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
CASES = all_cases()


@pytest.mark.skipif(not CASES, reason=WHY_NOT)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_notebook_shows_what_its_kernel_said(lab: Lab, case: Case) -> None:
    await shows(lab, case)


@pytest.mark.parametrize("case", FEW, ids=[case.name for case in FEW])
async def test_so_it_is_with_cases_of_our_own(lab: Lab, case: Case) -> None:
    await shows(lab, case)


@pytest.mark.parametrize("case", widget_cases.CASES, ids=[c.name for c in widget_cases.CASES])
async def test_what_a_widget_takes_is_not_in_the_cell(lab: Lab, case: Case) -> None:
    await shows(lab, case)


async def test_a_cell_that_waited_finds_in_widgets_what_those_before_it_left(lab: Lab) -> None:
    async with bench(lab, "queued.ipynb", widget_cases.QUEUED) as nb:
        runs = [await nb.ask(number) for number in range(len(widget_cases.QUEUED))]
        for run_id in runs:
            assert await nb.until_over(run_id) == "ok"
        await nb.until_idle(*range(len(runs)))
        told = ["".join(str(o.get("text")) for o in nb.outputs(number)) for number in (1, 2, 3)]
        assert told == ["", "0\n ", "0\n1\n "]
