"""Replica: a Doc that follows one log, and appends what is done to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

from rtstore.errors import BadFrame
from rtstore.pubsub.content import content_of
from rtstore.pubsub.follower import Follower
from rtstore.redis_backend.update_log import Loaded, Meta, Origin, UpdateLog
from rtstore.schema import kinds, updates
from rtstore.schema.feed import FeedEntry
from rtstore.schema.frames import NOTHING
from rtstore.schema.ids import EntryId

logger = logging.getLogger(__name__)

STATE = "state"
"""The root map of every jupyter_ydoc document that is not its content: path, dirty, hash."""


@dataclass(frozen=True, slots=True)
class Hand:
    """Under which epoch and lease a replica appends."""

    epoch: int
    holding: str


class Replica:
    """One document, as it is in the log. Entries are taken when heard, applied when asked.

    A replica whose own append failed says more than the log and must be dropped.
    """

    def __init__(self, log: UpdateLog, kind: str) -> None:
        self.log, self.kind = log, kind
        self.follower = Follower(log, deliver=self._deliver, replace=self._replaced)
        self.edited = asyncio.Event()
        """Set with each entry that may change the content; whoever waits clears it."""
        self.is_content_new = False
        """Whether content (not only `state`) was changed by what was applied; reset by readers."""
        self.tail_bytes = self.tail_entries = self.snapshot_bytes = 0
        self.bad: set[str] = set()
        """Ids of entries that can't be applied."""
        self._todo: list[FeedEntry] = []
        self._whole: list[bytes] | None = None
        self._claimed: dict[int, int] = {}
        self._renew()

    def _renew(self) -> None:
        # A fresh Yjs client id each time: one that was used before may be ahead in the log.
        self.doc: Doc[Any] = Doc()
        self.document = kinds.make(self.kind, self.doc)
        self.document.observe(self._observed)

    def _observed(self, topic: str, *_: object) -> None:
        if topic != STATE:
            self.is_content_new = True

    # -- what is heard ---------------------------------------------------------------------

    def _deliver(self, entry: FeedEntry) -> None:
        update = entry.update or b""
        self.tail_entries += 1
        self.tail_bytes += len(update)
        if entry.kind == "q":
            self.bad.add(update.decode("ascii", "replace"))
        elif entry.kind in "uhsx":
            self._todo.append(entry)
            if entry.kind != "s":
                self.edited.set()

    def _replaced(self, loaded: Loaded) -> None:
        self.tail_entries = len(loaded.entries)
        self.tail_bytes = sum(len(e.update) for e in loaded.entries)
        self.snapshot_bytes = len(loaded.snapshot)
        self.bad = {e.update.decode("ascii", "replace") for e in loaded.entries if e.kind == "q"}
        self._whole, self._todo = content_of(loaded), []
        self.edited.set()

    # -- what it says ----------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether the log has no content at all: nothing was imported."""
        return not self._whole and not self._todo and not self._claimed and not self.doc_has_any

    @property
    def doc_has_any(self) -> bool:
        """Whether anything was applied."""
        return self.doc.get_state() != b"\x00"

    async def settle(self) -> list[EntryId]:
        """Apply all that was heard; returns the ids of entries that can't be applied."""
        if self._whole is not None:
            whole, self._whole = self._whole, None
            merged = await asyncio.to_thread(updates.merge, whole)
            self._renew()
            self._claimed = {}
            self._apply(merged)
            self.is_content_new = True
        todo, self._todo = self._todo, []
        todo = [entry for entry in todo if str(entry.id) not in self.bad]
        return [entry.id for entry in todo if not self._apply(entry.update or NOTHING)]

    def _apply(self, update: bytes) -> bool:
        if update == NOTHING:
            return True
        try:
            self.doc.apply_update(update)
        except Exception as error:  # the library's errors have no common base
            logger.warning("update not applied log=%s why=%s", self.log.keys.log, error)
            return False
        if len(update) <= updates.SCAN_BYTES_MAX:
            try:
                for client, _, end in updates.scan(update).clients:
                    self._claimed[client] = max(end, self._claimed.get(client, 0))
            except BadFrame:
                pass
        return True

    @property
    def lacks_causes(self) -> bool:
        """Whether applied updates wait for others that never came."""
        have = updates.decode_state_vector(self.doc.get_state())
        return any(end > have.get(client, 0) for client, end in self._claimed.items())

    async def edit(
        self,
        change: Callable[[Any], object],
        origin: Origin,
        hand: Hand,
        *,
        after: EntryId | None = None,
        meta: Meta | None = None,
    ) -> EntryId | None:
        """Let `change` work on the document and append what it did, as the holder of the lease.

        None if it did nothing (and no `meta` is to be written), or the log is not at `after`.
        Raises as `UpdateLog.append_owned`.
        """
        told: list[bytes] = []
        subscription = self.doc.observe(lambda event: told.append(event.update))
        try:
            change(self.document)
        finally:
            self.doc.unobserve(subscription)
        update = updates.merge(told)
        if update == NOTHING and not meta:
            return None
        return await self.log.append_owned(
            update, origin, epoch=hand.epoch, holding=hand.holding, after=after, meta=meta
        )
