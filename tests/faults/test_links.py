"""What can happen on the way between a worker and the store while people type."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse

from rtstore.schema.session_events import ALARM
from rtstore.supervisor.slots import WorkerSlot
from tests.faults.laboratory import PATIENCE_S, Laboratory
from tests.faults.proxy import of_worker
from tests.faults.typist import Typist
from tests.support.waiting import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
]
Measured = Callable[[str], None]
GIVEN_UP_S = 15.0
LOOKED_S = 1.0
"""How late that may be seen from here."""


async def test_a_worker_is_cut_off_for_a_while(here: Laboratory, measured: Measured) -> None:
    async with here.people("cut.ipynb") as people:
        worker = here.workers()[0].worker
        with here.proxy.weather(of_worker(worker), stalled=True):
            await people.until_typed(100, but=people.typists[0])
    measured(f"worker cut off: all as it must be after {people.healed_s:.1f} s")


@pytest.mark.alone
async def test_links_that_stall_are_given_up_in_time(here: Laboratory, measured: Measured) -> None:
    """The keeper's, and those of a worker that only has pages: no byte comes, and no reset."""
    path = "stalled.ipynb"
    async with (
        here.people(path) as people,
        ClientSession(headers={"Authorization": f"token {here.lab.token}"}) as http,
        http.ws_connect(here.lab.url + "api/events/subscribe") as bus,
    ):
        keeper = await here.keeper(path)
        stalled = [keeper, next(slot for slot in here.workers() if slot.slot != keeper.slot)]
        theirs = [people.typists[slot.slot] for slot in stalled]
        names = tuple(slot.worker for slot in stalled)
        with here.proxy.weather(lambda link: link.startswith(_links(names)), stalled=True):
            before = {typist: len(typist.words) for typist in theirs}
            what = "both know that the store is away"
            timeout_s = GIVEN_UP_S + LOOKED_S
            await until(lambda: _know_it(http, stalled), what=what, timeout_s=timeout_s)
            await _until_told(bus, path, ALARM)
            assert all(typist.acked <= words for typist, words in before.items())
            await until(lambda: _all_typed_on(before), what="they type on", timeout_s=PATIENCE_S)
            assert await here.keeper(path) not in stalled
            (well,) = set(people.typists) - set(theirs)
            await _until_typed(well, 5)
        await _until_told(bus, path, "INFO")
    measured(f"links stalled: all as it must be after {people.healed_s:.1f} s")


def _links(workers: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"rtstore:{worker}:" for worker in workers)


async def _all_typed_on(before: Mapping[Typist, int]) -> bool:
    return all(len(typist.words) > words for typist, words in before.items())


async def _until_typed(typist: Typist, words: int) -> None:
    wanted = typist.acked + words

    async def look() -> bool:
        return typist.acked >= wanted

    await until(
        look, what=f"{words} words more of {typist.name} are acknowledged", timeout_s=PATIENCE_S
    )


async def _know_it(http: ClientSession, slots: Sequence[WorkerSlot]) -> bool:
    told = []
    for slot in slots:
        async with http.get(slot.url + "/rtstore/readyz") as reply:
            told.append((reply.status, (await reply.json())["status"]))
    return all(one == (503, "no connection to the store") for one in told)


async def _until_told(bus: ClientWebSocketResponse, path: str, level: str) -> None:
    """Wait until people are told so of what is stored of the document."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            event = json.loads(await bus.receive_str())
            is_of_it = event.get("path") == path and "stored" in str(event.get("msg"))
            if is_of_it and event["level"] == level:
                return


async def test_links_are_reset_again_and_again(here: Laboratory) -> None:
    async with here.people("reset.ipynb") as people:
        for _ in range(10):
            here.proxy.cut()
            await people.until_typed(1)


async def test_the_store_does_and_nobody_is_told(here: Laboratory) -> None:
    async with here.people("untold.ipynb") as people:
        for slot in here.workers():
            of = of_worker(slot.worker, "commands")
            with here.proxy.weather(of, loses_replies=True):
                await people.until_typed(3, but=people.typists[slot.slot])
                here.proxy.cut(of)


async def test_slow_links(here: Laboratory) -> None:
    async with here.people("slow.ipynb") as people:
        with here.proxy.weather(bytes_per_s=50_000, delay_s=0.05):
            await people.until_typed(10)


async def test_a_feed_that_drops_doubles_and_reorders(here: Laboratory) -> None:
    rng = random.Random(here.rng.random())

    def meddle(pushes: list[bytes]) -> list[bytes]:
        told = [one for one in pushes for _ in range(rng.choice((0, 1, 1, 2)))]
        rng.shuffle(told)
        return told

    async with here.people("meddled.ipynb") as people:
        with here.proxy.weather(lambda name: name.endswith(":feed"), meddle=meddle):
            await people.until_typed(60)


async def test_what_a_slow_worker_has_not_read_is_trimmed(
    here: Laboratory, measured: Measured
) -> None:
    async with here.people("trimmed.ipynb") as people:
        keeper = await here.keeper(people.path)
        slow = next(slot for slot in here.workers() if slot != keeper)
        theirs, before = people.typists[slow.slot], _reloads(here, slow)
        with here.proxy.weather(of_worker(slow.worker), bytes_per_s=50_000):
            with here.proxy.weather(of_worker(slow.worker), stalled=True):
                await people.until_typed(40, but=theirs)
                await people.compact()
                here.proxy.cut(of_worker(slow.worker, "feed"))  # what was on its way is lost
            await until(
                lambda: _has_read(here, slow, before),
                what="it reads the whole document",
                timeout_s=PATIENCE_S,
            )
            await people.until_typed(5)
            await people.compact()  # and while it reads slowly
            await people.until_typed(5)
    measured(f"log trimmed under a reader: all as it must be after {people.healed_s:.1f} s")


async def _has_read(here: Laboratory, slot: WorkerSlot, before: int) -> bool:
    return _reloads(here, slot) > before


def _reloads(here: Laboratory, slot: WorkerSlot) -> int:
    """How often the worker found that entries after its position are gone."""
    return (here.lab.state_dir / f"slot-{slot.slot}.log").read_text().count(" reload log=")
