"""KernelOutputs: what the kernels of a notebook say goes into it, each message once."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Callable
from typing import Any

from rtstore.errors import LeaseLost
from rtstore.keeper import giants
from rtstore.keeper.batch import Batch
from rtstore.keeper.charge import Charge
from rtstore.keeper.lost_folds import LostFolds
from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.output_log import OutputEntry, OutputLog, content_of
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_log import read_run
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.redis_backend.update_log import Folded, Origin
from rtstore.schema.frames import NOTHING
from rtstore.schema.giants import Beside
from rtstore.schema.ids import BEGINNING, EntryId
from rtstore.schema.kernel_fold import KernelFold, RunInfo
from rtstore.schema.live_fold import LiveCells
from rtstore.schema.run import OVER, Run
from rtstore.schema.run_outputs import RunOutputs
from rtstore.schema.said import Said
from rtstore.tasks import until_set

logger = logging.getLogger(__name__)

PAUSE_S = 0.1
"""A cell is written at most this often; the first time at once."""
REWRITTEN_CHARS_PER_S, PAUSE_MAX_S = 100_000, 2.0
"""While a question is last, what is added above it is written anew: the longer, the less often."""
TRIMMED = "there was too much at once, or nobody followed for a day"
_URGENT = OVER | {"asks", "answered"}
"""What somebody waits for."""
LOOK_S = 1.0
"""The feed may lose a message; then this late."""
KERNELS_S = 5.0
GONE_S = 10.0
"""A kernel that was just started, or that the store has lost, is there a moment later."""


class KernelOutputs:
    """See the module. For one charge that is a notebook."""

    def __init__(
        self,
        charge: Charge,
        book: RunBook,
        keys_of: Callable[[str], KernelKeys],
    ) -> None:
        self._charge, self._book, self._keys_of = charge, book, keys_of
        self._news = asyncio.Event()
        self._following: dict[str, _Follower] = {}
        self._changed = asyncio.Condition()
        """Told when another kernel is followed."""
        self.runs: dict[str, RunInfo] = {}
        """Cell → its newest run."""

    def ring(self) -> None:
        """Somebody asked for a run: there may be another kernel."""
        self._news.set()

    @property
    def is_busy(self) -> bool:
        """Whether runs of this document are not over: it is kept meanwhile."""
        return any(follower.is_busy for follower in self._following.values())

    async def until_written(self) -> None:
        """Wait until the document has what its kernels have said by now. Bound it.

        Raises StoreUnavailable.
        """
        for kernel_id in await self._book.kernels():
            self._news.set()
            while (follower := self._following.get(kernel_id)) is None:
                async with self._changed:
                    await self._changed.wait()
            await follower.until_written()

    async def run(self) -> None:
        """Follow all kernels. Never returns. Raises StoreUnavailable, LeaseLost."""
        self.runs |= await self._book.runs()
        base_url = await self._charge.base_url()
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                for kernel_id in await self._book.kernels():
                    if kernel_id not in self._following:
                        follower = _Follower(
                            self._charge,
                            self._book,
                            self._keys_of(kernel_id),
                            self.runs,
                            beside=Beside(base_url, self._charge.document_id, kernel_id),
                            awaits=self._awaits,
                        )
                        self._following[kernel_id] = follower
                        async with self._changed:
                            self._changed.notify_all()
                        tasks.create_task(self._follow(kernel_id, follower))
                await until_set(self._news, within_s=KERNELS_S)

    def _awaits(self, cell: str) -> bool:
        """Whether any kernel's run that a cell shows, or will show, is not over."""
        return any(follower.awaits(cell) for follower in self._following.values())

    async def _follow(self, kernel_id: str, follower: _Follower) -> None:
        try:
            await follower.run()
        finally:
            self._following.pop(kernel_id, None)


class _Follower:
    """One kernel, as far as this document is concerned."""

    def __init__(
        self,
        charge: Charge,
        book: RunBook,
        keys: KernelKeys,
        runs: dict[str, RunInfo],
        *,
        beside: Beside,
        awaits: Callable[[str], bool],
    ) -> None:
        self._charge, self._book, self._kernel_id = charge, book, beside.kernel_id
        self._log = OutputLog(charge.office.link, keys)
        self._queue = RunQueue(charge.office.link, keys)
        self._runs, self._beside, self._awaits = runs, beside, awaits
        self._bell = asyncio.Event()
        self._cursor = ""
        self._moved = asyncio.Condition()
        """Told when the cursor has moved."""
        self._live: LiveCells | None = None
        self._fold: KernelFold | None = None
        self._written: dict[str, float] = {}
        self._was_trimmed = False
        self._missed_since = math.inf
        self._looked_at = BEGINNING
        """Up to where the document was searched for cells that others changed."""
        self._lost = LostFolds(charge, runs, self._queue, awaits=awaits)

    @property
    def is_busy(self) -> bool:
        """Whether it has runs of this document that are not over."""
        return self._fold is not None and self._fold.is_busy

    def awaits(self, cell: str) -> bool:
        """Whether a run of this kernel that a cell shows, or will show, is not over."""
        return self._fold is not None and self._fold.awaits(cell)

    async def until_written(self) -> None:
        """Wait until the document has what the kernel has said by now."""
        end = await self._log.end()
        async with self._moved:
            await self._moved.wait_for(lambda: EntryId.parse(self._cursor or "0-0") >= end)

    async def run(self) -> None:
        """Follow until the kernel is gone and all is written."""
        link = self._charge.office.link
        async with link.listen(self._log.keys.feed, lambda _: self._bell.set()):
            self._cursor, state = await self._book.cursor(self._kernel_id)
            self._fold = KernelFold(
                state,
                self._runs,
                outputs_of=self._outputs_of,
                beside=self._beside,
                is_awaited_elsewhere=self._awaits,
            )
            while True:
                self._bell.clear()
                await self._catch_up()
                await self._look()
                if await self._is_gone():
                    return
                await until_set(self._bell, within_s=LOOK_S)

    def _outputs_of(self, cell_id: str) -> list[dict[str, Any]] | None:
        return self._live.outputs_of(cell_id) if self._live is not None else None

    async def _is_gone(self) -> bool:
        """Whether the kernel's log is gone, so that nothing more can come."""
        now = asyncio.get_running_loop().time()
        if await self._charge.office.link.command("EXISTS", self._log.keys.meta):
            self._missed_since = math.inf
            return False
        self._missed_since = min(self._missed_since, now)
        if now - self._missed_since < GONE_S:
            return False
        await self._book.forget(self._kernel_id)
        return True

    async def _catch_up(self) -> None:
        await self._read_on()
        fold = self._fold
        if not self._was_trimmed or fold is None:
            return
        # Asked before the log is read once more: what ends meanwhile is said there.
        runs = [await self._queue.get(run_id) for run_id in tuple(fold.unfinished)]
        await self._read_on()
        missed = [run for run in runs if run and run.is_over and run.id in fold.unfinished]
        if missed:
            position = EntryId.parse(self._cursor)
            await self._write([_ended(run, position) for run in missed], position)
        self._was_trimmed = False

    async def _read_on(self) -> None:
        position = EntryId.parse(self._cursor or "0-0")
        while entries := await self._log.read(position):
            batch = Batch()
            dropped = await self._log.dropped() if self._cursor else BEGINNING
            if entries[0].id > dropped > position:
                self._was_trimmed = True
                batch.add(Said(str(dropped), "gap", "trimmed", "", {"why": TRIMMED}, 0), 0)
            for entry in entries:
                position = entry.id
                text = await self._log.text(entry)
                batch.add(_said(entry, text), len(text))
                if batch.is_full:
                    await self._write(batch.said, position)
                    batch = Batch()
            if batch.said:
                await self._write(batch.said, position)

    async def _write(self, said: list[Said], position: EntryId) -> None:
        """Put what was said into the document, in one step with the cursor."""
        fold = self._fold
        assert fold is not None
        loop = asyncio.get_running_loop()
        cells = set().union(*(fold.cells_of(one) for one in said))
        is_urgent = any(one.kind == "run" and one.type in _URGENT for one in said)
        due = max((self._written.get(cell, 0.0) for cell in cells), default=0.0) + PAUSE_S
        if not is_urgent and (wait_s := due - loop.time()) > 0:
            await asyncio.sleep(wait_s)

        def take() -> None:
            for one in said:
                self._take(fold, one)

        await self._put(take, str(position))

    async def _put(self, take: Callable[[], None], cursor: str) -> None:
        """Do to the fold what `take` does, and put it into the document."""
        fold, charge = self._fold, self._charge
        assert fold is not None
        async with charge.lock:
            await charge.settle()
            self._live = live = LiveCells(charge.replica.document.ycells)
            await self._write_anew(live)
            take()
            self._live = None
            changes = fold.changes
            fold.miss(cell for cell in changes if not live.has(cell))
            await giants.store(charge, fold.beside.blobs)
            update = charge.replica.changed(lambda _: live.apply(changes), origin="rtstore")
            folded = Folded(
                kernel_id=self._kernel_id,
                before=self._cursor,
                cursor=cursor,
                state=json.dumps(fold.state()),
                runs={cell: json.dumps(self._runs[cell]) for cell in fold.changed_runs},
                spills=fold.beside.spills,
            )
            if not await self._append(update, folded):
                raise LeaseLost(f"somebody else follows kernel {self._kernel_id}")
        self._cursor = cursor
        now = asyncio.get_running_loop().time()
        for cell, change in changes.items():
            more_s = min(change.rewritten / REWRITTEN_CHARS_PER_S, PAUSE_MAX_S)
            self._written[cell] = now + more_s
        fold.flushed()
        async with self._moved:
            self._moved.notify_all()

    async def _look(self) -> None:
        """When somebody changed the document: see to cells that it shows otherwise than they were
        left, and to those that were deleted and are there again.
        """
        fold, charge = self._fold, self._charge
        assert fold is not None
        at = charge.replica.follower.position
        if at == self._looked_at:
            return
        self._looked_at = at
        async with charge.lock:
            await charge.settle()
            live = LiveCells(charge.replica.document.ycells)
            are_off = bool(await self._lost.cells(fold.cells, live))
        back = {cell: await self._run_of(cell) for cell in fold.missed if live.has(cell)}

        def take() -> None:
            for cell, found in back.items():
                if self._live is not None and self._live.has(cell):
                    self._restore(cell, found)

        if back or are_off:
            await self._put(take, self._cursor)

    def _restore(self, cell: str, found: RunOutputs | None) -> None:
        fold = self._fold
        assert fold is not None
        fold.restore(cell, found.cell() if found is not None else None)
        if found is not None:
            fold.beside.blobs |= found.beside.blobs
            fold.beside.spills |= found.beside.spills

    async def _write_anew(self, live: LiveCells) -> None:
        """Cells that show what the store forgot, and what was followed again."""
        fold = self._fold
        assert fold is not None
        for cell in await self._lost.cells(fold.cells, live):
            if (found := await self._run_of(cell)) is not None:
                logger.warning("written anew document=%s cell=%s", self._beside.document_id, cell)
                self._restore(cell, found)

    async def _run_of(self, cell: str) -> RunOutputs | None:
        """What the run that a cell shows put out so far, if it can be read."""
        fold = self._fold
        state = fold.cells.get(cell) if fold is not None else None
        if state is None or state.run != self._runs.get(cell, {}).get("shown"):
            return None
        run = await self._queue.get(state.run)
        if run is None or not run.sent_at:
            return None
        beside = Beside(self._beside.base_url, self._beside.document_id, self._kernel_id)
        until = EntryId.parse(self._cursor)
        return await read_run(self._log, run, beside, spills=state.spills, until=until)

    def _take(self, fold: KernelFold, said: Said) -> None:
        try:
            fold.take(said)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # What a kernel says may have any form; one odd message must not stop a notebook.
            logger.warning(
                "message not shown kernel=%s id=%s: %r", self._kernel_id, said.id, error
            )

    async def _append(self, update: bytes, folded: Folded) -> bool:
        charge = self._charge
        origin = Origin(client=str(charge.replica.doc.client_id))
        return await charge.log.fold(
            b"" if update == NOTHING else update,
            origin,
            folded,
            epoch=charge.epoch,
            holding=charge.lease.holding,
        )


def _said(entry: OutputEntry, text: str | bytes) -> Said:
    content = content_of(text)
    return Said(str(entry.id), entry.kind, entry.type, entry.parent, content, entry.ts)


def _ended(run: Run, position: EntryId) -> Said:
    """The end of a run, as the log said it."""
    told = run.told(count=run.count, why=run.why, by_other=run.by_other)
    return Said(str(position), "run", run.state, run.id, told, int(run.ended or 0))
