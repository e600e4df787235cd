"""Our reading of Yjs updates against yrs' own, over documents made at random."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import (
    Text,
    get_state,
    get_update,
    merge_updates,
)

from rtstore.errors import BadFrame, TooBig
from rtstore.schema import updates
from rtstore.schema.frames import NOTHING
from rtstore.schema.updates import Ranges, Scan
from rtstore.schema.varint import write_bytes, write_uint
from tests.schema.authors import CLIENTS, Author, authors, content, made_of, seeds


def _state_of(told: Scan) -> dict[int, int]:
    return {client: clock for client, first, clock in told.clients if first == 0 and clock}


def _same(one: Ranges, other: Ranges) -> bool:
    return updates.covers(one, other) and updates.covers(other, one)


@given(seeds)
def test_a_scan_says_what_yrs_says(seed: int) -> None:
    for author in authors(seed):
        whole = author.doc.get_update()
        told = updates.scan(whole)
        assert _state_of(told) == updates.decode_state_vector(author.doc.get_state())
        assert _same(told.deletes, updates.deletes_of(whole))


@given(seeds)
def test_a_scan_finds_where_each_update_stands(seed: int) -> None:
    for author in authors(seed):
        clocks = dict.fromkeys(CLIENTS, 0)
        for update in author.made:
            for client, first, clock in updates.check(update).clients:
                assert first == clocks[client] < clock
                clocks[client] = clock
        theirs = updates.decode_state_vector(author.doc.get_state())
        assert {client: clock for client, clock in clocks.items() if clock} == theirs


@given(seeds, st.binary(min_size=1, max_size=3))
def test_an_update_cut_short_or_prolonged_is_refused(seed: int, more: bytes) -> None:
    author = authors(seed)[0]
    chance = random.Random(seed)
    update = chance.choice([author.doc.get_update(), *author.made[-3:]])
    updates.check(update)
    with pytest.raises(BadFrame):
        updates.check(update[: chance.randrange(len(update))])
    with pytest.raises(BadFrame):
        updates.check(update + more)


@settings(max_examples=400)
@given(seeds)
def test_what_passes_decodes_in_yrs_too(seed: int) -> None:
    chance = random.Random(seed)
    update = chance.choice([a.doc.get_update() for a in authors(seed, edits=4)])
    for _ in range(10):
        damaged = _damaged(update, chance)
        try:
            updates.check(damaged)
        except BadFrame:
            continue
        get_state(damaged)
        get_update(damaged, b"\x00")
        merge_updates(damaged, NOTHING)


def _damaged(update: bytes, chance: random.Random) -> bytes:
    out = bytearray(update)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(out) + 1)
        new = bytes(chance.choice((0, 1, 127, 128, 255, chance.randrange(256))) for _ in range(9))
        out[at : at + chance.randint(0, 3)] = new[: chance.choice((0, 1, 1, 2, 9))]
    return bytes(out)


@given(st.binary(max_size=80))
def test_garbage_is_a_bad_frame_and_nothing_else(garbage: bytes) -> None:
    for read in (updates.check, updates.scan, updates.decode_state_vector):
        try:
            read(garbage)
        except BadFrame:
            continue


TEXT = b"\x04\x01\x01t\x01a"
"""A letter in the root "t"."""
BAD = {
    "clock": b"\x01\x01\x07" + write_uint(2**31) + TEXT + b"\x00",
    "clock of 33 bits": b"\x01\x01\x07" + write_uint(2**32) + TEXT + b"\x00",
    "client": b"\x01\x01" + write_uint(2**53) + b"\x00" + TEXT + b"\x00",
    "origin's client": b"\x01\x01\x07\x00\x84" + write_uint(2**60) + b"\x00\x01a\x00",
    "origin's clock": b"\x01\x01\x07\x00\x84\x05" + write_uint(2**32) + b"\x01a\x00",
    "parent's client": b"\x01\x01\x07\x00\x04\x00" + write_uint(2**60) + b"\x00\x01a\x00",
    "delete": b"\x00\x01\x07\x01" + write_uint(2**31) + b"\x01",
    "delete's client": b"\x00\x01" + write_uint(2**53) + b"\x01\x00\x01",
    "bytes behind": b"\x01\x01\x07\x00" + TEXT + b"\x00" + b"more",
}


@pytest.mark.parametrize("update", BAD.values(), ids=BAD)
def test_numbers_that_no_client_has_are_refused(update: bytes) -> None:
    """On some yrs panics, some it takes for other numbers, and browsers read none of them."""
    with pytest.raises(BadFrame):
        updates.check(update)


@pytest.mark.parametrize("small", BAD.values(), ids=BAD)
def test_a_big_update_is_checked_as_a_small_one_is(small: bytes) -> None:
    groups = small[0]
    text = b"\x01\x09\x00\x04\x01\x01t" + write_bytes(b"x" * 2 * updates.SCAN_BYTES_MAX)
    rest = small[1:]
    assert updates.check(b"\x01" + text + b"\x00").clients == ((9, 0, 2 * updates.SCAN_BYTES_MAX),)
    with pytest.raises(BadFrame):
        updates.check(bytes([groups + 1]) + text + rest)


def test_an_update_of_very_many_parts_is_too_big() -> None:
    many = updates.PARTS_MAX
    fits = b"\x01" + write_uint(many - 1) + b"\x07\x00" + b"\x00\x01" * (many - 1) + b"\x00"
    assert updates.check(fits).clients == ((7, 0, many - 1),)
    for update in (
        b"\x01" + write_uint(many) + b"\x07\x00" + b"\x00\x01" * many + b"\x00",
        b"\x00\x01\x07" + write_uint(many) + b"\x00\x01" * many,
        write_uint(many + 1) + b"\x00\x07\x00" * (many + 1) + b"\x00",
    ):
        with pytest.raises(TooBig):
            updates.check(update)


@pytest.mark.parametrize(("client", "clock"), [(2**53, 1), (7, 2**32)])
def test_a_state_vector_has_numbers_that_clients_have(client: int, clock: int) -> None:
    with pytest.raises(BadFrame):
        updates.decode_state_vector(b"\x01" + write_uint(client) + write_uint(clock))


def test_nothing_is_nothing() -> None:
    assert updates.scan(NOTHING).is_nothing
    assert updates.merge([]) == updates.merge([NOTHING, NOTHING]) == NOTHING
    assert not updates.scan(b"\x00\x01\x07\x01\x00\x01").is_nothing


def test_values_nested_too_deeply_are_refused() -> None:
    deep = b"\x75\x01" * 5000 + b"\x7e"
    with pytest.raises(BadFrame, match="nested"):
        updates.scan(b"\x01\x01\x07\x00\x08\x01\x01a\x01" + deep + b"\x00")


@given(seeds, st.sampled_from([2, 3, 500]))
def test_merged_in_blocks_is_as_applied_in_order(seed: int, block: int) -> None:
    pair = authors(seed)
    told = [*pair[0].made, *pair[1].made]
    expected = made_of(*told)
    random.Random(seed).shuffle(told)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(updates, "MERGE_AT_ONCE", block)
        merged = updates.merge(told)
    assert content(made_of(merged)) == content(expected)
    known = updates.deletes_of(expected.get_update())  # and who lost a key to a later value
    assert updates.covers(known, updates.deletes_of(merged))
    assert _state_of(updates.scan(merged)) == updates.decode_state_vector(expected.get_state())


@given(seeds)
def test_what_is_pending_survives_a_merge(seed: int) -> None:
    """The cause of some updates comes only after the compaction."""
    made = authors(seed)[0].made
    if not made:
        return
    late = random.Random(seed).randrange(len(made))
    merged = updates.merge(made[:late] + made[late + 1 :])
    assert content(made_of(updates.merge([merged, made[late]]))) == content(made_of(*made))


def test_a_doc_would_lose_what_is_pending() -> None:
    """Why nothing here merges through a Doc; if this fails, that became possible."""
    author = Author(7, random.Random(0))
    author.text += "hello "
    author.text += "world "
    author.text += "again"
    first, middle, last = author.made
    through_doc = made_of(first, last).get_update()
    assert str(made_of(through_doc, middle).get("text", type=Text)) == "hello world "
    merged = updates.merge([first, last])
    assert str(made_of(merged, middle).get("text", type=Text)) == "hello world again"


def test_a_doc_forgets_part_of_what_waited() -> None:
    """yrs 0.28 drops structs when several updates wait for one; who holds a Doc must load anew.

    If this fails, yrs was mended.
    """
    author = Author(7, random.Random(0))
    for word in ("a", "b", "c", "d"):
        author.text += word
    author.text.insert(0, "e")
    late = [author.made[i] for i in (0, 1, 3, 4, 2)]
    assert str(made_of(*late).get("text", type=Text)) == "eabc"
    assert str(made_of(updates.merge(late)).get("text", type=Text)) == "eabcd"


@given(seeds)
def test_a_diff_is_what_a_peer_lacks(seed: int) -> None:
    author, _ = authors(seed)
    whole = author.doc.get_update()
    has = author.made[: random.Random(seed).randint(0, len(author.made))]
    peer = made_of(*has)
    missing = updates.diff(whole, peer.get_state())
    peer.apply_update(missing)
    assert content(peer) == content(author.doc)
    if len(has) == len(author.made):
        assert not updates.scan(missing).clients
    assert updates.diff(whole, b"\x00") == whole
    assert updates.state_vector(whole) == get_state(whole)


@given(st.binary(min_size=1, max_size=12))
def test_a_state_vector_that_is_none_is_a_bad_frame(garbage: bytes) -> None:
    author = Author(7, random.Random(0))
    author.text += "hello"
    try:
        updates.diff(author.doc.get_update(), garbage)
    except BadFrame:
        return
    assert isinstance(updates.decode_state_vector(garbage), dict)


def test_a_state_vector_that_claims_too_much_takes_no_memory() -> None:
    with pytest.raises(BadFrame):
        updates.diff(NOTHING, write_uint(2**50))


@pytest.mark.parametrize(
    ("known", "told", "covered"),
    [
        ({}, {}, True),
        ({}, {1: []}, True),
        ({}, {1: [(0, 1)]}, False),
        ({1: [(0, 5)]}, {1: [(0, 5)]}, True),
        ({1: [(0, 5)]}, {1: [(1, 2), (4, 1)]}, True),
        ({1: [(0, 5)]}, {1: [(4, 2)]}, False),
        ({1: [(5, 5), (0, 5)]}, {1: [(3, 4)]}, True),
        ({1: [(0, 4), (5, 5)]}, {1: [(3, 4)]}, False),
        ({1: [(0, 9), (2, 1)]}, {1: [(5, 3)]}, True),
        ({2: [(0, 5)]}, {1: [(0, 5)]}, False),
    ],
)
def test_covers(known: Ranges, told: Ranges, *, covered: bool) -> None:
    assert updates.covers(known, told) is covered


spans = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=6)


@given(spans, spans)
def test_covers_as_sets_do(known: list[tuple[int, int]], told: list[tuple[int, int]]) -> None:
    def clocks(ranges: list[tuple[int, int]]) -> set[int]:
        return {i for clock, length in ranges for i in range(clock, clock + length)}

    assert updates.covers({1: known}, {1: told}) is (clocks(told) <= clocks(known))


def test_covers_takes_many_ranges() -> None:
    """Of a long document, 100,000 each: looked for one by one they took minutes."""
    known: Ranges = {1: [(3 * n, 2) for n in range(100_000)]}
    assert updates.covers(known, known)
    assert not updates.covers(known, {1: [(3 * 99_999, 3)]})
