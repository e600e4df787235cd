"""Laboratory: a whole lab whose store can be hurt, typists in it, and the checker at the end.

async with laboratory(tmp, kind) as here:
    async with here.people("kill.ipynb") as people:
        ...                     # the fault, while they type
    # at the end of the block all that the checker looks at was checked
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from rtstore.pubsub.content import content_of
from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.update_log import UpdateLog
from rtstore.schema import updates
from rtstore.supervisor.slots import WorkerSlot
from tests.faults.checker import Cells, Tally, Typed, problems, tally, words_of
from tests.faults.proxy import Proxy, proxy_to
from tests.faults.typist import Typist, typing
from tests.support.lab import Lab, running_lab
from tests.support.stores import Kind, Store, start_store
from tests.support.waiting import until

WORKERS = 3
TIMES = 25
"""Something is done so often, at most, in one notebook: what people type in makes all slower."""
SEED = int(os.environ.get("RTSTORE_SEED", "0")) or random.SystemRandom().randrange(10**6)
HEALED_S = float(os.environ.get("RTSTORE_HEALED_S", "30"))
"""All copies are equal within this time of the end of a fault."""
PRESENCE_TTL_S = 8.0
"""Longer than any pause of the store here, and two renewals."""
LOOK_SPARSELY = 3
PATIENCE_S = 2 * HEALED_S
"""Until people could type on, and workers are started, on a machine that does other things too."""
FIRST = ("first = 1", "second = 2", "third = 3")


@dataclass(eq=False)
class People:
    """Who types in one notebook."""

    here: Laboratory
    path: str
    stack: AsyncExitStack
    """Ends them all."""
    typists: list[Typist] = field(default_factory=list)
    gone: list[Typist] = field(default_factory=list)
    healed_s: float = 0.0
    """How long it took after the last was typed until all was as it must be."""
    tally: Tally = field(default_factory=Tally)
    """What the last check counted."""
    _came: int = 0

    async def come(self) -> Typist:
        """One more of them opens the notebook, through the next worker."""
        number, self._came = self._came, self._came + 1
        slots, token = [one for one in self.here.workers() if _lives(one.pid)], self.lab.token
        seed = self.here.rng.randrange(2**32)
        url = slots[number % len(slots)].url
        typist = await self.stack.enter_async_context(
            typing(url, token, self.path, f"t{number}", seed)
        )
        self.typists.append(typist)
        return typist

    @property
    def lab(self) -> Lab:
        """Where it is."""
        return self.here.lab

    async def until_typed(self, words: int, *, but: Typist | None = None) -> None:
        """Wait until each (`but` one) has typed so many words more, and they are acknowledged."""
        wanted = {one: one.acked + words for one in self.typists if one is not but}

        async def look() -> bool:
            return all(typist.acked >= count for typist, count in wanted.items())

        await until(look, what=f"{words} words more are acknowledged", timeout_s=PATIENCE_S)

    async def until_told(self) -> None:
        """Wait until everybody has all that was acknowledged to who is gone."""
        sure = {word for one in self.gone for word in one.words[: one.acked]}

        async def look() -> bool:
            return all(sure <= words_of(typist.cells).keys() for typist in self.typists)

        await until(look, what="those who are here have what was acknowledged", timeout_s=HEALED_S)

    def go_on(self) -> None:
        """Type again, after a check."""
        for typist in self.typists:
            typist.go_on()

    def vanish(self, typist: Typist) -> None:
        """One of them is gone at once."""
        typist.vanish()
        self.typists.remove(typist)
        self.gone.append(typist)

    async def check(self) -> None:
        """Stop typing, and see that everything is as it must be within HEALED_S."""
        began = time.monotonic()
        wrong: list[str] = ["nothing was looked at"]
        try:
            async with asyncio.timeout(HEALED_S):
                async with asyncio.TaskGroup() as tasks:
                    for typist in self.typists:
                        tasks.create_task(typist.stop())
                while wrong:
                    looked = time.monotonic()
                    seen = await self._seen()
                    wrong = problems(self._typed(), seen, self._first())
                    self.tally = tally(self._typed(), seen)
                    # The links of all workers go through this process: to look all the time on a
                    # busy machine would cost keepers their leases.
                    await asyncio.sleep(0.05 + LOOK_SPARSELY * (time.monotonic() - looked))
        except TimeoutError:
            said = [
                f"{t.name}: {len(t.words)} typed, {t.acked} acknowledged" for t in self.typists
            ]
            told = [f"seed {SEED}: {self.tally}", *said, *wrong[:20]]
            raise AssertionError("\n".join(told)) from None
        self.healed_s = time.monotonic() - began

    def _typed(self) -> list[Typed]:
        here = [Typed(t.name, t.words, t.acked) for t in self.typists]
        return here + [Typed(t.name, t.words, t.acked, is_gone=True) for t in self.gone]

    def _first(self) -> Cells:
        return [(f"cell-{number}", source) for number, source in enumerate(FIRST)]

    async def _seen(self) -> dict[str, Cells]:
        return {
            **{typist.name: typist.cells for typist in self.typists},
            "the store": await self.in_store(),
            "the file": self.in_file(),
        }

    async def in_store(self) -> Cells:
        """Snapshot and log, read as a new worker reads them."""
        document = await self.lab.document(self.path)
        async with connect(self.here.store.url, name="checker") as link:
            loaded = await UpdateLog(link, document, worker="checker").load()
        doc: Doc[Any] = Doc()
        notebook = YNotebook(doc)
        for update in content_of(loaded):
            doc.apply_update(update)
        return [(str(cell["id"]), str(cell["source"])) for cell in notebook.ycells]

    async def compact(self) -> None:
        """As a keeper does with a long log: only the snapshot has what was typed until now."""
        document = await self.lab.document(self.path)
        async with connect(self.here.store.url, name="compactor") as link:
            log = UpdateLog(link, document, worker="compactor")
            loaded = await log.load()
            at = loaded.entries[-1].id
            whole = updates.merge(content_of(loaded))
            await log.compact(loaded.snapshot_id, at, whole, keep=at)

    def in_file(self) -> Cells:
        """What is saved."""
        try:
            cells = json.loads((self.lab.notes / self.path).read_text())["cells"]
        except ValueError:
            return []
        return [(cell["id"], "".join(cell["source"])) for cell in cells]


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@dataclass(eq=False)
class Laboratory:
    """See the module."""

    lab: Lab
    store: Store
    proxy: Proxy
    rng: random.Random = field(default_factory=lambda: random.Random(SEED))

    def batches(self, times: int) -> Iterator[range]:
        """The numbers below `times`, so many at a time as one notebook bears."""
        for first in range(0, times, TIMES):
            yield range(first, min(first + TIMES, times))

    def workers(self) -> list[WorkerSlot]:
        """Those that are there now."""
        return self.lab.workers()

    def process(self, slot: WorkerSlot) -> psutil.Process:
        """A worker's."""
        return psutil.Process(slot.pid)

    def kill_a_worker(self) -> WorkerSlot:
        """SIGKILL one, by chance."""
        slot = self.rng.choice(self.workers())
        self.process(slot).kill()
        return slot

    async def kill(self, slot: WorkerSlot) -> None:
        """SIGKILL it, and wait until it is gone."""
        self.process(slot).kill()

        async def look() -> bool:
            return not _lives(slot.pid)

        await until(look, what="a killed worker is gone")

    async def until_all_work(self) -> None:
        """Wait until every worker is there again."""

        async def look() -> bool:
            slots = self.workers()
            return len(slots) == WORKERS and all(_lives(slot.pid) for slot in slots)

        await until(look, what="all workers are there", timeout_s=PATIENCE_S)

    async def keeper_of(self, path: str) -> WorkerSlot | None:
        """The worker that keeps the document, if one does now."""
        document = await self.lab.document(path)
        async with self.store.client() as redis:
            owner = str(await redis.get(document.lease("keep")) or "").partition(" ")[0]
        return next((slot for slot in self.workers() if slot.worker == owner), None)

    async def keeper(self, path: str) -> WorkerSlot:
        """The worker that keeps the document, as soon as one does."""
        found = await until(lambda: self.keeper_of(path), what=f"somebody keeps {path}")
        assert found is not None
        return found

    @asynccontextmanager
    async def people(
        self, path: str, *, count: int = 3, checks: bool = True
    ) -> AsyncIterator[People]:
        """People who type, each through another worker; checked at the end."""
        await self.until_all_work()  # each slot has its typist, whatever was before
        self.lab.write_notebook(path, FIRST)
        async with AsyncExitStack() as stack:
            people = People(self, path, stack)
            for _ in range(count):
                await people.come()
            await people.until_typed(3)
            yield people
            if checks:
                await people.check()


@asynccontextmanager
async def laboratory(
    tmp: Path,
    kind: Kind = "valkey",
    *,
    environ: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> AsyncIterator[Laboratory]:
    """Store, proxy, Jupyter server and three workers."""
    async with (
        start_store(tmp, kind) as store,
        proxy_to(Path(store.url.removeprefix("unix://"))) as proxy,
        running_lab(
            tmp,
            workers=WORKERS,
            options=("--redis", proxy.url, *options),
            environ={
                "RTSTORE_SAVE_AFTER_S": "0.3",
                "RTSTORE_PRESENCE_TTL_S": str(PRESENCE_TTL_S),
                **(environ or {}),
            },
        ) as lab,
    ):
        yield Laboratory(lab, store, proxy)
