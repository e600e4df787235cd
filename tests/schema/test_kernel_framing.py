"""Our framing of kernel messages, against that of Jupyter's server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_server.services.kernels.connection import base

from rtstore.errors import BadFrame
from rtstore.schema.kernel_framing import PARTS, V1, pack, unpack

MESSAGE: dict[str, Any] = {
    "header": {"msg_id": "s_1_2", "msg_type": "stream", "session": "s"},
    "parent_header": {},
    "metadata": {"é": "😀"},
    "content": {"name": "stdout", "text": "a\ud83d\n"},
}
ENCODED = [json.dumps(MESSAGE[name]).encode() for name in PARTS]


def test_what_jupyter_sends_in_the_new_framing_is_understood() -> None:
    sent = base.serialize_msg_to_ws_v1([*ENCODED, b"buffer", b""], "iopub")
    assert unpack(sent, protocol=V1) == ("iopub", [*ENCODED, b"buffer", b""])


def test_jupyter_understands_what_we_send_in_the_new_framing() -> None:
    sent = pack("shell", ENCODED, protocol=V1)
    assert base.deserialize_msg_from_ws_v1(sent) == ("shell", ENCODED)


@pytest.mark.parametrize("buffers", [[], [b"one", b""]])
def test_what_jupyter_sends_in_the_old_framing_is_understood(buffers: list[bytes]) -> None:
    told = MESSAGE | {"channel": "iopub", "buffers": buffers}
    sent = base.serialize_binary_message(told) if buffers else json.dumps(told)
    channel, parts = unpack(sent, protocol="")
    assert channel == "iopub"
    assert [json.loads(part) for part in parts[:4]] == [MESSAGE[name] for name in PARTS]
    assert parts[4:] == buffers


def test_jupyter_understands_what_we_send_in_the_old_framing() -> None:
    told = json.loads(pack("stdin", ENCODED, protocol=""))
    assert told == MESSAGE | {"channel": "stdin", "buffers": []}


@given(st.binary(max_size=200) | st.text(max_size=200), st.sampled_from([V1, ""]))
def test_any_bytes_are_a_message_or_a_bad_frame(data: str | bytes, protocol: str) -> None:
    try:
        channel, parts = unpack(data, protocol=protocol)
    except BadFrame:
        return
    assert isinstance(channel, str)
    assert len(parts) >= len(PARTS)


@pytest.mark.parametrize("protocol", [V1, ""])
def test_a_frame_that_was_cut_off_is_bad(protocol: str) -> None:
    sent = base.serialize_msg_to_ws_v1([*ENCODED, b"b"], "iopub")
    if not protocol:
        sent = base.serialize_binary_message(MESSAGE | {"channel": "iopub", "buffers": [b"b"]})
    for end in range(0, len(sent) - 8, 7):
        with pytest.raises(BadFrame):
            unpack(sent[:end], protocol=protocol)
