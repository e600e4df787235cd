"""UpdateLog: order and durability of one document's updates."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link, Script
from rtstore.schema.ids import BEGINNING, EntryId

SCHEMA = "1"
"""Version of the data format in Redis; written into each document."""

_APPEND = Script.load("update_log_append")
_APPEND_OWNED = Script.load("update_log_append_owned")
_FOLD = Script.load("update_log_fold")
_OPEN = Script.load("update_log_open")
_LOAD = Script.load("update_log_load")
_COMPACT = Script.load("update_log_compact")
_RESET = Script.load("update_log_reset")
_UNMAKE = Script.load("update_log_unmake")

_sequence = count(1)
"""`seq` of entries: this process's counter, over all documents."""

Meta = dict[str, str]
"""``rt:{D}:meta`` as it stands; see keys.py for its fields."""

PAGE_ENTRIES = 2000
"""Read at once: about 5 ms of the server, and 10 ms of ours."""

SPILL_BYTES_MAX = 500 * 2**20
"""A store takes no string over 512 MiB. Who spills stops before: this only keeps a log alive."""

CONTENT_KINDS = frozenset("uhsx")
"""Kinds of entry whose `update` is a Yjs update: update, heal, saved, external edit."""


class Entry(NamedTuple):
    """One entry of a log. A tuple: loading a long log makes very many."""

    id: EntryId
    kind: str
    user: str
    client: str
    worker: str
    seq: str
    ts: int
    update: bytes

    @property
    def is_content(self) -> bool:
        """Whether `update` is a Yjs update."""
        return self.kind in CONTENT_KINDS

    @property
    def tag(self) -> str:
        """``<worker>.<seq>``: unique for ever."""
        return f"{self.worker}.{self.seq}"


@dataclass(frozen=True, slots=True)
class Opened:
    """Where the log stands, and whether the caller's position is part of it."""

    epoch: int
    tail: EntryId
    snapshot: EntryId
    verdict: str
    """ok; forked (another entry has that id); unknown (trimmed or lost); new (made just now)."""
    why: str
    """Why the epoch is new: create, server, regressed; '' when it is not."""
    meta: Meta


@dataclass(frozen=True, slots=True)
class Loaded:
    """A snapshot and the entries after it, or the entries after a position."""

    snapshot_id: EntryId
    snapshot: bytes
    entries: Sequence[Entry]
    first: EntryId | None
    """The oldest entry in the log; None when it is empty."""
    meta: Meta

    @property
    def is_whole(self) -> bool:
        """Whether the entries begin where the snapshot ends, or at the very beginning."""
        return not self.entries or _begins(self.entries[0], self.snapshot_id)

    def is_whole_after(self, position: EntryId) -> bool:
        """Whether nothing between `position` and these entries was trimmed."""
        at = position
        for entry in self.entries:
            if not _follows(entry, at):
                return False
            at = entry.id
        return bool(self.entries) or self.snapshot_id <= position


@dataclass(frozen=True, slots=True)
class Origin:
    """Who an update is from: stamped by the server, never taken from the client."""

    user: str = ""
    client: str = ""
    """Yjs client id of the first struct; '' when it has none."""
    kind: str = "u"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What following a kernel did, to be written in one step."""

    kernel_id: str
    before: str
    """The cursor from which it was followed; '' for none."""
    cursor: str
    state: str
    """JSON."""
    runs: Mapping[str, str]
    """Cell → its newest run, JSON; those that changed."""
    spills: Mapping[str, str]
    """Spill → text to add to it."""


class UpdateLog:
    """One document's log, as one worker reads and writes it."""

    def __init__(self, link: Link, keys: DocumentKeys, *, worker: str) -> None:
        self._link, self.keys, self._worker = link, keys, worker

    def next_tag(self) -> str:
        """The ``<worker>.<seq>`` for an entry that is about to be appended."""
        return f"{self._worker}.{next(_sequence)}"

    async def open(
        self,
        last: EntryId,
        tag: str = "",
        *,
        gen: str,
        is_held: bool = False,
        place: Meta | None = None,
    ) -> Opened:
        """Make sure the log can be written; do it on each new connection before the first append.

        `last`, `tag`: the newest entry the caller has. `gen`, `place` (server, path, type, format)
        are taken when the document is made. `is_held`: the caller has its content, to append it.
        """
        at = place or {}
        keys = self.keys
        reply = await self._link.call(
            _OPEN,
            (keys.log, keys.meta, keys.snap, keys.feed),
            (
                self._link.server, _now_ms(), self._worker, str(last), tag, gen, int(is_held),
                at.get("server", ""), at.get("path", ""), at.get("type", ""),
                at.get("format", ""), SCHEMA,
            ),
        )  # fmt: skip
        epoch, tail, snapshot, verdict, why, meta = reply
        return Opened(
            int(epoch),
            EntryId.parse(tail),
            _id(snapshot),
            verdict.decode(),
            why.decode(),
            _meta(meta),
        )

    async def append(self, update: bytes, origin: Origin, *, epoch: int, tag: str) -> EntryId:
        """Add a validated update at the end, and publish it. `tag` is from `next_tag`.

        Raises StaleEpoch (open again), StoreFull (nothing written), StoreUnavailable (may have
        been written: sending the update again later is harmless).
        """
        worker, _, seq = tag.rpartition(".")
        reply = await self._link.call(
            _APPEND,
            (self.keys.log, self.keys.feed),
            (epoch, origin.kind, origin.user, origin.client, worker, seq, _now_ms(), update),
        )
        return EntryId.parse(reply)

    async def append_owned(
        self,
        update: bytes,
        origin: Origin,
        *,
        epoch: int,
        holding: str,
        after: EntryId | None = None,
        meta: Meta | None = None,
    ) -> EntryId | None:
        """Add an update on behalf of the holder of the lease ``keep``, with fields of `meta`.

        None, and nothing written, when `after` is given and is not the log's end. A meta value
        ``@id`` stands for the new entry's id. Raises LeaseLost and as `append`.
        """
        worker, _, seq = self.next_tag().rpartition(".")
        fields = [part for pair in (meta or {}).items() for part in pair]
        keys = self.keys
        reply = await self._link.call(
            _APPEND_OWNED,
            (keys.log, keys.feed, keys.lease("keep"), keys.meta),
            (
                epoch, origin.kind, origin.user, origin.client, worker, seq, _now_ms(), update,
                holding, str(after) if after else "", *fields,
            ),
        )  # fmt: skip
        return EntryId.parse(reply) if reply else None

    async def fold(
        self, update: bytes, origin: Origin, folded: Folded, *, epoch: int, holding: str
    ) -> bool:
        """Add what a kernel's messages changed (b'': nothing), and move the kernel's cursor.

        False, and nothing written, when the cursor is not where `folded` began: somebody else
        followed. Raises LeaseLost and as `append`.
        """
        worker, _, seq = self.next_tag().rpartition(".")
        keys = self.keys
        spills = [keys.spill(name) for name in folded.spills]
        reply = await self._link.call(
            _FOLD,
            (
                keys.log, keys.feed, keys.lease("keep"), keys.cursor(folded.kernel_id), keys.runs,
                keys.giants, *spills,
            ),
            (
                epoch, origin.user, origin.client, worker, seq, _now_ms(), update, holding,
                folded.before, folded.cursor, folded.state, len(spills), SPILL_BYTES_MAX,
                *(part for pair in folded.spills.items() for part in pair),
                *(part for pair in folded.runs.items() for part in pair),
            ),
        )  # fmt: skip
        return bool(reply)

    async def load(self, after: EntryId | None = None) -> Loaded:
        """The snapshot and all after it, or (with `after`) only the entries after a position."""
        keys = self.keys
        reply = await self._link.call(
            _LOAD, (keys.snap, keys.log, keys.meta), (str(after) if after else "", PAGE_ENTRIES)
        )
        snapshot_id, snapshot, page, first, meta = reply
        entries = [_entry(one) for one in page]
        while len(page) == PAGE_ENTRIES:
            page = await self._link.command(
                "XRANGE", keys.log, f"({entries[-1].id}", "+", "COUNT", PAGE_ENTRIES
            )
            more = [_entry(one) for one in page]
            if more and not _follows(more[0], entries[-1].id):
                return await self.load(after)  # compacted while we read
            entries += more
        return Loaded(
            _id(snapshot_id),
            snapshot,
            entries,
            EntryId.parse(first) if first else None,
            _meta(meta),
        )

    async def is_whole(self) -> bool:
        """Whether nothing is missing between snapshot and log, or before the log if there is no
        snapshot: somebody may have deleted it.
        """
        snapshot = await self._link.command("HGET", self.keys.snap, "id")
        first = await self.read(limit=1)
        return not first or _begins(first[0], _id(snapshot or b""))

    async def read(self, *, first: str = "-", last: str = "+", limit: int = 1000) -> list[Entry]:
        """Entries between two ids (Redis's own notation), oldest first."""
        reply = await self._link.command("XRANGE", self.keys.log, first, last, "COUNT", limit)
        return [_entry(one) for one in reply]

    async def compact(self, base: EntryId, at: EntryId, update: bytes, *, keep: EntryId) -> int:
        """Replace the snapshot at `base` by `update`, which holds all up to `at`; trim to `keep`.

        `keep` is at most one after `at`. Returns how many entries were trimmed. Raises
        StaleEpoch when another was first, or `at` is not in the log: harmless.
        """
        keys = self.keys
        sha = hashlib.sha256(update).hexdigest()
        trimmed = await self._link.call(
            _COMPACT,
            (keys.snap, keys.log, keys.meta, keys.snap_prev),
            (str(base), str(at), update, sha, self._worker, _now_ms(), str(keep)),
        )
        return int(trimmed)

    async def is_in_use(self) -> bool:
        """Whether anybody is in the document, or keeps it."""
        return bool(await self._link.command("EXISTS", self.keys.who, self.keys.lease("keep")))

    async def reset(
        self,
        *,
        kind: str,
        format: str,  # noqa: A002 -- Jupyter's word
        gen: str,
        tail: EntryId,
        snapshot: EntryId,
    ) -> bool:
        """Begin a new history as another type; False while it is open or not saved.

        `tail`, `snapshot`: what the caller has archived goes up to these. Raises StaleEpoch when
        the log or its snapshot is not there any more: nothing was done, archive again.
        """
        keys = self.keys
        done = await self._link.call(
            _RESET,
            (
                keys.log,
                keys.meta,
                keys.snap,
                keys.snap_prev,
                keys.who,
                keys.lease("keep"),
                keys.base,
                keys.feed,
            ),
            (kind, format, gen, self._worker, _now_ms(), str(tail), str(snapshot)),
        )
        return bool(done)

    async def unmake(self, *, holding: str) -> bool:
        """Forget a history that somebody said they hold, and did not put back: the next to open
        the document begins another. False, if there is content. Raises LeaseLost.
        """
        keys = self.keys
        done = await self._link.call(
            _UNMAKE, (keys.log, keys.meta, keys.snap, keys.lease("keep")), (holding,)
        )
        return bool(done)

    async def meta(self) -> Meta:
        """What is known of the document; empty when it was never opened."""
        reply = await self._link.command("HGETALL", self.keys.meta)
        return {k.decode(): v.decode("utf-8", "replace") for k, v in reply.items()}


def _now_ms() -> int:
    return int(time.time() * 1000)


def _id(text: bytes) -> EntryId:
    return EntryId.parse(text) if text else BEGINNING


def _meta(flat: Sequence[bytes]) -> Meta:
    told = [part.decode("utf-8", "replace") for part in flat]
    return dict(zip(told[::2], told[1::2], strict=True))


def _follows(entry: Entry, position: EntryId) -> bool:
    """Whether nothing lies between a position and this entry, and the position is still there.

    An epoch says where the log ended before it: earlier, if a store came back without its end.
    """
    if entry.kind == "e":
        return EntryId.parse(entry.update) == position
    return position.is_followed_by(entry.id)


def _begins(first: Entry, snapshot: EntryId) -> bool:
    """Whether a log that begins with this entry goes on where a snapshot ends, or before."""
    if first.kind == "e":
        return EntryId.parse(first.update) <= snapshot
    return first.id <= snapshot or snapshot.is_followed_by(first.id)


_FIELDS = [b"kind", b"user", b"client", b"worker", b"seq", b"ts", b"update"]


def _entry(raw: Any) -> Entry:  # noqa: ANN401 -- a Redis reply
    name, flat = raw
    if flat[::2] == _FIELDS:  # as our scripts write it
        _, kind, _, user, _, client, _, worker, _, seq, _, ts, _, update = flat
    else:
        told = dict(zip(flat[::2], flat[1::2], strict=True))
        kind, user, client, worker, seq, ts, update = (told.get(field, b"") for field in _FIELDS)
    epoch, _, revision = name.partition(b"-")
    return Entry(
        EntryId(int(epoch), int(revision)),
        kind.decode("ascii", "replace"),
        user.decode("utf-8", "replace"),
        client.decode("ascii", "replace"),
        worker.decode("ascii", "replace"),
        seq.decode("ascii", "replace"),
        int(ts) if ts.isdigit() else 0,
        update,
    )
