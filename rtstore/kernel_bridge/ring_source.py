"""RingSource: writes what a Ring heard, for as long as the kernel's lease is ours."""

from __future__ import annotations

import asyncio

from rtstore.errors import BadFrame, LeaseLost
from rtstore.kernel_bridge import transcript
from rtstore.kernel_bridge.ring import Ring, name_of
from rtstore.redis_backend.lease import Lease
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema import kernel_message
from rtstore.schema.ids import EntryId
from rtstore.schema.kernel_message import KernelMessage
from rtstore.tasks import until_set

BATCH = 200
LOOK_S = 1.0


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
        if had.epoch and not self._ring.is_synced:
            await self._queue.note("gap", "blackout", why="nobody listened for a while")
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

    async def copy(self) -> bool:
        """Write all that the log lacks; whether there was any."""
        async with self._writing:
            return await self._copy()

    async def _copy(self) -> bool:
        messages = self._ring.unwritten()
        for at in range(0, len(messages), BATCH):
            await self._append(messages[at : at + BATCH], kind="iopub")
        return bool(messages)

    async def reply(self, frames: list[bytes]) -> None:
        """What came over shell or stdin, where nobody else hears it."""
        try:
            message = kernel_message.parse(frames, key=self._key)
        except BadFrame:
            return
        async with self._writing:
            await self._copy()  # it was said after what came over iopub
            await self._append([message], kind="reply")

    async def _append(self, messages: list[KernelMessage], *, kind: str) -> None:
        entries: list[OutputEntry] = []
        for message in messages:
            self._number += ROOM
            first = EntryId(self._epoch, self._number)
            entries += transcript.entries(message, first, kind=kind, at=name_of(message))
        if not self._lease.holding:
            raise LeaseLost(f"the lease of {self._log.keys.tag}")
        added = await self._log.append(entries, holding=self._lease.holding)
        if added < len(entries):
            raise LeaseLost(f"somebody else writes {self._log.keys.out}")
        for message in messages:
            self._ring.written(name_of(message))
