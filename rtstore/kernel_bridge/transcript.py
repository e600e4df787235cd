"""Transcript: a kernel's messages as entries of its log."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rtstore.redis_backend.output_log import ROOM, OutputEntry
from rtstore.schema.ids import EntryId
from rtstore.schema.kernel_message import KernelMessage

TEXT_CHARS_MAX = 2**16
"""Longer texts of a stream become several entries, so that none is large."""
TIMED = frozenset({"status", "execute_input", "execute_reply"})
"""Types of messages whose entries say when the kernel said them, and began (`started`)."""


def entries(
    message: KernelMessage, first: EntryId, *, kind: str, at: str
) -> Iterator[OutputEntry]:
    """`message` as entries from the id `first` on, all within ROOM ids."""
    content = message.content
    if message.parent and message.msg_type in TIMED:
        started = message.metadata.get("started")
        times = {"date": message.date, "started": started if isinstance(started, str) else ""}
        content = content | {name: at for name, at in times.items() if at}
    text = content.get("text") if message.msg_type == "stream" else None
    if not isinstance(text, str) or len(text) <= TEXT_CHARS_MAX:
        yield _entry(message, first, kind, at, content)
        return
    step = max(TEXT_CHARS_MAX, -(-len(text) // (ROOM // 2)))
    for number, start in enumerate(range(0, len(text), step)):
        part = {**content, "text": text[start : start + step]}
        yield _entry(message, first._replace(revision=first.revision + number), kind, at, part)


def _entry(
    message: KernelMessage, entry_id: EntryId, kind: str, at: str, content: dict[str, object]
) -> OutputEntry:
    told = json.dumps(content, ensure_ascii=False)
    return OutputEntry(entry_id, kind, message.msg_type, message.parent, message.msg_id, at, told)
