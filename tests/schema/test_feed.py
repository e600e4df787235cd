from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtstore.schema import feed
from rtstore.schema.ids import EntryId


@given(st.binary(max_size=100))
def test_awareness_reads_as_it_was_written(update: bytes) -> None:
    assert feed.parse(feed.awareness("w1.3", update)) == feed.FeedAwareness("w1.3", update)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_a_notice_reads_as_it_was_written(told: dict[str, object]) -> None:
    told.pop("type", None)
    told.pop("kind", None)
    assert feed.parse(feed.notice("save", **told)) == feed.FeedNotice({"type": "save", **told})


@given(st.integers(0, 2**50), st.integers(0, 2**50), st.binary(max_size=100))
def test_an_entry_reads_as_the_script_writes_it(epoch: int, revision: int, update: bytes) -> None:
    payload = b"%d-%d u w1.7\n" % (epoch, revision) + update
    assert feed.parse(payload) == feed.FeedEntry(EntryId(epoch, revision), "u", "w1.7", update)


def test_an_entry_that_was_too_big_is_referred_to() -> None:
    assert feed.parse(b"1-2 u w1.7 ref\n") == feed.FeedEntry(EntryId(1, 2), "u", "w1.7", None)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\n", b"hello", b"1-2 u w1.7", b"1-2 u\nx", b"12 u w1.7\nx", b"1-x u w1.7\nx",
        b"note", b"note []", b"note {", b"note \xff", b"aware\nx", b"note " + b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_unknown_is_nothing(payload: bytes) -> None:
    assert feed.parse(payload) is None


@given(st.binary(max_size=60))
def test_garbage_raises_nothing(payload: bytes) -> None:
    feed.parse(payload)
