"""History: random faults, one after another and into one another; the same seed, the same faults.

What a seed says is which faults, on whom, for how long, and which of them overlap; when people
type, and so what a fault meets, differs from run to run.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

from rtstore.supervisor.slots import WorkerSlot
from tests.faults.laboratory import Laboratory, People
from tests.faults.proxy import of_worker
from tests.support.waiting import until

OVERLAP = 0.3
"""How often a fault is not over when the next one comes."""
BACK_S = 60.0
PEOPLE, PEOPLE_MIN = 3, 2


@dataclass(eq=False)
class Scene:
    """What a fault works on. All that it chooses, it chooses by `rng`."""

    here: Laboratory
    people: People
    rng: random.Random

    async def last(self) -> None:
        """The fault goes on for a while."""
        await asyncio.sleep(self.rng.uniform(0.2, 3.0))

    async def worker(self) -> WorkerSlot:
        """One of them, as soon as there is one."""
        number = self.rng.randrange(100)

        async def look() -> list[WorkerSlot]:
            return self.here.workers()

        slots = await until(look, what="there is a worker", timeout_s=BACK_S)
        return slots[number % len(slots)]

    def signal(self, slot: WorkerSlot, signum: signal.Signals) -> None:
        """To a worker, if it is there."""
        with suppress(psutil.NoSuchProcess):
            self.here.process(slot).send_signal(signum)


Fault = Callable[[Scene], AbstractAsyncContextManager[None]]
"""Entered, it has begun; left, it is over."""


@asynccontextmanager
async def worker_killed(scene: Scene) -> AsyncIterator[None]:
    """SIGKILL."""
    scene.signal(await scene.worker(), signal.SIGKILL)
    yield


@asynccontextmanager
async def all_workers_killed(scene: Scene) -> AsyncIterator[None]:
    """SIGKILL."""
    for slot in scene.here.workers():
        scene.signal(slot, signal.SIGKILL)
    yield


@asynccontextmanager
async def worker_stopped(scene: Scene) -> AsyncIterator[None]:
    """SIGSTOP and SIGCONT."""
    slot = await scene.worker()
    scene.signal(slot, signal.SIGSTOP)
    try:
        await scene.last()
        yield
    finally:
        scene.signal(slot, signal.SIGCONT)


@asynccontextmanager
async def store_killed(scene: Scene) -> AsyncIterator[None]:
    """SIGKILL; it comes back with all it had acknowledged."""
    store = scene.here.store
    was_there = store.runs  # else an earlier one is not over, and starts it
    if was_there:
        store.kill()
    try:
        await scene.last()
        yield
    finally:
        if was_there:
            await store.start()


@asynccontextmanager
async def store_full(scene: Scene) -> AsyncIterator[None]:
    """It takes nothing for a while."""
    async with scene.here.store.client() as redis:
        await redis.config_set("maxmemory", 1)
        try:
            await scene.last()
            yield
        finally:
            await redis.config_set("maxmemory", 0)


@asynccontextmanager
async def store_paused(scene: Scene) -> AsyncIterator[None]:
    """CLIENT PAUSE."""
    async with scene.here.store.client() as redis:
        await redis.client_pause(scene.rng.randrange(100, 3000), all=scene.rng.random() < 0.5)
    yield


@asynccontextmanager
async def links_cut(scene: Scene) -> AsyncIterator[None]:
    """All links to the store are reset."""
    scene.here.proxy.cut()
    yield


@asynccontextmanager
async def worker_cut_off(scene: Scene) -> AsyncIterator[None]:
    """Nothing comes through, in either direction, without a word."""
    role = scene.rng.choice(("", "commands", "feed"))
    worker = (await scene.worker()).worker
    with scene.here.proxy.weather(of_worker(worker, role), stalled=True):
        await scene.last()
        yield


@asynccontextmanager
async def links_slow(scene: Scene) -> AsyncIterator[None]:
    """A bad line."""
    bytes_per_s, delay_s = scene.rng.uniform(20_000, 200_000), scene.rng.uniform(0, 0.2)
    with scene.here.proxy.weather(bytes_per_s=bytes_per_s, delay_s=delay_s):
        await scene.last()
        yield


@asynccontextmanager
async def replies_lost(scene: Scene) -> AsyncIterator[None]:
    """What a worker asks is done, and it is not told; then its link is reset."""
    of = of_worker((await scene.worker()).worker, "commands")
    with scene.here.proxy.weather(of, loses_replies=True):
        await scene.last()
        yield
    scene.here.proxy.cut(of)


@asynccontextmanager
async def feed_meddled(scene: Scene) -> AsyncIterator[None]:
    """The feed drops, doubles and reorders."""

    rng = random.Random(scene.rng.random())

    def meddle(pushes: list[bytes]) -> list[bytes]:
        told = [one for one in pushes for _ in range(rng.choice((0, 1, 1, 2)))]
        rng.shuffle(told)
        return told

    with scene.here.proxy.weather(lambda name: name.endswith(":feed"), meddle=meddle):
        await scene.last()
        yield


@asynccontextmanager
async def jupyter_killed(scene: Scene) -> AsyncIterator[None]:
    """SIGKILL; it is started again."""
    lab = scene.here.lab
    pid = lab.jupyter_pid()
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()
    yield

    async def is_back() -> bool:
        with suppress(ValueError, OSError):  # its record is being written
            return lab.jupyter_pid() != pid and await lab.answers()
        return False

    await until(is_back, what="Jupyter is back", timeout_s=BACK_S)


@asynccontextmanager
async def browser_vanishes(scene: Scene) -> AsyncIterator[None]:
    """With all it has; another one comes when it is over."""
    number = scene.rng.randrange(100)
    typists = scene.people.typists
    if len(typists) > PEOPLE_MIN:
        scene.people.vanish(typists[number % len(typists)])
    yield


@asynccontextmanager
async def scripts_forgotten(scene: Scene) -> AsyncIterator[None]:
    """SCRIPT FLUSH."""
    async with scene.here.store.client() as redis:
        await redis.script_flush()
    yield


@asynccontextmanager
async def key_deleted(scene: Scene) -> AsyncIterator[None]:
    """Somebody deletes a part of the document."""
    what = scene.rng.choice(("log", "meta", "snap"))
    document = await scene.here.lab.document(scene.people.path)
    async with scene.here.store.client() as redis:
        await redis.delete(getattr(document, what))
    yield


@asynccontextmanager
async def all_flushed(scene: Scene) -> AsyncIterator[None]:
    """FLUSHALL."""
    async with scene.here.store.client() as redis:
        await redis.flushall()
    yield


@asynccontextmanager
async def store_wiped(scene: Scene) -> AsyncIterator[None]:
    """It is killed, and its files are gone."""
    scene.here.store.kill()
    scene.here.store.wipe()
    await scene.here.store.start()
    yield


FORGETTING: tuple[Fault, ...] = (key_deleted, all_flushed, store_wiped)
"""What was acknowledged is only where people and workers have it: nothing else may happen."""
ALWAYS: tuple[Fault, ...] = (
    worker_killed, all_workers_killed, worker_stopped, store_killed, links_cut, worker_cut_off,
    links_slow, replies_lost, feed_meddled, jupyter_killed, browser_vanishes,
)  # fmt: skip
OF_A_STORE: tuple[Fault, ...] = (store_full, store_paused, scripts_forgotten, *FORGETTING)
"""Need a store that is there and answers."""


@dataclass(eq=False)
class History:
    """Which faults a seed says; `done` are those that have been."""

    here: Laboratory
    seed: int
    done: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._faults = self._plan()

    def _plan(self) -> Iterator[tuple[Fault, bool, random.Random]]:
        rng = random.Random(self.seed)
        while True:
            fault = rng.choice((*ALWAYS, *OF_A_STORE))
            overlaps = rng.random() < OVERLAP and fault not in FORGETTING
            yield fault, overlaps, random.Random(rng.randrange(2**32))

    async def go_on(self, people: People) -> None:
        """The next fault, with those that overlap it; people type again when this returns."""
        async with AsyncExitStack() as stack:
            while True:
                fault, overlaps, rng = next(self._faults)
                if fault in OF_A_STORE:
                    await stack.aclose()
                    await self._recovered(people, "before")
                if fault in FORGETTING:
                    await people.until_told()
                self.done.append(fault.__name__ + (" and meanwhile" if overlaps else ""))
                await stack.enter_async_context(fault(Scene(self.here, people, rng)))
                if not overlaps:
                    break
        await self._recovered(people, "after")
        while len(people.typists) < PEOPLE:
            await people.come()

    async def _recovered(self, people: People, when: str) -> None:
        try:
            await self.here.until_all_work()
            await people.until_typed(1)
        except AssertionError as error:
            raise AssertionError(f"{when} {self.done[-1:]}: {error}") from None

    def __str__(self) -> str:
        numbered = (f"{number} {what}" for number, what in enumerate(self.done, 1))
        return f"seed {self.seed}: " + ", ".join(numbered)
