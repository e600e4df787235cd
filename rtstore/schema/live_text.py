"""Bringing a shared text to a given string in place, so that cursors and undo survive."""

from __future__ import annotations

from pycrdt import Text

from rtstore.errors import BadDocument
from rtstore.schema.sequences import common_start
from rtstore.schema.text_edits import edits


def set_text(live: Text, wanted: str) -> bool:
    """Bring `live` to `wanted` by the least edits; whether there were any.

    Raises BadDocument, having changed nothing, on text that UTF-8 can't hold.
    """
    now = str(live)
    if now == wanted:
        return False
    try:
        wanted.encode()
    except UnicodeEncodeError as error:
        raise BadDocument("holds half of a surrogate pair, which UTF-8 can't store") from error
    if len(live) != len(now.encode()):
        # Somebody embedded what is no text: places in the string are not places in the Text.
        live.clear()
        live.insert(0, wanted)
        return True
    for start, end, text in _in_bytes(now, wanted):
        # Delete first: the other way round browsers' views cut off their own insertion.
        if end > start:
            del live[start:end]
        if text:
            live.insert(start, text)
    return True


def set_tail(live: Text, wanted: str) -> bool:
    """Bring `live` to `wanted` by one edit of its end, which is all that views of streams follow.

    Returns whether there was any. `wanted` holds no half of a surrogate pair.
    """
    now = str(live)
    kept = common_start(now, wanted)
    if kept == len(now) == len(wanted):
        return False
    at = len(now[:kept].encode())
    # Delete first: the other way round browsers' views cut off their own insertion.
    if kept < len(now):
        del live[at:]
    if kept < len(wanted):
        live.insert(at, wanted[kept:])
    return True


def _in_bytes(now: str, wanted: str) -> list[tuple[int, int, str]]:
    """The edits, last first so that places stay true, in bytes, as pycrdt counts."""
    found: list[tuple[int, int, str]] = []
    at = at_bytes = 0
    for start, end, text in edits(now, wanted):
        first = at_bytes + len(now[at:start].encode())
        at, at_bytes = end, first + len(now[start:end].encode())
        found.append((first, at_bytes, text))
    return found[::-1]
