"""Our reading of Yjs updates against yrs' own, over documents made at random."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import (
    Array,
    Doc,
    Map,
    Text,
    XmlElement,
    XmlFragment,
    get_state,
    get_update,
    merge_updates,
)

from rtstore.errors import BadFrame
from rtstore.schema import updates
from rtstore.schema.frames import NOTHING
from rtstore.schema.updates import Ranges, Scan
from rtstore.schema.varint import write_uint

CLIENTS = (1, 127, 128, 2**31, 2**32 - 1, 2**53 - 1)
WORDS = ("a", "hello ", "é", "日本", "😀", "x😀y\n", "")
VALUES: tuple[Any, ...] = (
    1, -5, 2**40, 1.5, 0.1, None, True, False, "s😀", b"\x00\xff", [1, [2.5]], {"a": {"b": None}},
)  # fmt: skip
seeds = st.integers(0, 2**32)


class Author:
    """Somebody who edits at random, and every update that made."""

    def __init__(self, client: int, chance: random.Random) -> None:
        self.doc: Doc[Any] = Doc(client_id=client)
        self.made: list[bytes] = []
        self._chance = chance
        self._text = self.doc.get("text", type=Text)
        self._rich = self.doc.get("rich", type=Text)
        self._map = self.doc.get("map", type=Map)
        self._array = self.doc.get("array", type=Array)
        self._xml = self.doc.get("xml", type=XmlFragment)
        self._observing = self.doc.observe(lambda event: self.made.append(event.update))

    def edit(self, times: int) -> None:
        actions: list[Callable[[], None]] = [
            self._type, self._type, self._erase, self._bold, self._embed, self._set, self._unset,
            self._push, self._pop, self._nest, self._tag,
        ]  # fmt: skip
        for _ in range(times):
            self._chance.choice(actions)()

    def _at(self) -> int:
        """A place between two characters; pycrdt counts bytes."""
        text = str(self._text)
        return len(text[: self._chance.randint(0, len(text))].encode())

    def _type(self) -> None:
        self._text.insert(self._at(), self._chance.choice(WORDS))

    def _erase(self) -> None:
        first, last = sorted((self._at(), self._at()))
        if first < last:
            del self._text[first:last]

    def _bold(self) -> None:
        first, last = sorted((self._at(), self._at()))
        if first < last:
            self._text.format(first, last, {"note": "é"})

    def _embed(self) -> None:
        self._rich.insert_embed(0, {"image": "x"})

    def _set(self) -> None:
        self._map[self._chance.choice("xyz")] = self._chance.choice(VALUES)

    def _unset(self) -> None:
        for key in sorted(self._map.keys())[:1]:
            del self._map[key]

    def _push(self) -> None:
        self._array.append(self._chance.choice((*VALUES, Text("n😀"), Map({"k": Array([1])}))))

    def _pop(self) -> None:
        if len(self._array):
            del self._array[self._chance.randrange(len(self._array))]

    def _nest(self) -> None:
        self._map["cell"] = Map({"source": Text("abc"), "outputs": Array([{"a": 1}])})

    def _tag(self) -> None:
        self._xml.children.append(XmlElement("p", {"class": "é"}))

    def hear(self, other: Author) -> None:
        self.doc.apply_update(other.doc.get_update(self.doc.get_state()))


def _authors(seed: int, *, edits: int = 12) -> list[Author]:
    """Two who edit one document and hear of each other now and then."""
    chance = random.Random(seed)
    pair = [Author(client, chance) for client in chance.sample(CLIENTS, 2)]
    for _ in range(3):
        for author, other in (pair, pair[::-1]):
            author.edit(chance.randint(0, edits))
            if chance.random() < 0.6:
                author.hear(other)
    return pair


def _content(doc: Doc[Any]) -> tuple[object, ...]:
    return (
        doc.get("text", type=Text).diff(),
        doc.get("rich", type=Text).diff(),
        doc.get("map", type=Map).to_py(),
        doc.get("array", type=Array).to_py(),
        str(doc.get("xml", type=XmlFragment)),
    )


def _made_of(*told: bytes) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    for update in told:
        doc.apply_update(update)
    return doc


def _state_of(told: Scan) -> dict[int, int]:
    return {client: clock for client, first, clock in told.clients if first == 0 and clock}


def _same(one: Ranges, other: Ranges) -> bool:
    return updates.covers(one, other) and updates.covers(other, one)


@given(seeds)
def test_a_scan_says_what_yrs_says(seed: int) -> None:
    for author in _authors(seed):
        whole = author.doc.get_update()
        told = updates.scan(whole)
        assert _state_of(told) == updates.decode_state_vector(author.doc.get_state())
        assert _same(told.deletes, updates.deletes_of(whole))


@given(seeds)
def test_a_scan_finds_where_each_update_stands(seed: int) -> None:
    for author in _authors(seed):
        clocks = dict.fromkeys(CLIENTS, 0)
        for update in author.made:
            for client, first, clock in updates.check(update).clients:  # type: ignore[union-attr]
                assert first == clocks[client] < clock
                clocks[client] = clock
        theirs = updates.decode_state_vector(author.doc.get_state())
        assert {client: clock for client, clock in clocks.items() if clock} == theirs


@given(seeds, st.binary(min_size=1, max_size=3))
def test_an_update_cut_short_or_prolonged_is_refused(seed: int, more: bytes) -> None:
    author = _authors(seed)[0]
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
    update = chance.choice([a.doc.get_update() for a in _authors(seed, edits=4)])
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


@pytest.mark.parametrize("what", ["clock", "delete"])
def test_clocks_that_overflow_are_refused(what: str) -> None:
    """yrs panics on some of them when it applies them."""
    far = write_uint(2**31)
    update = {
        "clock": b"\x01\x01\x07" + far + b"\x04\x01\x01t\x01a\x00",
        "delete": b"\x00\x01\x07\x01" + far + b"\x01",
    }[what]
    with pytest.raises(BadFrame):
        updates.check(update)


def test_a_big_update_is_checked_by_yrs() -> None:
    doc: Doc[Any] = Doc()
    doc["text"] = Text("x" * 2 * updates.SCAN_BYTES_MAX)
    whole = doc.get_update()
    assert updates.check(whole) is None
    with pytest.raises(BadFrame):
        updates.check(whole[: updates.SCAN_BYTES_MAX + 100])


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
    pair = _authors(seed)
    told = [*pair[0].made, *pair[1].made]
    expected = _made_of(*told)
    random.Random(seed).shuffle(told)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(updates, "MERGE_AT_ONCE", block)
        merged = updates.merge(told)
    assert _content(_made_of(merged)) == _content(expected)
    known = updates.deletes_of(expected.get_update())  # and who lost a key to a later value
    assert updates.covers(known, updates.deletes_of(merged))
    assert _state_of(updates.scan(merged)) == updates.decode_state_vector(expected.get_state())


@given(seeds)
def test_what_is_pending_survives_a_merge(seed: int) -> None:
    """The cause of some updates comes only after the compaction."""
    made = _authors(seed)[0].made
    if not made:
        return
    late = random.Random(seed).randrange(len(made))
    merged = updates.merge(made[:late] + made[late + 1 :])
    assert _content(_made_of(updates.merge([merged, made[late]]))) == _content(_made_of(*made))


def test_a_doc_would_lose_what_is_pending() -> None:
    """Why nothing here merges through a Doc; if this fails, that became possible."""
    author = Author(7, random.Random(0))
    author._text += "hello "
    author._text += "world "
    author._text += "again"
    first, middle, last = author.made
    through_doc = _made_of(first, last).get_update()
    assert str(_made_of(through_doc, middle).get("text", type=Text)) == "hello world "
    merged = updates.merge([first, last])
    assert str(_made_of(merged, middle).get("text", type=Text)) == "hello world again"


def test_a_doc_forgets_part_of_what_waited() -> None:
    """yrs 0.28 drops structs when several updates wait for one; who holds a Doc must load anew.

    If this fails, yrs was mended.
    """
    author = Author(7, random.Random(0))
    for word in ("a", "b", "c", "d"):
        author._text += word
    author._text.insert(0, "e")
    late = [author.made[i] for i in (0, 1, 3, 4, 2)]
    assert str(_made_of(*late).get("text", type=Text)) == "eabc"
    assert str(_made_of(updates.merge(late)).get("text", type=Text)) == "eabcd"


@given(seeds)
def test_a_diff_is_what_a_peer_lacks(seed: int) -> None:
    author, _ = _authors(seed)
    whole = author.doc.get_update()
    has = author.made[: random.Random(seed).randint(0, len(author.made))]
    peer = _made_of(*has)
    missing = updates.diff(whole, peer.get_state())
    peer.apply_update(missing)
    assert _content(peer) == _content(author.doc)
    if len(has) == len(author.made):
        assert not updates.scan(missing).clients
    assert updates.diff(whole, b"\x00") == whole
    assert updates.state_vector(whole) == get_state(whole)


@given(st.binary(min_size=1, max_size=12))
def test_a_state_vector_that_is_none_is_a_bad_frame(garbage: bytes) -> None:
    author = Author(7, random.Random(0))
    author._text += "hello"
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
