"""Frames of the y-websocket protocol, with Jupyter's RAW messages.

Source: y-protocols ``PROTOCOL.md``; RAW (type 2) as jupyter-docprovider speaks it: the browser
sends ``2, varstring "save", varuint id``, the server answers ``2, varstring JSON``.
``8, varuint`` is ours: hocuspocus's SyncStatus, but counted, and said by the store.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

from rtstore.errors import BadFrame
from rtstore.schema.varint import read_bytes, read_text, read_uint, write_bytes, write_uint

SYNC, AWARENESS, RAW, QUERY_AWARENESS, SYNC_STATUS = 0, 1, 2, 3, 8
STEP1, STEP2, UPDATE = 0, 1, 2
NOTHING = b"\x00\x00"
"""The Yjs update that says nothing: no structs, no deletes."""
EMPTY_STATE_VECTOR = b"\x00"


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """'This is my state vector; send me what I lack.'"""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """'This is what you lacked.' The reply to SyncStep1."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """'This just changed.'"""

    update: bytes


@dataclass(frozen=True, slots=True)
class Awareness:
    """Ephemeral presence: cursors, names, selections."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Save:
    """'Save to disk now, and tell me under this number.'"""

    id: int


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """'Who is here?'"""


Frame = SyncStep1 | SyncStep2 | Update | Awareness | Save | QueryAwareness


def decode(data: bytes) -> Frame:
    """Parse one websocket message. Raises BadFrame on anything but a whole, known frame."""
    kind, at = read_uint(data, 0)
    frame: Frame
    if kind == SYNC:
        step, at = read_uint(data, at)
        payload, at = read_bytes(data, at)
        if step > UPDATE:
            raise BadFrame(f"unknown sync step {step}")
        frame = (SyncStep1, SyncStep2, Update)[step](payload)
    elif kind == AWARENESS:
        payload, at = read_bytes(data, at)
        frame = Awareness(payload)
    elif kind == RAW:
        verb, at = read_text(data, at)
        if verb != "save":
            raise BadFrame(f"unknown request {verb[:40]!r}")
        number, at = read_uint(data, at)
        frame = Save(number)
    elif kind == QUERY_AWARENESS:
        frame = QueryAwareness()
    else:
        raise BadFrame(f"unknown message type {kind}")
    if at != len(data):
        raise BadFrame(f"{len(data) - at} bytes behind the frame")
    return frame


def sync_step1(state_vector: bytes) -> bytes:
    """The message of `SyncStep1`."""
    return b"\x00\x00" + write_bytes(state_vector)


def sync_step2(update: bytes) -> bytes:
    """The message of `SyncStep2`."""
    return b"\x00\x01" + write_bytes(update)


def update(payload: bytes) -> bytes:
    """The message of `Update`."""
    return b"\x00\x02" + write_bytes(payload)


def awareness(payload: bytes) -> bytes:
    """The message of `Awareness`."""
    return b"\x01" + write_bytes(payload)


def raw(told: dict[str, Any]) -> bytes:
    """The message of a RAW answer; never starts with a zero, which y-websocket reads as denied."""
    return b"\x02" + write_bytes(json.dumps(told).encode())


def sync_status(stored: int) -> bytes:
    """'Of the updates and sync steps 2 that came on this socket the store has the first `stored`.'

    Only for who asked for it, by ``acknowledge=1`` in the socket's query: the stock front end
    knows no such message.
    """
    return write_uint(SYNC_STATUS) + write_uint(stored)


def websocket_frame(message: bytes) -> bytes:
    """`message` as one unmasked binary websocket frame (RFC 6455 5.2), to be sent to many."""
    size = len(message)
    if size < 126:
        return bytes((0x82, size)) + message
    if size < 2**16:
        return b"\x82\x7e" + struct.pack(">H", size) + message
    return b"\x82\x7f" + struct.pack(">Q", size) + message
