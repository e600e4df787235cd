"""The proxy sees where values end, and does what it is told with them."""

from __future__ import annotations

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults import resp

VALUES = (
    b"+OK\r\n",
    b"$5\r\nhe\r\no\r\n",
    b"$-1\r\n",
    b"*2\r\n:1\r\n$1\r\na\r\n",
    b"*0\r\n",
    b">3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$2\r\n\r\n\r\n",
    b"%1\r\n+k\r\n*2\r\n_\r\n#t\r\n",
    b"-ERR no\r\n",
    b",1.5\r\n",
)


@given(st.lists(st.sampled_from(VALUES), max_size=8), st.integers(0, 200))
def test_whole_values_are_split_off_wherever_the_rest_is_cut(values: list[bytes], at: int) -> None:
    data = b"".join(values)
    first, rest = resp.split(data[:at])
    more, left = resp.split(rest + data[at:])
    assert first + more == values
    assert left == b""


@given(st.sampled_from(VALUES))
def test_what_is_split_off_is_what_a_client_reads(value: bytes) -> None:
    reader = hiredis.Reader()
    reader.feed(resp.split(value + b"+")[0][0])
    reader.gets()
    assert reader.gets() is False  # nothing is left of it


def test_what_is_no_resp_is_said() -> None:
    with pytest.raises(ValueError, match="no RESP"):
        resp.split(b"GET / HTTP/1.1\r\n")
