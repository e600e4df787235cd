"""The checker can fail: with one safeguard taken out of the workers, it says what is lost.

Each mutant meets the fault that its safeguard is for; the same faults with all safeguards are in
the tests beside this one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.faults.laboratory import Laboratory, People, laboratory

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]
MUTANTS = Path(__file__).with_name("mutants")
Fault = Callable[[Laboratory, People], Awaitable[None]]


@asynccontextmanager
async def without(safeguard: str, tmp: Path) -> AsyncIterator[Laboratory]:
    """A laboratory whose workers lack a safeguard."""
    environ = {"PYTHONPATH": str(MUTANTS), "RTSTORE_TEST_MUTANT": safeguard}
    async with laboratory(tmp, environ=environ) as here:
        yield here


async def type_on(here: Laboratory, people: People) -> None:
    """Nothing happens but compaction; the last is some time ago when it is looked at."""
    await people.until_typed(60)
    for typist in people.typists:
        await typist.stop()
    await asyncio.sleep(1.5)


async def delete_the_log(here: Laboratory, people: People) -> None:
    """A curious user does."""
    document = await here.lab.document(people.path)
    async with here.store.client() as redis:
        await redis.delete(document.log)
    await people.until_typed(20)


async def drop_of_the_feed(here: Laboratory, people: People) -> None:
    """A third of what is published does not arrive."""
    rng = random.Random(1)

    def meddle(pushes: list[bytes]) -> list[bytes]:
        return [one for one in pushes if rng.random() > 0.3]

    with here.proxy.weather(lambda name: name.endswith(":feed"), meddle=meddle):
        await people.until_typed(20)


async def kill_all_with_their_typists(here: Laboratory, people: People) -> None:
    """Nobody is left who has it but the store."""
    for slot in here.workers():
        here.process(slot).kill()
    for typist in list(people.typists):
        people.vanish(typist)
    await here.until_all_work()


CAUGHT: dict[str, tuple[Fault, str]] = {
    "trims_by_length": (type_on, "are missing"),
    "compares_nothing": (type_on, "are missing"),
    "asks_for_no_epoch": (delete_the_log, "are missing"),
    "sees_no_gaps": (drop_of_the_feed, "differs from"),
    "echoes_before_it_appends": (kill_all_with_their_typists, "acknowledged"),
}


@pytest.mark.parametrize("safeguard", CAUGHT)
async def test_without_a_safeguard_something_is_lost_and_said(
    safeguard: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    measured: Callable[[str], None],
) -> None:
    fault, said = CAUGHT[safeguard]
    monkeypatch.setattr("tests.faults.laboratory.HEALED_S", 15.0)
    async with without(safeguard, tmp_path) as here:
        async with here.people("mutant.ipynb", checks=False) as people:
            try:
                await fault(here, people)
                await people.check()
            except AssertionError as error:
                why = str(error)
            else:
                pytest.fail(f"{safeguard} is out, and the checker found nothing wrong")
            finally:
                for typist in list(people.typists):
                    people.vanish(typist)
    assert said in why, why
    measured(f"mutant {safeguard}: caught")


@pytest.mark.parametrize("compaction", ["compacts_often", "compacts_late"])
async def test_with_all_safeguards_any_compaction_loses_nothing(
    compaction: str, tmp_path: Path
) -> None:
    async with without(compaction, tmp_path) as here:
        async with here.people("often.ipynb") as people:
            await type_on(here, people)
