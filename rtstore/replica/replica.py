"""Replica: a Doc that follows one log, and appends what is done to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, Map

from rtstore.errors import BadContent, BadFrame, LoadFailed
from rtstore.pubsub.content import set_aside, update_of
from rtstore.pubsub.follower import Follower
from rtstore.redis_backend.update_log import Loaded, Meta, Origin, UpdateLog
from rtstore.schema import kinds, updates
from rtstore.schema.feed import FeedEntry
from rtstore.schema.frames import NOTHING
from rtstore.schema.ids import EntryId
from rtstore.schema.weakly import weakly

logger = logging.getLogger(__name__)

STATE, CELLS = "state", "cells"
"""Topics of jupyter_ydoc: the map that is not content (path, dirty, hash); a notebook's cells."""


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
        self.is_over = False
        """Whether the log is of another history now, of which nothing was taken."""
        self.is_whole = True
        """Whether the log, when it was last read as a whole, lacked nothing at its beginning."""
        self.unhealed = NOTHING
        """What we have and the log has lost: whoever owns the document appends it."""
        self._gen = ""
        self._was_set_aside = False
        self.editors: dict[str, int] = {}
        """Cell id ("" for a document without cells) → Yjs client that changed it last."""
        self.put_in: dict[str, int] = {}
        """Cell id → how often others put it into the document since this began. One that is moved
        is taken out and put in again, as whoever moved it knew it."""
        self._touched: set[int] = set()
        self._put_in_at: set[int] = set()
        self._todo: list[FeedEntry] = []
        self._whole: Loaded | None = None
        self._renew()

    def _renew(self) -> None:
        # A fresh Yjs client id each time: one that was used before may be ahead in the log.
        self.doc: Doc[Any] = Doc()
        self.document = kinds.make(self.kind, self.doc)
        self.document.observe(weakly(self._observed))
        self._claimed: dict[int, int] = {}

    def _observed(self, topic: str, events: Any) -> None:  # noqa: ANN401 -- pycrdt's
        if topic == STATE:
            return
        self.is_content_new = True
        if topic == CELLS:
            paths = (event.path for event in events)
            self._touched.update(path[0] for path in paths if path and isinstance(path[0], int))
            for event in events:
                if not event.path:
                    self._put_in_at.update(_inserted(event.delta))
        else:
            self._touched.add(-1)

    def _note_editor(self, client: int) -> None:
        """Remember who changed which cell (the whole document: "") in the entry just applied."""
        touched, self._touched = self._touched, set()
        for index in touched:
            if index < 0:
                self.editors[""] = client
            elif index < len(self.document.ycells):
                cell = self.document.ycells[index]
                if isinstance(cell, Map):  # a browser may have put in anything
                    self.editors[str(cell.get("id"))] = client

    def _note_put_in(self) -> None:
        """Remember which cells the update that was just applied put in."""
        at, self._put_in_at = self._put_in_at, set()
        for index in at:
            if index < len(cells := self.document.ycells) and isinstance(cells[index], Map):
                cell = str(cells[index].get("id"))
                self.put_in[cell] = self.put_in.get(cell, 0) + 1

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
        gen = loaded.meta.get("gen", "")
        if self._gen and gen not in {"", self._gen}:
            self.is_over = True
            return
        self._gen = gen or self._gen
        self.is_whole = loaded.is_whole
        self.tail_entries = len(loaded.entries)
        self.tail_bytes = sum(len(e.update) for e in loaded.entries)
        self.snapshot_bytes = len(loaded.snapshot)
        bad = set(set_aside(loaded))
        self._was_set_aside = self._was_set_aside or not bad <= self.bad
        self.bad = bad
        self._whole, self._todo = loaded, []
        self.edited.set()

    # -- what it says ----------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether the log has no content at all: nothing was imported."""
        loaded = self._whole
        has_more = loaded is not None and (
            bool(loaded.snapshot) or any(entry.is_content for entry in loaded.entries)
        )
        return not has_more and not self._todo and not self.doc_has_any

    @property
    def doc_has_any(self) -> bool:
        """Whether anything was applied."""
        return self.doc.get_state() != b"\x00"

    async def settle(self) -> list[EntryId]:
        """Apply all that was heard; returns the ids of entries that can't be applied.

        Raises StoreUnavailable, StoreRefused; LoadFailed if not even the snapshot can be applied.
        """
        if self._todo and self._whole is None and self.lacks_causes:
            # A Doc forgets part of what waits for causes once several updates wait (yrs 0.28);
            # merged, they are whole.
            self._replaced(await self.log.load())
        failed: list[EntryId] = []
        if self._whole is not None:
            whole, self._whole = self._whole, None
            before = self.doc if self.doc_has_any and not self._was_set_aside else None
            self._was_set_aside = False
            failed = await self._rebuild(whole)
            if before is not None and not failed:
                self._keep(before)
        todo, self._todo = self._todo, []
        for entry in todo:
            self._put_in_at.clear()
            if str(entry.id) in self.bad:
                continue
            if self._apply(entry.update or NOTHING):
                self._note_put_in()
                continue
            failed.append(entry.id)
            self.bad.add(str(entry.id))
        if failed:  # what could not be applied may have left half of itself behind
            await self._rebuild(await self.log.load())
        return failed

    async def _rebuild(self, loaded: Loaded) -> list[EntryId]:
        """A fresh Doc of all that is not bad; the ids of entries that turn out to be."""
        whole = [loaded.snapshot] if loaded.snapshot else []
        whole += update_of(loaded.entries, self.bad)
        merged = await asyncio.to_thread(updates.merge, whole)
        self._renew()
        self.is_content_new = True
        if self._apply(merged):
            return []
        self._renew()
        if not self._apply(loaded.snapshot or NOTHING):
            raise LoadFailed(f"the snapshot of {self.log.keys.log} can't be applied")
        told = [e for e in loaded.entries if e.is_content and str(e.id) not in self.bad]
        failed = [entry.id for entry in told if not self._apply(entry.update)]
        self.bad.update(map(str, failed))
        return failed

    def _keep(self, before: Doc[Any]) -> None:
        """Take over from `before` what the log lacks: a store may have lost the end of it."""
        missing = before.get_update(self.doc.get_state())
        try:
            scan = updates.scan(missing)
            known = updates.deletes_of(self.doc.get_update())
        except (BadFrame, BadContent) as error:
            logger.warning("can't compare log=%s why=%s", self.log.keys.log, error)
            return
        if (scan.clients or not updates.covers(known, scan.deletes)) and self._apply(missing):
            self.unhealed = updates.merge([self.unhealed, missing])

    def _apply(self, update: bytes) -> bool:
        if update == NOTHING:
            return True
        try:
            self.doc.apply_update(update)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            logger.warning("update not applied log=%s why=%s", self.log.keys.log, error)
            return False
        self._note(update)
        return True

    def _note(self, update: bytes) -> None:
        """Who wrote it, and up to which clock."""
        if len(update) <= updates.SCAN_BYTES_MAX:
            try:
                clients = updates.scan(update).clients
            except BadFrame:
                clients = ()
            for client, _, end in clients:
                self._claimed[client] = max(end, self._claimed.get(client, 0))
            if len(clients) == 1:  # one person's edit
                self._note_editor(clients[0][0])
        self._touched.clear()

    @property
    def lacks_causes(self) -> bool:
        """Whether applied updates wait for others that never came."""
        have = updates.decode_state_vector(self.doc.get_state())
        return any(end > have.get(client, 0) for client, end in self._claimed.items())

    def changed(self, change: Callable[[Any], object], *, origin: str | None = None) -> bytes:
        """Let `change` work on the document; what it did, as one update, for the caller to append.

        If that fails the replica says more than the log, and must be dropped. `origin` is the
        transaction's: with one, the document's own undo manager does not remember it.
        """
        told: list[bytes] = []
        subscription = self.doc.observe(lambda event: told.append(event.update))
        try:
            with self.doc.transaction(origin=origin):
                change(self.document)
        finally:
            self.doc.unobserve(subscription)
        return updates.merge(told)

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
        update = self.changed(change)
        if update == NOTHING and not meta:
            return None
        return await self.log.append_owned(
            update, origin, epoch=hand.epoch, holding=hand.holding, after=after, meta=meta
        )


def _inserted(delta: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """At which places of an array something is that was not there before."""
    at = 0
    for step in delta:
        length = len(step.get("insert", ())) or step.get("retain", 0)
        if "insert" in step:
            yield from range(at, at + length)
        at += length
