"""Spoken: of which requests a kernel has spoken, by its log.

A store that lost what it was told last is told again what the kernel said, and is asked again for
runs; so of a run that only waits in the queue the kernel may have spoken already.
"""

from __future__ import annotations

from rtstore.redis_backend.output_log import OutputEntry, OutputLog
from rtstore.schema.ids import EntryId
from rtstore.schema.run import Run

SKEW_MS = 10_000
"""Clocks of workers differ by less than this."""
REQUESTS_MAX = 10_000
"""Only so many are remembered, the newest."""


class Spoken:
    """See the module. `note` what is read anyway; what came before is read when it is needed."""

    def __init__(self, log: OutputLog, *, generation: str) -> None:
        self._log, self._generation = log, generation
        self._first: dict[str, EntryId] = {}
        self._unread: EntryId | None = None
        """The entry before which nothing was read yet."""
        self._read_ms = float("inf")
        self._began = 0
        """Epoch in which this start of the kernel began to speak; 0: not known."""

    def begin(self, position: EntryId) -> None:
        """All entries after this one will be noted."""
        self._unread = position._replace(revision=position.revision + 1)

    def note(self, entry: OutputEntry) -> None:
        """The next entry."""
        self._note_begin(entry)
        if entry.kind in ("iopub", "reply") and entry.parent:
            self._first.setdefault(entry.parent, entry.id)
            if len(self._first) > REQUESTS_MAX:
                del self._first[next(iter(self._first))]

    async def first_of(self, run: Run) -> EntryId | None:
        """The first entry of what the kernel said of `run`; None if it said nothing.

        Raises StoreUnavailable.
        """
        since_ms = int(run.requested or 0) - SKEW_MS
        while self._unread is not None and self._read_ms >= since_ms:
            entries = await self._log.read_back(self._unread)
            for entry in entries:
                self._note_begin(entry)
                if entry.kind in ("iopub", "reply") and entry.parent:
                    self._first[entry.parent] = entry.id
                self._unread, self._read_ms = entry.id, entry.ts
            if not entries:
                self._unread = None
        return self._first.get(run.id)

    def is_of_earlier(self, entry_id: EntryId) -> bool:
        """Whether an entry was read that says: this is of an earlier start of the kernel."""
        return entry_id.epoch < self._began

    def _note_begin(self, entry: OutputEntry) -> None:
        if entry.kind == "begin" and entry.type == f"journal:{self._generation}":
            self._began = entry.id.epoch


def before(entry_id: EntryId) -> EntryId:
    """The position after which it comes."""
    return entry_id._replace(revision=max(entry_id.revision - 1, 0))
