"""Which cell of one notebook is which of another: by id, and by content where ids were renewed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtstore.schema.sequences import matching
from rtstore.schema.text_edits import gaps, words

SIMILAR_MIN = 0.6
"""From this share of equal words on, a cell with a new id is the other one, edited."""
COMPARED_CHARS_MAX = 2_000
COMPARED_PAIRS_MAX = 100

Cells = Sequence[dict[str, Any]]


def align(old: Cells, new: Cells, *, similar: bool) -> list[int | None]:
    """For each of `new` the index of the same cell in `old`, or None if it was added.

    Cells whose id has gone are matched with cells whose id is new: those of equal type and
    source, in order; with `similar`, also those between the same neighbours that look alike.
    Ids are unique in each (see `cell_ids`). Each old cell is the answer at most once.
    """
    places = {cell["id"]: index for index, cell in enumerate(old)}
    found = [places.get(cell["id"]) for cell in new]
    left = sorted(places[gone] for gone in places.keys() - {cell["id"] for cell in new})
    added = [index for index, at in enumerate(found) if at is None]
    if not left or not added:
        return found
    blocks = matching([_look(old[i]) for i in left], [_look(new[j]) for j in added])
    for i, j, length in blocks:
        for step in range(length):
            found[added[j + step]] = left[i + step]
    if similar:
        for i1, i2, j1, j2 in gaps(blocks, len(left), len(added)):
            _match_similar(old, new, found, (left[i1:i2], added[j1:j2]))
    return found


def _look(cell: dict[str, Any]) -> tuple[str, str]:
    return cell["cell_type"], cell["source"]


def _match_similar(
    old: Cells, new: Cells, found: list[int | None], between: tuple[list[int], list[int]]
) -> None:
    left, added = between
    if len(left) * len(added) > COMPARED_PAIRS_MAX:
        return
    for j in added:
        for k, i in enumerate(left):
            if _alike(old[i], new[j]):
                found[j] = i
                left = left[k + 1 :]  # order is kept: what was passed over is gone
                break


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["cell_type"] != other["cell_type"]:
        return False
    texts = [words(cell["source"][:COMPARED_CHARS_MAX]) for cell in (one, other)]
    length = sum(len(word) for text in texts for word in text)
    equal = sum(
        len(word) for i, _, n in matching(texts[0], texts[1]) for word in texts[0][i : i + n]
    )
    return 2 * equal >= SIMILAR_MIN * length
