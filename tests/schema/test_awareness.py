from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Awareness, Doc

from rtstore.errors import BadFrame, TooBig
from rtstore.schema import awareness
from rtstore.schema.awareness import (
    CLIENTS_MAX,
    STATE_BYTES_MAX,
    UPDATE_BYTES_MAX,
    ClientState,
)
from rtstore.schema.varint import write_bytes, write_uint

numbers = st.integers(0, 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
states = st.builds(
    ClientState, numbers, numbers, st.none() | st.dictionaries(st.text(), values, max_size=4)
)


@given(st.lists(states, max_size=5))
def test_states_read_as_they_were_written(told: list[ClientState]) -> None:
    assert awareness.decode(awareness.encode(told)) == told


@given(st.lists(states, min_size=1, max_size=3), st.data())
def test_cut_short_or_prolonged_it_is_refused(
    told: list[ClientState], data: st.DataObject
) -> None:
    whole = awareness.encode(told)
    with pytest.raises(BadFrame):
        awareness.decode(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(BadFrame):
        awareness.decode(whole + data.draw(st.binary(min_size=1, max_size=4)))


@given(st.binary(max_size=60))
def test_garbage_is_a_client_error_and_nothing_else(garbage: bytes) -> None:
    try:
        awareness.decode(garbage)
    except (BadFrame, TooBig):
        return


def _one(text: bytes) -> bytes:
    return b"\x01\x01\x01" + write_bytes(text)


@pytest.mark.parametrize(
    "text",
    [b"[]", b"1", b'"x"', b"", b"{", b"\xff", b"[" * 50_000, b"true", b"{} {}", b'{"a":NaN}'],
)
def test_a_state_is_an_object_or_null(text: bytes) -> None:
    with pytest.raises(BadFrame):
        awareness.decode(_one(text))


def test_no_number_is_written_that_a_browser_cannot_read() -> None:
    [state] = awareness.decode(_one(b'{"a":1e999}'))
    assert b"Infinity" not in awareness.encode([state])


def test_bounds() -> None:
    fits = b'{"a":"%s"}' % (b"x" * (STATE_BYTES_MAX - 11))
    assert awareness.decode(_one(fits))
    with pytest.raises(TooBig):
        awareness.decode(_one(fits + b" "))
    with pytest.raises(TooBig):
        awareness.decode(_one(b'{"a":"%s"}' % ("é" * (STATE_BYTES_MAX // 2)).encode()))
    many = [ClientState(i, 1, None) for i in range(CLIENTS_MAX)]
    assert len(awareness.decode(awareness.encode(many))) == CLIENTS_MAX
    with pytest.raises(TooBig):
        awareness.decode(awareness.encode([*many, ClientState(0, 1, None)]))
    with pytest.raises(TooBig):
        awareness.decode(write_uint(2**40))


def test_a_whole_message_is_bounded_too() -> None:
    """1000 states that are each within their bound are 65 MB."""
    text = b'{"a":"%s"}' % (b"x" * 60_000)
    count = UPDATE_BYTES_MAX // len(text) + 1
    states = [b"\x01\x01" + write_bytes(text)] * count
    fits = write_uint(count - 1) + b"".join(states[1:])
    assert len(awareness.decode(fits)) == count - 1
    with pytest.raises(TooBig):
        awareness.decode(write_uint(count) + b"".join(states))


def test_what_a_worker_put_together_may_be_longer() -> None:
    full = awareness.decode(_one(b'{"a":"%s"}' % (b"x" * (STATE_BYTES_MAX - 11))))
    stamped = [state.stamped({"username": "ann"}) for state in full * (CLIENTS_MAX + 1)]
    told = awareness.decode(awareness.encode(stamped), is_ours=True)
    assert len(told) == CLIENTS_MAX + 1


@pytest.mark.parametrize("numbers", [(2**53, 1), (1, 2**53), (2**60, 1)])
def test_numbers_that_a_browser_cannot_read_are_refused(numbers: tuple[int, int]) -> None:
    update = b"\x01" + b"".join(map(write_uint, numbers)) + write_bytes(b"{}")
    with pytest.raises(BadFrame):
        awareness.decode(update)


def test_a_lone_surrogate_does_not_break_the_message() -> None:
    text = b'{"name":"\\ud83d"}'
    [state] = awareness.decode(_one(text))
    [again] = awareness.decode(awareness.encode([state]))
    assert (again.client, again.clock) == (1, 1)


def test_the_server_says_who_it_is() -> None:
    said = ClientState(7, 3, {"cursor": 5, "user": {"username": "eve", "color": "red", "x": 1}})
    stamped = said.stamped({"username": "ann", "color": None, "initials": "A"})
    assert stamped.state == {
        "cursor": 5,
        "user": {"username": "ann", "color": "red", "initials": "A"},
    }
    assert (stamped.client, stamped.clock) == (7, 3)
    assert ClientState(7, 3, {"user": "eve"}).stamped({"username": "ann"}).state == {
        "user": {"username": "ann"}
    }
    assert said.gone() == ClientState(7, 3, None) == said.gone().stamped({"username": "ann"})


def test_a_peer_reads_the_same() -> None:
    peer = Awareness(Doc())
    told = [ClientState(7, 3, {"user": {"name": "Ann"}}), ClientState(2**40, 1, {})]
    peer.apply_awareness_update(awareness.encode(told), "test")
    assert peer.states[7] == {"user": {"name": "Ann"}}
    assert peer.states[2**40] == {}
    theirs = awareness.decode(peer.encode_awareness_update([7]))
    assert theirs == [told[0]]
    peer.apply_awareness_update(awareness.encode([told[0].gone()]), "test")
    assert 7 not in peer.states
