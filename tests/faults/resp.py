"""Where one RESP3 value ends, so that a proxy can deal with whole replies and pushes.

Source: the RESP3 specification. Streamed aggregates, which no server sends here, are not known.
"""

from __future__ import annotations

_LINES, _BLOBS, _LISTS, _PAIRS = b"+-:_,#(", b"$=!", b"*~>", b"%|"
PUSH = b">"


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole values that `data` begins with, and what is left. Raises ValueError."""
    found = []
    at = 0
    while (end := _end(data, at)) >= 0:
        found.append(data[at:end])
        at = end
    return found, data[at:]


def _end(data: bytes, at: int) -> int:
    """After the value that begins at `at`; -1 if it is not all there."""
    todo = 1
    while todo:
        line = data.find(b"\r\n", at)
        if line < 0:
            return -1
        kind, size = data[at : at + 1], data[at + 1 : line]
        at = line + 2
        todo -= 1
        if kind in _BLOBS and int(size) >= 0:
            at += int(size) + 2
            if at > len(data):
                return -1
        elif kind in _LISTS:
            todo += max(int(size), 0)
        elif kind in _PAIRS:
            todo += 2 * int(size) + (kind == b"|")  # an attribute stands before its value
        elif kind not in _LINES + _BLOBS:
            raise ValueError(f"no RESP: {kind!r}")
    return at
