"""CellChanges: what happens to a notebook's cells, one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self

from pycrdt import MapEvent

from rtstore.client.cell import Cell
from rtstore.client.changes import Changes

What = Literal["added", "removed", "moved", "source", "outputs", "metadata", "state"]
_STATE = frozenset({"execution_state", "execution_count"})
_KINDS: dict[str, What] = {"source": "source", "outputs": "outputs"}


@dataclass(frozen=True, slots=True)
class CellChange:
    """Something happened to a cell."""

    what: What
    """``state``: it began or ended running, or has another number."""
    cell: Cell
    """It as it is now; of one that was removed only the `id` is left."""
    is_mine: bool
    """Whether it was done through this copy of the document."""


class Watched(Protocol):
    """The notebook, as its watchers need it."""

    @property
    def news(self) -> Changes:
        """Told after each change."""

    def check(self) -> None:
        """Raises the error for which the document was closed."""

    def cell_of(self, cell_id: str) -> Cell:
        """The cell, whether or not it is there."""


class CellChanges(AsyncIterator[CellChange]):
    """Each change from its making on. What comes again before it was read is told once."""

    def __init__(self, notebook: Watched) -> None:
        self._notebook = notebook
        self._pending: dict[tuple[What, str, bool], None] = {}

    def add(self, what: What, cell_id: str, *, is_mine: bool) -> None:
        """Something happened."""
        if what == "removed":
            for key in [key for key in self._pending if key[1] == cell_id]:
                del self._pending[key]
        self._pending[what, cell_id, is_mine] = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> CellChange:
        while True:
            count = self._notebook.news.count
            if self._pending:
                key = next(iter(self._pending))
                del self._pending[key]
                what, cell_id, is_mine = key
                return CellChange(what, self._notebook.cell_of(cell_id), is_mine)
            self._notebook.check()
            await self._notebook.news.after(count)


def of_events(
    events: Sequence[Any], before: Sequence[str], now: Sequence[str]
) -> list[tuple[What, str]]:
    """What the events of one transaction say, of a list of cells with these ids."""
    found: dict[tuple[What, str], None] = {}
    if any(not event.path for event in events):
        found |= dict.fromkeys(_of_order(before, now))
    new = set(now) - set(before)
    for event in events:
        if not event.path or event.path[0] >= len(now):
            continue
        cell_id = now[event.path[0]]
        if cell_id not in new:
            found |= dict.fromkeys((what, cell_id) for what in _of_cell(event))
    return list(found)


def _of_order(before: Sequence[str], now: Sequence[str]) -> list[tuple[What, str]]:
    """A cell that moved is one without which the others are in the order that they had."""
    was, here = set(before), set(now)
    found: list[tuple[What, str]] = [("removed", one) for one in before if one not in here]
    found += [("added", one) for one in now if one not in was]
    old = list(dict.fromkeys(one for one in before if one in here))
    new = list(dict.fromkeys(one for one in now if one in was))
    while old != new:
        at = next(i for i, (one, other) in enumerate(zip(old, new, strict=True)) if one != other)
        # Moved up, it stands here too early; moved down, it is missing here.
        up = new.index(old[at]) - at
        down = old.index(new[at]) - at
        moved = new[at] if down >= up else old[at]
        found.append(("moved", moved))
        old.remove(moved)
        new.remove(moved)
    return found


def _of_cell(event: Any) -> list[What]:  # noqa: ANN401 -- pycrdt's events have no common type
    if len(event.path) > 1:
        return [_KINDS.get(str(event.path[1]), "metadata")]
    if not isinstance(event, MapEvent):
        return []
    changed: Any = event
    return [_KINDS.get(key, "state" if key in _STATE else "metadata") for key in changed.keys]
