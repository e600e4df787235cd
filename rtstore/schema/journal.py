"""The journal that our kernel launcher writes: records of messages, one after the other.

``u32 bytes after this | u8 channel | u16 frames | u32 bytes of each frame | frames``, little
endian. The writer is `rtstore.kernel_bridge.launcher`, which has no rtstore to import.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from rtstore.errors import BadFrame

IOPUB, REPLY, LOST = 0, 1, 255
"""Channels: what went over iopub; replies and input requests; how many could not be written, and,
if it was not that the disk was full, why."""
RECORD_BYTES_MAX = 2**30
_SIZE = struct.Struct("<I")
_HEAD = struct.Struct("<BH")


class Record(NamedTuple):
    """One message."""

    at: int
    """Where its record begins in the journal."""
    end: int
    channel: int
    frames: list[bytes]


def records(data: bytes, *, at: int = 0) -> Iterator[Record]:
    """The whole records in `data`, which begins at `at` of the journal.

    The last one may be half written: it is left for the next time. Raises BadFrame on what no
    launcher writes; nothing after it can be read.
    """
    begin = 0
    while begin + _SIZE.size <= len(data):
        (size,) = _SIZE.unpack_from(data, begin)
        if not _HEAD.size <= size <= RECORD_BYTES_MAX:
            raise BadFrame(f"journal record of {size} bytes at {at + begin}")
        end = begin + _SIZE.size + size
        if end > len(data):
            return
        channel, number = _HEAD.unpack_from(data, begin + _SIZE.size)
        sizes_at = begin + _SIZE.size + _HEAD.size
        frames_at = sizes_at + 4 * number
        if frames_at > end:
            raise BadFrame(f"journal record with {number} frames at {at + begin}")
        frames = []
        for frame_bytes in struct.unpack_from(f"<{number}I", data, sizes_at):
            frames.append(data[frames_at : frames_at + frame_bytes])
            frames_at += frame_bytes
        if frames_at != end:
            raise BadFrame(f"journal record whose frames do not fill it at {at + begin}")
        yield Record(at + begin, at + end, channel, frames)
        begin = end


def needed(data: bytes) -> int:
    """How many bytes the record at the beginning of `data` takes; 0 when that is not there yet."""
    return _SIZE.size + _SIZE.unpack_from(data)[0] if len(data) >= _SIZE.size else 0
