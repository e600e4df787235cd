"""Two sets of changes to one text, brought together: by lines, and in a clash by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from merge3 import Merge3

from rtstore.schema.sequences import Block, matching
from rtstore.schema.text_edits import gaps, words

TOKENS_MAX = 20_000
"""A clash over more is not looked into by words."""


class Clash(NamedTuple):
    """A passage that both changed in ways that don't go together."""

    ours: str
    theirs: str


class MergedText(NamedTuple):
    """The text, in which our side of every clash stands."""

    text: str
    clashes: list[Clash]


def merge_text(base: str, ours: str, theirs: str) -> MergedText:
    """The changes base → ours and base → theirs in one text."""
    if theirs in (base, ours):
        return MergedText(ours, [])
    if ours == base:
        return MergedText(theirs, [])
    merged: list[str] = []
    clashes: list[Clash] = []
    lines = (text.splitlines(keepends=True) for text in (base, ours, theirs))
    for kind, *passages in Merge3(*lines, sequence_matcher=_Matcher).merge_groups():
        first = "".join(passages[0])
        if kind != "conflict":
            merged.append(first)
            continue
        mine, other = "".join(passages[1]), "".join(passages[2])
        finer = merge_words(first, mine, other)
        merged.append(mine if finer is None else finer)
        if finer is None:
            clashes.append(Clash(mine, other))
    return MergedText("".join(merged), clashes)


class _Matcher:
    """What Merge3 asks of difflib's, at bounded cost."""

    def __init__(self, _junk: None, old: Sequence[str], new: Sequence[str]) -> None:
        self._sides = old, new

    def get_matching_blocks(self) -> list[Block]:
        old, new = self._sides
        return [*matching(old, new), (len(old), len(new), 0)]


class _Change(NamedTuple):
    start: int
    end: int
    tokens: list[str]


def merge_words(base: str, ours: str, theirs: str) -> str | None:
    """Both changes if no word of `base` is touched by both; None if they clash."""
    tokens = words(base)
    if len(tokens) + len(ours) + len(theirs) > TOKENS_MAX:
        return None
    mine, others = _changes(tokens, ours), _changes(tokens, theirs)
    out: list[str] = []
    at = 0
    for change in sorted({*map(_frozen, mine), *map(_frozen, others)}):
        start, end, put = change
        if start < at:
            return None
        out += tokens[at:start] + list(put)
        at = end
    if _meet(mine, others):
        return None
    return "".join(out + tokens[at:])


def _frozen(change: _Change) -> tuple[int, int, tuple[str, ...]]:
    return change.start, change.end, tuple(change.tokens)


def _changes(tokens: list[str], text: str) -> list[_Change]:
    wanted = words(text)
    blocks = matching(tokens, wanted)
    return [
        _Change(i1, i2, wanted[j1:j2]) for i1, i2, j1, j2 in gaps(blocks, len(tokens), len(wanted))
    ]


def _meet(mine: list[_Change], others: list[_Change]) -> bool:
    """Whether both put something else at one place: then the order of the two is a guess."""
    places = {change.start: change for change in mine if change.tokens}
    return any(
        change.start in places and places[change.start] != change
        for change in others
        if change.tokens
    )
