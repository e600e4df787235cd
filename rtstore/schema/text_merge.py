"""Two sets of changes to one text, brought together: by lines, and in a clash by words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rtstore.schema.sequences import matching
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
    lines = base.splitlines(keepends=True)
    mine, others = _changes(lines, _lines(ours)), _changes(lines, _lines(theirs))
    merged: list[str] = []
    clashes: list[Clash] = []
    at = 0
    for start, end in _touched([*mine, *others]):
        before = lines[start:end]
        our, their = _rewritten(before, start, mine), _rewritten(before, start, others)
        old = "".join(before)
        finer: str | None = our if their in (old, our) else their
        if old not in (our, their) and our != their:
            finer = merge_words(old, our, their)
            if finer is None:
                clashes.append(Clash(our, their))
        merged += ["".join(lines[at:start]), our if finer is None else finer]
        at = end
    return MergedText("".join([*merged, *lines[at:]]), clashes)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _touched(changes: list[_Change]) -> Iterator[tuple[int, int]]:
    """The passages of the base that changes cover; those that meet are one passage."""
    passage: tuple[int, int] | None = None
    for start, end, _ in sorted((c.start, c.end, 0) for c in changes):
        if passage is not None and start <= passage[1]:
            passage = passage[0], max(end, passage[1])
            continue
        if passage is not None:
            yield passage
        passage = start, end
    if passage is not None:
        yield passage


def _rewritten(before: list[str], start: int, changes: list[_Change]) -> str:
    """A passage of the base, which begins at `start`, as one side has it."""
    out: list[str] = []
    at, end = start, start + len(before)
    for change in changes:
        if start <= change.start and change.end <= end:
            out += [*before[at - start : change.start - start], *change.tokens]
            at = change.end
    return "".join([*out, *before[at - start :]])


class _Change(NamedTuple):
    start: int
    end: int
    tokens: list[str]


def merge_words(base: str, ours: str, theirs: str) -> str | None:
    """Both changes if no word of `base` is touched by both; None if they clash."""
    tokens = words(base)
    if len(tokens) + len(ours) + len(theirs) > TOKENS_MAX:
        return None
    mine, others = _changes(tokens, words(ours)), _changes(tokens, words(theirs))
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


def _changes(tokens: list[str], wanted: list[str]) -> list[_Change]:
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
