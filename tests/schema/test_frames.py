from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text, create_sync_message, create_update_message

from rtstore.errors import BadFrame
from rtstore.schema import frames
from rtstore.schema.varint import read_bytes, write_bytes, write_uint

payloads = st.binary(max_size=300)
numbers = st.integers(0, 2**53 - 1)
FRAMES = st.one_of(
    st.builds(frames.SyncStep1, payloads),
    st.builds(frames.SyncStep2, payloads),
    st.builds(frames.Update, payloads),
    st.builds(frames.Awareness, payloads),
    st.builds(frames.Save, numbers),
    st.just(frames.QueryAwareness()),
)


def _encode(frame: frames.Frame) -> bytes:
    match frame:
        case frames.SyncStep1(payload):
            return frames.sync_step1(payload)
        case frames.SyncStep2(payload):
            return frames.sync_step2(payload)
        case frames.Update(payload):
            return frames.update(payload)
        case frames.Awareness(payload):
            return frames.awareness(payload)
        case frames.Save(number):
            return b"\x02" + write_bytes(b"save") + write_uint(number)
        case frames.QueryAwareness():
            return b"\x03"


@given(FRAMES)
def test_a_frame_decodes_to_what_was_encoded(frame: frames.Frame) -> None:
    assert frames.decode(_encode(frame)) == frame


@given(FRAMES, st.binary(min_size=1, max_size=8))
def test_a_frame_with_anything_behind_it_is_refused(frame: frames.Frame, more: bytes) -> None:
    with pytest.raises(BadFrame):
        frames.decode(_encode(frame) + more)


@given(FRAMES, st.data())
def test_a_frame_cut_short_is_refused(frame: frames.Frame, data: st.DataObject) -> None:
    whole = _encode(frame)
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(BadFrame):
        frames.decode(whole[:end])


@given(st.binary(max_size=60))
def test_garbage_is_a_bad_frame_and_nothing_else(garbage: bytes) -> None:
    try:
        frame = frames.decode(garbage)
    except BadFrame:
        return
    assert isinstance(frame, frames.Frame)


@given(FRAMES, st.data())
def test_a_damaged_frame_is_a_bad_frame_and_nothing_else(
    frame: frames.Frame, data: st.DataObject
) -> None:
    damaged = bytearray(_encode(frame))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        frames.decode(bytes(damaged))
    except BadFrame:
        return


@pytest.mark.parametrize(
    "message",
    [b"\x04", b"\x00\x03\x00", b"\x02\x04load\x00", b"\x02\x02\xff\xff\x00", b"", b"\x7f\x00"],
)
def test_unknown_frames_are_refused(message: bytes) -> None:
    with pytest.raises(BadFrame):
        frames.decode(message)


def test_a_peer_reads_the_same() -> None:
    doc: Doc[Text] = Doc()
    doc["source"] = Text("hällo")
    assert create_update_message(doc.get_update()) == frames.update(doc.get_update())
    assert create_sync_message(doc) == frames.sync_step1(doc.get_state())


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_an_answer_is_json_and_never_starts_with_a_zero(told: dict[str, object]) -> None:
    message = frames.raw(told)
    assert message[0] == frames.RAW
    payload, end = read_bytes(message, 1)
    assert end == len(message)
    assert json.loads(payload) == told


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, "8200"), (125, "827d"), (126, "827e007e"), (65535, "827effff"),
        (65536, "827f0000000000010000"),
    ],
)  # fmt: skip
def test_websocket_frames_of_each_size(size: int, head: str) -> None:
    frame = frames.websocket_frame(b"x" * size)
    assert frame == bytes.fromhex(head) + b"x" * size
