"""JournalSource: copies what one start of a kernel wrote down into the kernel's log.

Any number of bridges may copy one journal: an entry's id is its place in the file, and Redis
refuses what it has.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Iterator

from rtstore import metrics
from rtstore.errors import BadFrame
from rtstore.kernel_bridge import holes, transcript
from rtstore.kernel_bridge.unrecorded import Unrecorded
from rtstore.redis_backend.output_log import ROOM, OutputEntry, OutputLog, Source
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema import journal, kernel_message
from rtstore.schema.ids import EntryId

logger = logging.getLogger(__name__)

READ_BYTES = 2**20
BATCH_ENTRIES, BATCH_CHARS = 300, 2**21
QUICK_S, SLOW_S = 0.005, 0.2
"""How often the file is looked at: while something runs, or wrote within LIVELY_S, and else."""
LIVELY_S = 5.0
KEPT_BYTES = 256 * 2**20
"""Of what was copied, for a store that loses its newest entries."""
GIVE_BACK_BYTES, BLOCK_BYTES = 64 * 2**20, 4096
_KINDS = {journal.IOPUB: "iopub", journal.REPLY: "reply"}


class JournalSource:
    """One journal. `begin`, then `run` until the kernel has ended, then `finish`."""

    def __init__(
        self, log: OutputLog, queue: RunQueue, *, path: str, key: bytes, generation: str
    ) -> None:
        self._log, self._path, self._key = log, path, key
        self._unrecorded = Unrecorded(queue, key)
        self._name = f"journal:{generation}"
        self._generation = generation
        self._file = -1
        self._offset = 0
        self._epoch = 0
        self._is_over = False
        self._has_complained = False
        self._lively_until = 0.0
        self._given_back = 0
        self._marks: list[int] = []
        """Ends of records that were copied, not too many: up to one of them is given back."""

    async def begin(self) -> None:
        """Find out how far the log has it. Raises StoreUnavailable, OSError."""
        source = await self._log.begin(
            self._name, {"capture": "journal", "generation": int(self._generation or 0)}
        )
        self._epoch, self._is_over = source.epoch, source.is_over
        if self._file < 0:
            self._file = os.open(self._path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        # Begun with the newest message again: a part of it may be missing, and is refused else.
        offset = int(source.at) if source.at else _newest(source)
        self._given_back = await self._log.given_back(self._name)
        if (noted := holes.noted(self._path)) > self._given_back:
            await self._log.give_back(self._name, noted)
            self._given_back = noted
        if offset > self._given_back and not self._is_record(offset):
            offset = self._given_back
        self._offset = max(offset, self._given_back)
        self._marks = [self._offset]
        if offset < self._given_back and not self._is_over:
            # The store lost more than is kept for it: the file holds zeros there.
            first = EntryId(self._epoch, (self._given_back + 1) * ROOM - 1)
            told = '{"why": "the store lost it"}'
            await self._log.append([OutputEntry(first, "gap", "store", "", "", "", told)])

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    async def reply(self, frames: list[bytes]) -> None:
        """The journal has it, unless its disk is full."""
        self._unrecorded.came(frames)

    def hurry(self) -> None:
        """Something is about to come."""
        self._lively_until = asyncio.get_running_loop().time() + LIVELY_S

    async def run(self) -> None:
        """Copy what comes, for ever. Raises StoreUnavailable: `begin` again then."""
        loop = asyncio.get_running_loop()
        while True:
            if await self.copy():
                self.hurry()
            elif not self._is_over and os.fstat(self._file).st_size <= self._offset:
                await self._unrecorded.tell()
            await asyncio.sleep(QUICK_S if loop.time() < self._lively_until else SLOW_S)

    async def copy(self) -> bool:
        """Copy all that is there; whether there was any. Raises StoreUnavailable, StoreFull."""
        if self._is_over or os.fstat(self._file).st_size <= self._offset:
            return False
        has_copied = False
        while data := self._read():
            try:
                records = list(journal.records(data, at=self._offset))
            except BadFrame as error:
                self._complain(error)
                self._is_over = True
                return has_copied
            if not records:
                break
            for batch in self._batches(records):
                await self._log.append(batch)
            self._offset = records[-1].end
            await self._give_back()
            has_copied = True
        return has_copied

    async def _give_back(self) -> None:
        """Let the disk have again what was copied long ago; places in the file stay the same."""
        if self._offset - self._marks[-1] >= READ_BYTES:
            self._marks.append(self._offset)
        given = max((m for m in self._marks if m <= self._offset - KEPT_BYTES), default=0)
        if given - self._given_back < GIVE_BACK_BYTES:
            return
        # Said first: who begins in a hole would take it for the end of all that can be read.
        await self._log.give_back(self._name, given)
        holes.note(self._path, given)
        start, end = (place // BLOCK_BYTES * BLOCK_BYTES for place in (self._given_back, given))
        holes.punch(self._path, start, end)
        self._given_back = given
        self._marks = [mark for mark in self._marks if mark >= given]

    def _is_record(self, offset: int) -> bool:
        """Whether a whole record begins there."""
        data = os.pread(self._file, READ_BYTES, offset)
        if (size := journal.needed(data)) > journal.RECORD_BYTES_MAX:
            return False
        if size > len(data):
            data = os.pread(self._file, size, offset)
        try:
            return next(journal.records(data, at=offset), None) is not None
        except BadFrame:
            return False

    def _read(self) -> bytes:
        data = os.pread(self._file, READ_BYTES, self._offset)
        if (size := journal.needed(data)) > len(data):
            data = os.pread(self._file, size, self._offset)
        return data

    def _batches(self, records: list[journal.Record]) -> Iterator[list[OutputEntry]]:
        batch: list[OutputEntry] = []
        chars = 0
        for record in records:
            told = list(self._entries(record))
            batch += told
            chars += sum(len(entry.content) for entry in told)
            if len(batch) >= BATCH_ENTRIES or chars >= BATCH_CHARS:
                yield batch
                batch, chars = [], 0
        if batch:
            yield batch

    def _entries(self, record: journal.Record) -> Iterator[OutputEntry]:
        first = EntryId(self._epoch, (record.at + 1) * ROOM)
        at = str(record.at)
        if record.channel == journal.LOST:
            lost, *more = [part.decode("ascii", "replace") for part in record.frames] or [""]
            told = json.dumps({"why": more[0] if more else "the disk was full", "lost": lost})
            yield OutputEntry(first, "gap", "size" if more else "disk", "", "", at, told)
            return
        kind = _KINDS.get(record.channel)
        if kind is None:
            return
        try:
            message = kernel_message.parse(record.frames, key=self._key)
        except BadFrame as error:
            metrics.BAD_MESSAGES.inc()
            self._complain(error)
            return
        self._unrecorded.seen(message)
        yield from transcript.entries(message, first, kind=kind, at=at)

    def _complain(self, error: BadFrame) -> None:
        if not self._has_complained:
            logger.warning("kernel message dropped journal=%s why=%s", self._path, error)
        self._has_complained = True


def _newest(source: Source) -> int:
    """The offset of the newest message, where the log has no more than what came after it.

    After a message only ids within its ROOM are given, so that any id tells it; 0 for none. After
    very many states without a message it is no record's: see where it is used.
    """
    last = source.last
    return max(last.revision // ROOM - 1, 0) if last.epoch == source.epoch else 0
