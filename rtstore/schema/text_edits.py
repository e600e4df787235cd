"""What changed between two texts, as few small edits, at bounded cost."""

from __future__ import annotations

import re
from typing import NamedTuple

from rtstore.schema.sequences import Block, common_start, matching

CHAR_DIFF_MAX = 4_000
"""Longer passages are compared by their ends only."""
SIMILAR_MIN = 0.4
"""Below this share of equal characters, a diff of a passage is confetti: replace it."""


_WORD = re.compile(r"\w+|\s|[^\w\s]")


class Edit(NamedTuple):
    """Replace ``old[start:end]`` by `text`."""

    start: int
    end: int
    text: str


def edits(old: str, new: str) -> list[Edit]:
    """Edits that make `new` of `old`; in order, apart from one another, places are in `old`.

    By lines, and inside lines that changed by characters. Near linear in the length.
    """
    head = common_start(old, new)
    tail = common_start(old[head:][::-1], new[head:][::-1])
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if not a or not b:
        return [Edit(head, head + len(a), b)] if a or b else []
    return [Edit(head + s, head + e, text) for s, e, text in _by_lines(a, b)]


def _by_lines(old: str, new: str) -> list[Edit]:
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    found: list[Edit] = []
    starts = _starts(old_lines)
    for i1, i2, j1, j2 in gaps(matching(old_lines, new_lines), len(old_lines), len(new_lines)):
        passage, wanted = "".join(old_lines[i1:i2]), "".join(new_lines[j1:j2])
        at = starts[i1]
        found += [Edit(at + s, at + e, text) for s, e, text in _by_characters(passage, wanted)]
    return found


def _by_characters(old: str, new: str) -> list[Edit]:
    head = common_start(old, new)
    tail = common_start(old[head:][::-1], new[head:][::-1])
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    whole = [Edit(head, head + len(a), b)]
    if not a or not b or max(len(a), len(b)) > CHAR_DIFF_MAX:
        return whole
    blocks = matching(a, b)
    if sum(n for _, _, n in blocks) < SIMILAR_MIN * min(len(a), len(b)):
        return whole
    return [
        Edit(head + i1, head + i2, b[j1:j2]) for i1, i2, j1, j2 in gaps(blocks, len(a), len(b))
    ]


def words(text: str) -> list[str]:
    """`text` in words, signs and single blanks; joined they are the text."""
    return _WORD.findall(text)


def gaps(blocks: list[Block], old_end: int, new_end: int) -> list[tuple[int, int, int, int]]:
    """What lies between matching blocks: (start, end) in the old and (start, end) in the new."""
    found, i, j = [], 0, 0
    for a, b, n in [*blocks, (old_end, new_end, 0)]:
        if i < a or j < b:
            found.append((i, a, j, b))
        i, j = a + n, b + n
    return found


def _starts(lines: list[str]) -> list[int]:
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    return starts
