"""RingSource: writes what a Ring heard, for as long as the kernel's lease is ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence

from rtstore.errors import BadFrame, LeaseLost
from rtstore.kernel_bridge import transcript
from rtstore.kernel_bridge.heard import Heard
from rtstore.kernel_bridge.ring import Ring
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema import kernel_message
from rtstore.schema.ids import EntryId
from rtstore.tasks import until_set

BATCH = 200
LOOK_S = 1.0
HOLD_S = 0.25
"""Threads and channels of a kernel overtake each other by a little: after this it is missing."""


class RingSource:
    """See the module; what JournalSource is for a journal."""

    def __init__(
        self, log: OutputLog, queue: RunQueue, ring: Ring, lease: Lease, key: bytes
    ) -> None:
        self._log, self._queue, self._ring, self._lease, self._key = log, queue, ring, lease, key
        self._writing = asyncio.Lock()
        """A message is in the ring until it is written: who looks meanwhile would write it too."""
        self._epoch = 0
        self._number = 0

    async def begin(self) -> None:
        """Begin our turn: from here on the log refuses what the one before us still writes."""
        had = await self._log.end()
        token = self._lease.holding.rpartition(" ")[2]
        source = await self._log.begin(f"ring:{token}", {"capture": "ring"})
        self._epoch = self._ring.own_epoch = source.epoch
        if source.last.epoch == source.epoch:  # our turn goes on after the kernel's restart
            self._number = source.last.revision
        await self._ring.catch_up()
        if had.epoch and not self._ring.is_synced and not self._ring.forgotten:
            await self._queue.note("gap", "blackout", why="nobody listened for a while")
            self._ring.settle()
        self._ring.is_synced = True  # what comes from now on is ours to write

    def close(self) -> None:
        """Nothing is held."""

    def hurry(self) -> None:
        """It is never slow."""

    async def run(self) -> None:
        """Write what comes, for ever. Raises StoreUnavailable, LeaseLost."""
        while True:
            self._ring.news.clear()
            await self.copy()
            await until_set(self._ring.news, within_s=LOOK_S)
            if not self._ring.news.is_set() and not self._ring.missed()[0]:
                self._ring.settle()  # it is quiet, so what is still owed never comes

    async def copy(self) -> bool:
        """Write all that the log lacks; whether there was any."""
        async with self._writing:
            return await self._copy()

    async def reply(self, frames: list[bytes]) -> None:
        """What came over shell or stdin, where nobody else hears it."""
        try:
            message = kernel_message.parse(frames, key=self._key)
        except BadFrame:
            return
        self._ring.replied(message)
        await self.copy()

    async def _copy(self) -> bool:
        if self._ring.may_be_lost:
            await self._ring.catch_up()
        if self._ring.missed()[0]:
            await asyncio.sleep(HOLD_S)
        heard = self._ring.unwritten()
        gaps = self._gaps(heard)
        try:
            for at in range(0, max(len(heard), len(gaps)), BATCH):
                await self._append(heard[at : at + BATCH], kind="iopub", gaps=gaps)
        except BaseException:
            self._ring.forgotten = self._ring.forgotten or next(iter(gaps.values()), "")
            raise
        for one in self._ring.replies.unwritten():  # each was said after what came over iopub
            await self._append([one], kind="reply")
        return bool(heard)

    def _gaps(self, heard: Sequence[Heard]) -> dict[str, str]:
        """Name of a message (''; none of these) → why something is missing before it."""
        (lost, hole), names = self._ring.missed(), [one.name for one in heard]
        first = names[0] if names else ""
        gaps: dict[str, str] = {}
        if why := self._ring.forgotten:
            gaps[first] = why
        elif lost:
            gaps[hole if hole in names else first] = f"{lost} messages were not heard"
        if gaps:
            self._ring.forgotten = ""
            self._ring.settle()
        return gaps

    async def _append(
        self, heard: Sequence[Heard], *, kind: str, gaps: Mapping[str, str] | None = None
    ) -> None:
        gaps = gaps or {}
        entries: list[OutputEntry] = []
        if not heard:
            entries = [self._gap(why) for why in gaps.values()]
        for name, message, _, missing in heard:
            if name in gaps:
                entries.append(self._gap(gaps[name]))
            if missing:
                entries.append(self._gap(missing, at=name))
                continue
            entries += transcript.entries(message, self._next(), kind=kind, at=name)
        if not self._lease.holding:
            raise LeaseLost(f"the lease of {self._log.keys.tag}")
        added = await self._log.append(entries, holding=self._lease.holding)
        if added < len(entries):
            raise LeaseLost(f"somebody else writes {self._log.keys.out}")
        for one in heard:
            self._ring.written(one.name)
            self._ring.replies.written(one.name)

    def _gap(self, why: str, *, at: str = "") -> OutputEntry:
        kind = "size" if at else "lost"
        return OutputEntry(self._next(), "gap", kind, "", "", at, json.dumps({"why": why}))

    def _next(self) -> EntryId:
        self._number += ROOM
        return EntryId(self._epoch, self._number)
