"""Checker: whether a document is what its typists made of it: in the store, in the file, in each.

It says everything that is wrong, not only the first: see `problems`; and counts: see `tally`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.faults.typist import WORD

Cells = Sequence[tuple[str, str]]
"""(id, source) of each cell."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What one typist typed, and how much of it was acknowledged."""

    name: str
    words: Sequence[str]
    acked: int
    is_gone: bool = False
    """It vanished: what was not acknowledged may be lost."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many words were typed, and what became of them."""

    typed: int = 0
    acknowledged: int = 0
    found: int = 0
    """In every copy."""
    doubled: int = 0
    """In some copy more than once."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.typed + other.typed,
            self.acknowledged + other.acknowledged,
            self.found + other.found,
            self.doubled + other.doubled,
        )

    def __str__(self) -> str:
        return (
            f"{self.typed} words typed, {self.acknowledged} acknowledged, "
            f"{self.found} found, {self.doubled} doubled"
        )


def tally(typed: Iterable[Typed], seen: dict[str, Cells]) -> Tally:
    """Count over all typists and copies."""
    typed = list(typed)
    counts = [words_of(cells) for cells in seen.values()]
    words = [word for one in typed for word in one.words]
    return Tally(
        typed=len(words),
        acknowledged=sum(one.acked for one in typed),
        found=sum(all(word in count for count in counts) for word in words),
        doubled=sum(any(count[word] > 1 for count in counts) for word in words),
    )


def words_of(cells: Cells) -> Counter[str]:
    """How often each word is there."""
    return Counter(word.group() for _, source in cells for word in WORD.finditer(source))


def problems(typed: Iterable[Typed], seen: dict[str, Cells], first: Cells) -> list[str]:
    """What is wrong with the copies in `seen` (where → cells); `first`: what was there before.

    Each copy has every acknowledged word once, and of those who did not vanish every word; no
    cell twice; nothing that nobody typed; and all copies are equal.
    """
    typed = list(typed)
    found: list[str] = []
    known = {word for one in typed for word in one.words}
    for where, cells in seen.items():
        counts = words_of(cells)
        found += [f"{where}: {word} is there {n} times" for word, n in counts.items() if n > 1]
        found += [f"{where}: nobody typed {word}" for word in counts if word not in known]
        for one in typed:
            sure = one.words[: one.acked] if one.is_gone else one.words
            missing = [word for word in sure if word not in counts]
            if missing:
                acked = sum(word in set(one.words[: one.acked]) for word in missing)
                found.append(
                    f"{where}: {len(missing)} words of {one.name} are missing, {acked} of them "
                    f"acknowledged: {' '.join(missing[:3])} …"
                )
        found += _cells_of(where, cells, first)
    copies = list(seen.items())
    for where, cells in copies[1:]:
        if list(cells) != list(copies[0][1]):
            found.append(f"{where} differs from {copies[0][0]}")
    return found


def _cells_of(where: str, cells: Cells, first: Cells) -> list[str]:
    ids = Counter(cell_id for cell_id, _ in cells)
    found = [f"{where}: cell {cell_id} is there {n} times" for cell_id, n in ids.items() if n > 1]
    for cell_id, source in first:
        now = [text for other, text in cells if other == cell_id]
        if not now:
            found.append(f"{where}: cell {cell_id} is gone")
        elif WORD.sub("", now[0]) != source:
            found.append(f"{where}: cell {cell_id} is {WORD.sub('', now[0])!r}, not {source!r}")
    return found
