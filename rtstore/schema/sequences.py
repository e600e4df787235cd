"""Comparing sequences at bounded cost: which items kept their order, and what matches what."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

PAIRS_MAX = 50_000
"""Equal pairs of items that difflib may look at in one go: its cost grows with them."""

Block = tuple[int, int, int]
"""(start in the old, start in the new, length): a run of equal items."""


def rising(values: Sequence[int]) -> set[int]:
    """Indexes of one longest subsequence of `values` that only rises. O(n log n)."""
    tails: list[int] = []  # the lowest value that ends a rise of length i + 1 …
    ends: list[int] = []  # … and its index
    before: list[int | None] = []
    for index, value in enumerate(values):
        length = bisect_left(tails, value)
        before.append(ends[length - 1] if length else None)
        tails[length : length + 1] = [value]
        ends[length : length + 1] = [index]
    kept: set[int] = set()
    at = ends[-1] if ends else None
    while at is not None:
        kept.add(at)
        at = before[at]
    return kept


def matching(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Block]:
    """Runs that are equal, in order in both; a good match, not always the longest.

    Common ends first, then difflib; where difflib would be quadratic, items that occur
    once on both sides divide the work (patience diff), and what remains counts as different.
    """
    return _joined(_matching(old, new, 0, 0, divide=True))


def _matching(
    old: Sequence[Hashable], new: Sequence[Hashable], at: int, to: int, *, divide: bool
) -> list[Block]:
    """`at` and `to` are where the slices `old` and `new` begin."""
    head = common_start(old, new)
    tail = common_start(old[head:][::-1], new[head:][::-1])
    blocks = [(at, to, head)]
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    if a and b:
        at, to = at + head, to + head
        counts = Counter(b)
        if sum(times * counts[item] for item, times in Counter(a).items()) <= PAIRS_MAX:
            found = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
            blocks += [(at + i, to + j, n) for i, j, n in found]
        elif divide:
            blocks += _divided(a, b, at, to)
        at, to = at - head, to - head
    return [*blocks, (at + len(old) - tail, to + len(new) - tail, tail)]


def _divided(old: Sequence[Hashable], new: Sequence[Hashable], at: int, to: int) -> list[Block]:
    blocks: list[Block] = []
    i = j = 0
    for p, q in [*_anchors(old, new), (len(old), len(new))]:
        blocks += _matching(old[i:p], new[j:q], at + i, to + j, divide=False)
        if p < len(old):
            blocks.append((at + p, to + q, 1))
        i, j = p + 1, q + 1
    return blocks


def _anchors(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Places of items that occur once on each side, as far as they kept their order."""
    often_old, often_new = Counter(old), Counter(new)
    where = {item: j for j, item in enumerate(new) if often_new[item] == 1}
    pairs = [
        (i, where[item]) for i, item in enumerate(old) if often_old[item] == 1 and item in where
    ]
    return [pairs[k] for k in sorted(rising([j for _, j in pairs]))]


def _joined(blocks: list[Block]) -> list[Block]:
    out: list[Block] = []
    for i, j, n in blocks:
        if not n:
            continue
        if out and out[-1][0] + out[-1][2] == i and out[-1][1] + out[-1][2] == j:
            out[-1] = (out[-1][0], out[-1][1], out[-1][2] + n)
        else:
            out.append((i, j, n))
    return out


def common_start(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """How many items both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:  # comparing slices runs in C: text of megabytes takes milliseconds
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
