from __future__ import annotations

import pytest

from tests.browser.conftest import Arrive, Meet
from tests.support.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DIRTY = ".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current.jp-mod-dirty"


async def test_what_is_typed_is_saved_by_itself(lab: Lab, meet: Meet) -> None:
    ann, _ = await meet("itself.ipynb", ["x = "])
    await ann.enter()

    await ann.type("1")

    await lab.until_saved("itself.ipynb", ["x = 1"])
    await ann.page.locator(DIRTY).wait_for(state="detached")
    assert ann.written == []  # a worker saved it, not the page


async def test_a_save_by_hand_raises_no_dialog(lab: Lab, meet: Meet) -> None:
    ann, bob = await meet("hand.ipynb", ["x = "])
    await ann.enter()
    for digit in "123":
        await ann.type(digit)
        await ann.press_save()
    await lab.until_saved("hand.ipynb", ["x = 123"])

    # Once more with what the workers have saved meanwhile, and by the one who did not type.
    await ann.press_save()
    await bob.until_texts(["x = 123"])
    await bob.enter()
    await bob.press_save()
    await bob.type("4")
    await bob.press_save()

    await lab.until_saved("hand.ipynb", ["x = 1234"])
    assert await ann.dialogs() == await bob.dialogs() == []
    assert ann.written == bob.written == []


async def test_a_notebook_closed_by_all_opens_again_as_it_was(
    lab: Lab, meet: Meet, arrive: Arrive
) -> None:
    ann, bob = await meet("again.ipynb", ["first = 1", "second = 2"])
    await ann.enter(1)
    await ann.type("2")
    await bob.until_texts(["first = 1", "second = 22"])
    await ann.leave()
    await bob.leave()

    await lab.until_saved("again.ipynb", ["first = 1", "second = 22"])
    cyd = await arrive("cyd")
    await cyd.open("again.ipynb")

    assert await cyd.texts() == ["first = 1", "second = 22"]
    assert await cyd.dialogs() == []
