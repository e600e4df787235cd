"""Comparing sequences at bounded cost: which items kept their order, and what matches what."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

PAIRS_MAX = 50_000
ITEMS_MAX = 2_000
"""Equal pairs, and items of both, that difflib may look at in one go: 0.1 s at the worst.

Its cost grows with the pairs, and with the items times the runs that it finds.
"""
_LEVELS = 8

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
    return _joined(_matching(old, new, (0, 0), _LEVELS))


def _matching(
    old: Sequence[Hashable], new: Sequence[Hashable], at: tuple[int, int], levels: int
) -> list[Block]:
    """`at` is where the slices `old` and `new` begin."""
    head = common_start(old, new)
    tail = common_start(old[head:][::-1], new[head:][::-1])
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    blocks = [(0, 0, head), (len(old) - tail, len(new) - tail, tail)]
    if a and b:
        found = _compared(a, b) if _is_cheap(a, b) else _divided(a, b, levels)
        blocks[1:1] = [(head + i, head + j, n) for i, j, n in found]
    return [(at[0] + i, at[1] + j, n) for i, j, n in blocks]


def _is_cheap(old: Sequence[Hashable], new: Sequence[Hashable]) -> bool:
    if len(old) + len(new) > ITEMS_MAX:
        return False
    counts = Counter(new)
    return sum(times * counts[item] for item, times in Counter(old).items()) <= PAIRS_MAX


def _compared(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[Block]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [(i, j, n) for i, j, n in matcher.get_matching_blocks()]


def _divided(old: Sequence[Hashable], new: Sequence[Hashable], levels: int) -> list[Block]:
    anchors = _anchors(old, new) if levels else []
    if not anchors:
        return []
    blocks: list[Block] = []
    i = j = 0
    for p, q in anchors:
        blocks += _matching(old[i:p], new[j:q], (i, j), levels - 1)
        blocks.append((p, q, 1))
        i, j = p + 1, q + 1
    return blocks + _matching(old[i:], new[j:], (i, j), levels - 1)


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
