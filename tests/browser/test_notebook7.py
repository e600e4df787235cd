from __future__ import annotations

import pytest

from tests.browser.conftest import Arrive
from tests.support.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_notebook_7_and_jupyterlab_edit_one_notebook(lab: Lab, arrive: Arrive) -> None:
    lab.write_notebook("seven.ipynb", ["x = "])
    ann, bob = await arrive("ann"), await arrive("bob")
    await ann.open_in_notebook7("seven.ipynb")
    await bob.open("seven.ipynb")

    await ann.enter()
    await ann.type("1")
    await bob.until_texts(["x = 1"])
    await bob.enter()
    await bob.type("2")
    await ann.until_texts(["x = 12"])

    assert await ann.visible() == "x = 12"
    await ann.press_save()
    await lab.until_saved("seven.ipynb", ["x = 12"])
    assert await ann.dialogs() == await bob.dialogs() == []
    assert ann.written == bob.written == []
