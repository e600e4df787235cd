"""The messages that only a client sends or reads: "save now", its answer, and what is stored.

Everything else is in `rtstore.schema.frames`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from rtstore.errors import BadFrame
from rtstore.schema.frames import RAW, SYNC_STATUS
from rtstore.schema.varint import read_text, read_uint, write_bytes, write_uint

QUERY_AWARENESS = b"\x03"
"""'Who is here?'"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a request to save ended."""

    id: int
    is_saved: bool
    why: str


def save(number: int) -> bytes:
    """'Save to disk now, and tell me under this number.'"""
    return write_uint(RAW) + write_bytes(b"save") + write_uint(number)


def is_answer(data: bytes) -> bool:
    """Whether a message is one for `answer`."""
    return data[:1] == b"\x02"


def stored(data: bytes) -> int | None:
    """How many of our sync messages the store has; None: this is no such message.

    Raises BadFrame.
    """
    if data[:1] != bytes((SYNC_STATUS,)):
        return None
    count, _ = read_uint(data, 1)
    return count


def answer(data: bytes) -> Answer | None:
    """What the server says of a save; None if it speaks of something else. Raises BadFrame."""
    _, at = read_uint(data, 0)
    text, _ = read_text(data, at)
    try:
        told = json.loads(text)
        if told.get("type") != "save":
            return None
        return Answer(int(told["responseTo"]), told["status"] == "success", told.get("why", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFrame("an answer that is no JSON object with responseTo and status") from error
