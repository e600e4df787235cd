"""OutputLog: each message of one kernel once, in order, and the states of its runs between them.

Ids are ``<epoch>-<n>``: an epoch is one source of messages (the journal of one start of the
kernel, or one bridge's turn at its sockets), n is set by the source, so that Redis itself refuses
a message that is there already. A source leaves room after each message: states of runs go there.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, NamedTuple

from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.link import Link, Script
from rtstore.schema.ids import BEGINNING, EntryId

_BEGIN = Script.load("output_log_begin")
_APPEND = Script.load("output_log_append")
_DROP = Script.load("output_log_drop")

ROOM = 4096
"""Ids that a source leaves free after each message."""
BODY_BYTES_MIN = 2**16
"""Longer contents are kept beside the stream, so that reading it costs little."""
OVERHEAD_BYTES = 128
"""What an entry takes besides its content, about."""
PAGE = 200
_BODY = "@body"
_GIVEN = "given:"


class OutputEntry(NamedTuple):
    """One entry of ``rt:{K}:out``."""

    id: EntryId
    kind: str
    """begin (of a source), iopub, reply (shell, control or stdin), run (a state), gap."""
    type: str
    """msg_type; of a run its state; of a beginning the source."""
    parent: str
    """msg_id of the request, which for runs of ours is the run's id."""
    msg_id: str
    at: str
    """Where the source has it; '' for what is no message."""
    content: str
    """JSON; '@body' where it is kept beside: see `OutputLog.content`."""
    ts: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where one source of messages stands in the log."""

    epoch: int
    last: EntryId
    """The newest entry of the log."""
    at: str
    """The newest message that the log has of this source; '' for none."""

    @property
    def is_over(self) -> bool:
        """Whether a later source has begun: nothing can be added."""
        return self.last.epoch > self.epoch


class OutputLog:
    """One kernel's log."""

    def __init__(self, link: Link, keys: KernelKeys) -> None:
        self._link, self.keys = link, keys

    async def begin(self, source: str, told: dict[str, Any]) -> Source:
        """Where `source` stands; a new one begins an epoch. Raises StoreUnavailable."""
        keys = self.keys
        epoch, last, at = await self._link.call(
            _BEGIN, (keys.out, keys.meta, keys.feed), (source, _now_ms(), json.dumps(told))
        )
        return Source(int(epoch), EntryId.parse(last), at.decode())

    async def give_back(self, source: str, offset: int) -> None:
        """Say that `source` can be read from `offset` on only. Raises StoreUnavailable."""
        if await self.given_back(source) < offset:
            await self._link.command("HSET", self.keys.meta, f"{_GIVEN}{source}", offset)

    async def given_back(self, source: str) -> int:
        """Where what can be read of `source` begins. Raises StoreUnavailable."""
        return int(await self._link.command("HGET", self.keys.meta, f"{_GIVEN}{source}") or 0)

    async def append(self, entries: Sequence[OutputEntry], *, holding: str = "") -> int:
        """Add those that are not there yet; how many were. All parts of one message in one call.

        With `holding` only while that lease is held: raises LeaseLost. Raises StoreUnavailable
        (send them again), StoreFull.
        """
        keys = self.keys
        bodies: list[str] = []
        args: list[str | bytes] = [holding, str(_now_ms()), str(OVERHEAD_BYTES)]
        for entry in entries:
            content, body = entry.content, ""
            if len(content) > BODY_BYTES_MIN:
                bodies.append(keys.body(str(entry.id)))
                content, body = _BODY, content
            args += (str(entry.id), entry.kind, entry.type, entry.parent, entry.msg_id)
            args += (entry.at, content, body)
        added = await self._link.call(
            _APPEND, (keys.out, keys.feed, keys.lease, keys.meta, *bodies), tuple(args)
        )
        return int(added)

    async def read(self, after: EntryId, *, limit: int = PAGE) -> list[OutputEntry]:
        """Entries after a position, oldest first. Raises StoreUnavailable."""
        reply = await self._link.command("XRANGE", self.keys.out, f"({after}", "+", "COUNT", limit)
        return [_entry(raw) for raw in reply]

    async def read_back(self, before: EntryId, *, limit: int = PAGE) -> list[OutputEntry]:
        """Entries before a position, newest first. Raises StoreUnavailable."""
        reply = await self._link.command(
            "XREVRANGE", self.keys.out, f"({before}", "-", "COUNT", limit
        )
        return [_entry(raw) for raw in reply]

    async def newest(self, limit: int = PAGE) -> list[OutputEntry]:
        """The newest entries, newest first. Raises StoreUnavailable."""
        reply = await self._link.command("XREVRANGE", self.keys.out, "+", "-", "COUNT", limit)
        return [_entry(raw) for raw in reply]

    async def trim(self, *, before_ms: int, bytes_max: int | None = None) -> int:
        """Drop entries added before a time (unix, ms), and what is kept beside; how many.

        With `bytes_max` only if the log holds more, and then only down to three quarters of it.
        The newest entry stays, whatever its age.
        """
        dropped = 0
        spare = await self._spare(bytes_max)
        newest = await self.end()
        # Mostly there is nothing to drop: one entry tells.
        for limit in chain((1,), repeat(PAGE)):
            old: list[OutputEntry] = []
            bodies: list[str] = []
            taken = 0
            for entry in await self.read(BEGINNING, limit=limit):
                if entry.ts >= before_ms or entry.id >= newest or taken >= spare:
                    break
                old.append(entry)
                if entry.content == _BODY:
                    bodies.append(self.keys.body(str(entry.id)))
                taken += await self._bytes(entry)
            if not old:
                break
            spare -= taken
            first, last = old[0].id, old[-1].id
            after = last._replace(revision=last.revision + 1)
            done = await self._link.call(
                _DROP,
                (self.keys.out, self.keys.meta, *bodies),
                (str(first), str(last), str(after), taken),
            )
            dropped += int(done)
        return dropped

    async def _spare(self, bytes_max: int | None) -> float:
        if bytes_max is None:
            return math.inf
        held = int(await self._link.command("HGET", self.keys.meta, "held") or 0)
        return held - bytes_max * 3 // 4 if held > bytes_max else 0

    async def _bytes(self, entry: OutputEntry) -> int:
        """What was counted for it; states of runs, and what else is no message, are not."""
        if not entry.at:
            return 0
        size = OVERHEAD_BYTES + len(entry.content.encode("utf-8", "replace"))
        if entry.content == _BODY:
            size += int(await self._link.command("STRLEN", self.keys.body(str(entry.id))))
        return size

    async def dropped(self) -> EntryId:
        """The newest entry that was dropped; 0-0 for none. Raises StoreUnavailable."""
        told = await self._link.command("HGET", self.keys.meta, "dropped")
        return EntryId.parse(told) if told else BEGINNING

    async def end(self) -> EntryId:
        """The newest entry's id; 0-0 if there is none."""
        reply = await self._link.command("XREVRANGE", self.keys.out, "+", "-", "COUNT", 1)
        return EntryId.parse(reply[0][0]) if reply else BEGINNING

    async def content(self, entry: OutputEntry) -> dict[str, Any]:
        """What the entry says; {} if it was dropped since."""
        return content_of(await self.text(entry))

    async def text(self, entry: OutputEntry) -> str | bytes:
        """The same as JSON; '' if it was dropped since."""
        if entry.content != _BODY:
            return entry.content
        body: bytes | None = await self._link.command("GET", self.keys.body(str(entry.id)))
        return body or ""


def content_of(text: str | bytes) -> dict[str, Any]:
    """What an entry says whose `text` this is."""
    told = json.loads(text or "{}")
    return told if isinstance(told, dict) else {}


def _entry(raw: Any) -> OutputEntry:  # noqa: ANN401 -- a Redis reply
    name, flat = raw
    told = dict(zip(flat[::2], flat[1::2], strict=True))

    def text(field: bytes) -> str:
        return str(told.get(field, b"").decode("utf-8", "replace"))

    ts = text(b"ts")
    return OutputEntry(
        EntryId.parse(name),
        text(b"kind"),
        text(b"type"),
        text(b"parent"),
        text(b"msg"),
        text(b"at"),
        text(b"content"),
        int(ts) if ts.isdigit() else 0,
    )


def _now_ms() -> int:
    return int(time.time() * 1000)
