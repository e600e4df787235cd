from __future__ import annotations

import pytest

from tests.browser.conftest import Arrive, Meet
from tests.support.lab import Lab

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.alone
async def test_who_closes_the_window_leaves_the_lists_of_the_others(meet: Meet) -> None:
    ann, bob = await meet("leave.ipynb", [""])
    bobs_name = (await bob.user())["display_name"]
    await ann.open_collaborators()
    await ann.until_others([bobs_name])
    await ann.collaborators().filter(has_text=bobs_name).wait_for()

    await bob.leave()

    await ann.until_others([], timeout_s=2)
    await ann.collaborators().filter(has_text=bobs_name).wait_for(state="detached", timeout=2000)


async def test_two_private_windows_are_two_people_who_stay_the_same_over_a_reload(
    meet: Meet,
) -> None:
    ann, bob = await meet("reload.ipynb", [""])
    # Jupyter may call two visitors by one name.
    assert (await ann.user())["username"] != (await bob.user())["username"]
    await ann.until_with(bob)
    (before,) = await ann.others()

    await bob.reload()

    await ann.until_with(bob)  # and not with the page before
    (after,) = await ann.others()
    assert {key: after[key] for key in IDENTITY} == {key: before[key] for key in IDENTITY}


async def test_a_late_comer_sees_who_is_there_already(
    lab: Lab, meet: Meet, arrive: Arrive
) -> None:
    ann, bob = await meet("late.ipynb", [""])
    here = [(await ann.user())["display_name"], (await bob.user())["display_name"]]

    cyd = await arrive("cyd")
    await cyd.open("late.ipynb")

    await cyd.until_others(here)
    told = {who["name"] for who in (await lab.who("late.ipynb")).values()}
    assert set(here) <= told


IDENTITY = ("username", "name", "display_name", "color")
