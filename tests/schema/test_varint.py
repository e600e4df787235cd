from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtstore.errors import BadFrame
from rtstore.schema.varint import (
    BYTES_MAX,
    read_bytes,
    read_text,
    read_uint,
    write_bytes,
    write_uint,
)


@given(st.integers(0, 2**64 - 1), st.binary(max_size=5), st.binary(max_size=5))
def test_a_number_reads_as_it_was_written(value: int, before: bytes, after: bytes) -> None:
    written = write_uint(value)
    assert read_uint(before + written + after, len(before)) == (value, len(before + written))


@pytest.mark.parametrize(
    ("value", "written"), [(0, "00"), (127, "7f"), (128, "8001"), (2**53 - 1, "ffffffffffffff0f")]
)
def test_numbers_as_lib0_writes_them(value: int, written: str) -> None:
    assert write_uint(value).hex() == written


@given(st.integers(0, 2**64 - 1))
def test_a_number_cut_short_is_refused(value: int) -> None:
    written = write_uint(value)
    for end in range(len(written)):
        with pytest.raises(BadFrame):
            read_uint(written[:end], 0)


def test_a_number_without_end_is_refused() -> None:
    with pytest.raises(BadFrame):
        read_uint(b"\xff" * (BYTES_MAX + 1), 0)


@given(st.binary(), st.binary(max_size=5))
def test_bytes_read_as_they_were_written(data: bytes, after: bytes) -> None:
    written = write_bytes(data)
    assert read_bytes(written + after, 0) == (data, len(written))
    for end in range(len(written)):
        with pytest.raises(BadFrame):
            read_bytes(written[:end], 0)


@given(st.text())
def test_text_is_counted_in_bytes(text: str) -> None:
    written = write_bytes(text.encode())
    assert read_text(written, 0) == (text, len(written))


@given(st.binary(max_size=40), st.integers(0, 45))
def test_anything_else_is_a_bad_frame(data: bytes, at: int) -> None:
    for read in (read_uint, read_bytes, read_text):
        try:
            _, end = read(data, at)
        except BadFrame:
            continue
        assert at < end <= len(data)
