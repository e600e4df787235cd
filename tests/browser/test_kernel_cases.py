"""The kernel cases in two real pages: what one reads and sees there is what the document says.

RTSTORE_TEST_LONG=1 shows the recorded cases as well; RTSTORE_TEST_SHOTS names a folder for
pictures of the rich ones.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.browser.conftest import Arrive
from tests.browser.showing import Outputs, differs
from tests.kernel_bridge.cases import WHY_NOT, Case, all_cases
from tests.kernel_bridge.own_cases import FEW, SHORT, TOGETHER
from tests.kernel_bridge.performing import perform, until_said
from tests.support.lab import Lab
from tests.support.people import Person
from tests.support.runs import bench
from tests.support.tools import LONG
from tests.support.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]
SHOWN_S = 60.0
OURS = [*SHORT, TOGETHER] if LONG else FEW
RECORDED = all_cases()
RICH = {
    *("matplotlib_png", "rich_display", "mime_mix", "ipywidgets_slider", "traceback_ansi"),
    TOGETHER.name,
}


@pytest.mark.parametrize("case", OURS, ids=[case.name for case in OURS])
async def test_two_pages_show_what_the_document_says(
    lab: Lab, arrive: Arrive, case: Case, tmp_path: Path
) -> None:
    await both_show(lab, arrive, case, tmp_path)


if LONG:

    @pytest.mark.skipif(not RECORDED, reason=WHY_NOT)
    @pytest.mark.parametrize("case", RECORDED, ids=[case.name for case in RECORDED])
    async def test_two_pages_show_what_a_recorded_kernel_said(
        lab: Lab, arrive: Arrive, case: Case, tmp_path: Path
    ) -> None:
        await both_show(lab, arrive, case, tmp_path)


async def both_show(lab: Lab, arrive: Arrive, case: Case, tmp_path: Path) -> None:
    path = f"pages {case.name}.ipynb"
    async with bench(lab, path, case.cells, is_trusted=True) as nb:
        ann, bob = await arrive("ann"), await arrive("bob")
        async with asyncio.TaskGroup() as both:
            both.create_task(ann.open(path))
            both.create_task(bob.open(path))
        await ann.until_kernel()
        await perform(nb, case)
        await until_said(nb, case)
        outputs = [nb.outputs(number) for number in range(len(nb.live()))]
        for person in (ann, bob):
            why = await until_shows(person, outputs)
            if why or case.name in RICH:
                folder = Path(os.environ.get("RTSTORE_TEST_SHOTS") or tmp_path)
                with suppress(PlaywrightTimeout):  # of a page that has very much to show
                    await person.page.screenshot(path=folder / f"{case.name}-{person.name}.png")
            assert not why, why
            assert person.errors == []
            if not case.told["kernel_dies"]:  # JupyterLab says that in a dialog
                assert await person.dialogs() == []


async def until_shows(person: Person, outputs: list[Outputs]) -> str:
    """Wait until a page shows all that; '' or what it shows instead."""
    why = ""

    async def look() -> bool:
        nonlocal why
        why = await differs(person, outputs)
        return not why

    with suppress(AssertionError):
        await until(look, what="the page shows it", timeout_s=SHOWN_S, poll_s=0.2)
    return why
