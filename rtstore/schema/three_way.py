"""A file that changed outside and a live document that changed inside, brought together.

Nothing that is live gets lost: where the two don't go together ours stands, and the other
side is told as a Conflict. Notebooks are merged cell by cell, sources by lines, then words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rtstore.schema.alignment import align
from rtstore.schema.canonical import same
from rtstore.schema.cell_ids import unique_ids
from rtstore.schema.cell_merge import RUN, Conflict, merge_cell, merge_maps
from rtstore.schema.kinds import NOTEBOOK, TEXT_KINDS
from rtstore.schema.sequences import rising
from rtstore.schema.text_merge import merge_text

__all__ = ["Conflict", "Merged", "merge"]


@dataclass(frozen=True, slots=True)
class Merged:
    """The content with both changes."""

    content: Any
    conflicts: tuple[Conflict, ...] = ()


def merge(kind: str, base: Any, ours: Any, theirs: Any) -> Merged:  # noqa: ANN401 -- by kind
    """The changes base → ours (live) and base → theirs (the file) in one content.

    Notebooks are as `notebook.read` gives them. Kinds we know nothing of are merged only
    where one side did not change. A cell that one deleted and the other edited stays, edited.
    """
    if same(ours, theirs) or same(base, theirs):
        return Merged(ours)
    if same(base, ours):
        return Merged(theirs)
    if kind == NOTEBOOK:
        return _merge_notebooks(base, ours, theirs)
    if kind in TEXT_KINDS:
        text, clashes = merge_text(base, ours, theirs)
        return Merged(text, tuple(Conflict("", *clash) for clash in clashes))
    return Merged(ours, (Conflict("", _told(ours), _told(theirs)),))


def _told(content: Any) -> str:  # noqa: ANN401 -- by kind
    return f"{len(content)} bytes" if isinstance(content, bytes) else str(content)


def _merge_notebooks(base: dict[str, Any], ours: dict[str, Any], theirs: dict[str, Any]) -> Merged:
    sides = _Sides(base["cells"], ours["cells"], theirs["cells"])
    cells: list[dict[str, Any]] = []
    conflicts: list[Conflict] = []
    for key in sides.order():
        cell, found = sides.merged(key)
        cells.append(cell)
        conflicts += found
    # An id that one side gave anew may be one that the other gave to something else.
    cells = [{**c, "id": own} for c, own in zip(cells, unique_ids(cells), strict=True)]
    rest = [{k: v for k, v in side.items() if k != "cells"} for side in (base, ours, theirs)]
    merged, _ = merge_maps(rest[0], rest[1], rest[2])
    merged["nbformat_minor"] = max(side["nbformat_minor"] for side in rest[1:])
    return Merged({**merged, "cells": cells}, tuple(conflicts))


_Cell = dict[str, Any]


class _Sides:
    """The cells of all three under common keys: the base's id, or for a new cell its own."""

    def __init__(self, base: list[_Cell], ours: list[_Cell], theirs: list[_Cell]) -> None:
        self._base = {cell["id"]: cell for cell in base}
        self._ours = _keyed(base, ours)
        self._theirs = _keyed(base, theirs)

    def merged(self, key: str) -> tuple[_Cell, list[Conflict]]:
        """The cell under `key`, which at least one of the two sides has."""
        mine, other = self._ours.get(key), self._theirs.get(key)
        if mine is not None and other is not None:
            return merge_cell(self._base.get(key, {}), mine, other)
        only = mine if mine is not None else other
        assert only is not None
        return only, []

    def order(self) -> list[str]:
        """Keys of the cells that stay: in our order, but where only they moved one, in theirs.

        What only they have goes behind the cell that it follows there.
        """
        # A cell deleted here that was only run there is gone: deleting it was a live edit.
        mine = [key for key in self._ours if self._stays(key, self._ours, self._theirs, ())]
        others = [key for key in self._theirs if self._stays(key, self._theirs, self._ours, RUN)]
        moved = self._moved(self._theirs) - self._moved(self._ours)
        placed = [key for key in mine if key not in moved]
        known = set(placed)
        before: str | None = None
        for key in others:
            if key not in known:
                placed.insert(0 if before is None else placed.index(before) + 1, key)
                known.add(key)
            before = key
        return placed

    def _stays(
        self, key: str, here: dict[str, _Cell], there: dict[str, _Cell], ignored: tuple[str, ...]
    ) -> bool:
        """Whether the cell `here` remains: not if `there` deleted it and nothing happened here."""
        if key in there or key not in self._base:
            return True
        if here is self._ours and here[key]["id"] != key:
            return True  # cut and pasted here, hence its new id: that was a live edit
        return not same(_edited(self._base[key], ignored), _edited(here[key], ignored))

    def _moved(self, side: dict[str, _Cell]) -> set[str]:
        """Cells of the base that no longer stand in its order, as few as explain it."""
        places = {key: index for index, key in enumerate(self._base)}
        common = [key for key in side if key in places]
        stayed = rising([places[key] for key in common])
        return {key for index, key in enumerate(common) if index not in stayed}


def _keyed(base: list[_Cell], side: list[_Cell]) -> dict[str, _Cell]:
    """The side's cells, in its order, each under the id of its cell in the base or its own."""
    found = align(base, side, similar=True)
    return {
        cell["id"] if at is None else base[at]["id"]: cell
        for cell, at in zip(side, found, strict=True)
    }


def _edited(cell: _Cell, ignored: tuple[str, ...]) -> _Cell:
    """What counts as an edit of the cell: all but its id, its trust and `ignored`."""
    metadata = {key: value for key, value in cell["metadata"].items() if key != "trusted"}
    rest = {key: value for key, value in cell.items() if key not in ("id", *ignored)}
    return {**rest, "metadata": metadata}
