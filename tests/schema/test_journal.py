from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtstore.errors import BadFrame
from rtstore.kernel_bridge import launcher
from rtstore.kernel_bridge.launcher import Journal
from rtstore.schema import journal, kernel_message
from rtstore.schema.kernel_message import KernelMessage, Sender

FRAMES = st.lists(st.binary(max_size=50), max_size=6)


def test_what_the_launcher_writes_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "1.journal"
    written = [(0, [b"topic", b"a" * 100_000]), (1, []), (0, [b"", b"x"])]
    writer = Journal(str(path))
    for channel, frames in written:
        writer.write(channel, frames)
    found = list(journal.records(path.read_bytes()))
    assert [(one.channel, one.frames) for one in found] == written
    assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_half_a_record_is_left_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "1.journal"
    writer = Journal(str(path))
    writer.write(0, [b"one"])
    writer.write(0, [b"two"])
    data = path.read_bytes()
    for size in range(len(data)):
        found = list(journal.records(data[:size]))
        assert len(found) == (size >= len(data) // 2)


def test_a_full_disk_leaves_no_half_record_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "1.journal"
    writer = Journal(str(path))
    writer.write(0, [b"before"])
    real = os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 10:
            raise OSError(28, "No space left on device")
        return real(file, data[:10])

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        tiny = os.urandom(4)
        writer.write(0, [tiny])
        writer.write(0, [tiny])
    writer.write(0, [b"after"])
    found = list(journal.records(path.read_bytes()))
    assert [(one.channel, one.frames) for one in found] == [
        (journal.IOPUB, [b"before"]),
        (journal.LOST, [b"2"]),
        (journal.IOPUB, [b"after"]),
    ]


def test_of_a_message_that_no_store_takes_it_is_said_that_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "MESSAGE_BYTES_MAX", 1000)
    path = tmp_path / "1.journal"
    writer = Journal(str(path))
    writer.write(0, [b"topic", b"a" * 995])
    writer.write(0, [b"topic", b"a" * 996])
    writer.write(0, [b"after"])
    found = list(journal.records(path.read_bytes()))
    assert [(one.channel, one.frames[0]) for one in found] == [
        (journal.IOPUB, b"topic"),
        (journal.LOST, b"1"),
        (journal.IOPUB, b"after"),
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_records_or_refused(data: bytes) -> None:
    try:
        for record in journal.records(data):
            assert 0 <= record.at < record.end <= len(data)
    except BadFrame:
        pass


@given(FRAMES, st.sampled_from([b"", b"key"]))
def test_any_frames_are_a_message_or_refused(frames: list[bytes], key: bytes) -> None:
    with suppress(BadFrame):
        kernel_message.parse(frames, key=key)


def test_a_request_is_read_back_and_a_changed_one_is_refused() -> None:
    sender = Sender("s", b"secret")
    frames = sender.request("execute_request", {"code": "1"}, msg_id="m", date="d")
    assert kernel_message.parse([b"id", *frames], key=b"secret").content == {"code": "1"}
    assert frames == sender.request("execute_request", {"code": "1"}, msg_id="m", date="d")
    frames[-1] = frames[-1].replace(b"1", b"2")
    with pytest.raises(BadFrame, match="signature"):
        kernel_message.parse(frames, key=b"secret")


def test_what_json_and_utf8_can_not_hold_is_replaced() -> None:
    parts = [b'{"msg_id":"m","msg_type":"stream"}', b"{}", b"{}"]
    content = b'{"n": NaN, "i": -Infinity, "half": "a\\ud83db", "pair": "\\ud83d\\ude00"}'
    message = kernel_message.parse([kernel_message.DELIMITER, b"", *parts, content], key=b"")
    assert message.content == {"n": None, "i": None, "half": "a\ufffdb", "pair": "😀"}


def shown(depth: int, msg_type: str = "display_data") -> KernelMessage:
    """A message whose content is nested so deep, as the kernel sends it."""
    frames = Sender("s", b"").request(msg_type, {}, msg_id="m", date="")
    deep = b'{"data": {"application/json": ' + b"[" * depth + b"]" * depth + b"}}"
    return kernel_message.parse([*frames[:5], deep], key=b"")


def test_what_is_nested_too_deep_becomes_an_error_that_can_be_shown() -> None:
    for depth in (1_500, 5_000, 100_000):
        message = shown(depth)
        assert (message.msg_type, message.msg_id) == ("error", "m")
        assert message.content["ename"] == "OutputError"
    assert shown(5_000, "execute_reply").msg_type == "execute_reply"


def test_what_is_parsed_can_be_taken_apart_further_down_the_stack() -> None:
    def further(frames: int, text: str) -> None:
        if frames:
            further(frames - 1, text)
        else:
            json.loads(text)

    for depth in range(400, 1_000, 10):
        message = shown(depth)
        if message.msg_type != "error":
            further(150, json.dumps(message.content))
    assert shown(300).msg_type == "display_data"
