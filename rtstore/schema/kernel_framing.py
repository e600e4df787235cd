"""A kernel's messages on a websocket, in the two framings that Jupyter servers speak.

V1: count of offsets and offsets (64 bits, little endian), then channel, the four JSON parts and
buffers, one after the other. The older one ('') is one JSON object; if the message has buffers it
is a count of parts and offsets (32 bits, big endian), then that object and the buffers.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from rtstore.errors import BadFrame

V1 = "v1.kernel.websocket.jupyter.org"
"""The subprotocol's name; none stands for the older framing."""
PARTS = ("header", "parent_header", "metadata", "content")
_OFFSET = 8


def pack(channel: str, parts: Sequence[bytes], *, protocol: str) -> str | bytes:
    """One message of four JSON parts, without buffers."""
    if protocol != V1:
        told: dict[str, Any] = {
            name: json.loads(part) for name, part in zip(PARTS, parts, strict=True)
        }
        return json.dumps(told | {"channel": channel, "buffers": []})
    name = channel.encode()
    offsets = [_OFFSET * (len(parts) + 3)]
    for part in (name, *parts):
        offsets.append(offsets[-1] + len(part))
    return struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + name + b"".join(parts)


def unpack(data: str | bytes, *, protocol: str) -> tuple[str, list[bytes]]:
    """Channel, and the four JSON parts with the buffers after them. Raises BadFrame."""
    try:
        if protocol == V1:
            return _unpack_v1(data)
        return _unpack_json(data)
    except (ValueError, KeyError, TypeError, IndexError, struct.error) as error:
        raise BadFrame(f"no kernel message of a websocket: {error}") from error
    except RecursionError as error:
        raise BadFrame("kernel message too deep") from error


def _unpack_v1(data: str | bytes) -> tuple[str, list[bytes]]:
    if isinstance(data, str):
        raise BadFrame("text in a websocket of binary frames")
    (count,) = struct.unpack_from("<Q", data)
    if not len(PARTS) + 2 <= count <= len(data) // _OFFSET:
        raise BadFrame(f"{count} offsets in a frame of {len(data)} bytes")
    offsets = struct.unpack_from(f"<{count}Q", data, _OFFSET)
    if list(offsets) != sorted(offsets) or offsets[-1] != len(data):
        raise BadFrame("offsets that do not fit the frame")
    channel, *parts = (data[a:b] for a, b in pairwise(offsets))
    return channel.decode(), parts


def _unpack_json(data: str | bytes) -> tuple[str, list[bytes]]:
    buffers: list[bytes] = []
    if isinstance(data, bytes):
        (count,) = struct.unpack_from("!I", data)
        if not 1 <= count <= len(data) // 4:
            raise BadFrame(f"{count} parts in a frame of {len(data)} bytes")
        offsets = (*struct.unpack_from(f"!{count}I", data, 4), len(data))
        told_bytes, *buffers = (data[a:b] for a, b in pairwise(offsets))
        data = told_bytes.decode("utf-8", "replace")
    told = json.loads(data)
    parts = [json.dumps(told[name]).encode() for name in PARTS]
    return str(told.get("channel") or ""), [*parts, *buffers]
