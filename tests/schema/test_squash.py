"""Squashed updates say what they said, in fewer structs."""

from __future__ import annotations

import random

from hypothesis import given
from pycrdt import Doc, Text

from rtstore.schema import updates
from rtstore.schema.frames import NOTHING
from rtstore.schema.squash import squash
from rtstore.schema.varint import write_uint
from tests.schema.authors import Author, authors, content, made_of, seeds


@given(seeds)
def test_squashed_is_the_same_document(seed: int) -> None:
    one, other = authors(seed)
    merged = updates.merge([*one.made, *other.made])
    squashed = squash(merged)
    assert content(made_of(squashed)) == content(made_of(merged))
    assert made_of(squashed).get_state() == made_of(merged).get_state()
    assert updates.covers(updates.deletes_of(squashed), updates.deletes_of(merged))


@given(seeds)
def test_who_has_a_part_is_brought_up_by_the_squashed_rest(seed: int) -> None:
    author, _ = authors(seed)
    chance = random.Random(seed)
    peer = made_of(*author.made[: chance.randint(0, len(author.made))])
    squashed = squash(updates.merge(author.made))
    peer.apply_update(updates.diff(squashed, peer.get_state()))
    assert content(peer) == content(made_of(*author.made))


@given(seeds)
def test_what_waits_for_its_cause_is_kept(seed: int) -> None:
    made = [update for one in authors(seed) for update in one.made]
    if not made:
        return
    late = random.Random(seed).randrange(len(made))
    squashed = squash(updates.merge(made[:late] + made[late + 1 :]))
    assert content(made_of(updates.merge([squashed, made[late]]))) == content(made_of(*made))


def test_it_is_a_fraction_and_keeps_what_was_deleted() -> None:
    author = Author(2**31, random.Random(0))
    for letter in "secret " * 100:
        author.text += letter
    del author.text[:7]
    merged = updates.merge(author.made)
    squashed = squash(merged)
    assert len(squashed) < len(merged) / 8
    assert squashed.count(b"secret") == 100


def test_deleted_before_it_came_is_kept() -> None:
    doc: Doc[Text] = Doc({"text": Text("abc")})
    nothing_but_a_delete = (
        NOTHING[:1] + write_uint(1) + write_uint(doc.client_id) + bytes((1, 0, 2))
    )
    squashed = squash(nothing_but_a_delete)
    merged = updates.merge([squashed, doc.get_update()])
    assert str(made_of(merged).get("text", type=Text)) == "c"


def test_nothing_stays_nothing() -> None:
    assert squash(NOTHING) == NOTHING
