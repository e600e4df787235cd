"""Who is in a notebook, while the store stands still."""

from __future__ import annotations

from collections import Counter

import pytest

from rtstore.gateway.room_presence import RENEWALS
from rtstore.tasks import background
from tests.faults.laboratory import PRESENCE_TTL_S, Laboratory, People
from tests.faults.typist import Typist
from tests.support.waiting import until

pytestmark = [
    pytest.mark.alone,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
PAUSE_S = 3.0
SEEN_LATE_S = 2.0
"""A field that has expired is dropped by the next worker that renews its own."""


async def _until_all_see_all(people: People) -> None:
    async def look() -> bool:
        here = {one.notebook.ydoc.client_id for one in people.typists}
        return all(_seen_by(one) == here - {one.notebook.ydoc.client_id} for one in people.typists)

    await until(look, what="everybody sees everybody")


def _seen_by(typist: Typist) -> set[int]:
    return {person.client for person in typist.notebook.presence.people}


async def _note_who_leaves(typist: Typist, left: Counter[int]) -> None:
    async for change in typist.notebook.presence.changes():
        if change.what == "left":
            left[change.person.client] += 1


@pytest.mark.parametrize(
    ("mode", "dies"), [("ALL", "a page"), ("WRITE", "a page with its worker")]
)
async def test_a_pause_hides_nobody_and_keeps_nobody(
    here: Laboratory, mode: str, dies: str
) -> None:
    async with here.people(f"{dies} {mode}.ipynb") as people, here.store.client() as redis:
        await _until_all_see_all(people)
        goes, *stay = people.typists
        gone = goes.notebook.ydoc.client_id
        left: Counter[int] = Counter()
        async with background(*(_note_who_leaves(one, left) for one in stay)):
            await redis.client_pause(int(PAUSE_S * 1000), all=mode == "ALL")
            people.vanish(goes)
            if dies != "a page":
                here.process(here.workers()[0]).kill()
            within_s = PAUSE_S + PRESENCE_TTL_S + PRESENCE_TTL_S / RENEWALS + SEEN_LATE_S

            async def all_know() -> bool:
                return left[gone] >= len(stay)

            await until(all_know, what="all know who left", timeout_s=within_s)
            await people.until_typed(5)
            assert left == {gone: len(stay)}
        await _until_all_see_all(people)
        await here.until_all_work()
