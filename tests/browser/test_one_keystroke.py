from __future__ import annotations

import pytest

from tests.browser.conftest import Meet
from tests.support.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_letter_typed_in_one_window_appears_in_the_other_by_way_of_redis(
    lab: Lab, meet: Meet
) -> None:
    ann, bob = await meet("keystroke.ipynb", [""])
    *_, before = await lab.log_after("keystroke.ipynb")

    await ann.enter()
    await ann.type("a")
    await bob.until_texts(["a"])

    assert await bob.visible() == "a"
    # Beside hers there may be that of the worker which has saved it.
    added = (await lab.log_after("keystroke.ipynb", before)).values()
    assert str(await ann.client_id()) in {entry["client"] for entry in added}
    assert len({field.rpartition(".")[0] for field in await lab.who("keystroke.ipynb")}) == 2
    assert await ann.dialogs() == await bob.dialogs() == []
