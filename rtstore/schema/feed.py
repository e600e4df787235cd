"""What travels over a document's feed: log entries with their ids, awareness, notices."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rtstore.schema.ids import EntryId


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A log entry as the append script published it. `update` is None when it was too big:
    read it from the log.
    """

    id: EntryId
    kind: str
    origin: str
    """``<worker>.<seq>`` of who appended it."""
    update: bytes | None


@dataclass(frozen=True, slots=True)
class FeedAwareness:
    """An awareness update from a connection (``<worker>.<conn>``)."""

    origin: str
    update: bytes


@dataclass(frozen=True, slots=True)
class FeedNotice:
    """A JSON message between workers; `told` has a ``type``."""

    told: dict[str, Any]


FeedMessage = FeedEntry | FeedAwareness | FeedNotice


def parse(payload: bytes) -> FeedMessage | None:
    """One payload of a feed; None for what this version does not know."""
    if payload.startswith(b"note "):
        try:
            told = json.loads(payload[5:])
        except (ValueError, RecursionError):
            return None
        return FeedNotice(told) if isinstance(told, dict) else None
    head, newline, rest = payload.partition(b"\n")
    words = head.decode("ascii", "replace").split(" ")
    if words[0] == "aware" and len(words) == 2:
        return FeedAwareness(words[1], rest)
    if not newline or len(words) < 3:
        return None
    try:
        entry_id = EntryId.parse(words[0])
    except ValueError:
        return None
    update = None if words[3:] == ["ref"] else rest
    return FeedEntry(entry_id, words[1], words[2], update)


def awareness(origin: str, update: bytes) -> bytes:
    """The payload of a FeedAwareness."""
    return b"aware " + origin.encode() + b"\n" + update


def notice(kind: str, **told: object) -> bytes:
    """The payload of a FeedNotice of this type."""
    return b"note " + json.dumps({"type": kind, **told}).encode()
