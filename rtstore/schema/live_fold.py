"""Bringing a notebook to what a KernelFold says, in the ways that JupyterLab's views follow."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from pycrdt import Array, Map, Text

from rtstore.schema.canonical import shared
from rtstore.schema.cell_change import CellChange
from rtstore.schema.cell_outputs import Output
from rtstore.schema.live_cells import cell_type
from rtstore.schema.live_outputs import set_outputs
from rtstore.schema.live_text import set_text


class LiveCells:
    """The cells of one live notebook by their ids, as they are now.

    Looked up anew for each change: moving a cell deletes it and makes another, undo likewise.
    """

    def __init__(self, ycells: Array[Any]) -> None:
        self._cells = ycells
        self._index = {}
        for index in range(len(ycells)):
            if isinstance(cell := ycells[index], Map):
                self._index[str(cell.get("id"))] = index

    def has(self, cell_id: str) -> bool:
        """Whether there is such a code cell."""
        cell = self._cell(cell_id)
        return cell is not None and isinstance(cell.get("outputs"), Array)

    def outputs_of(self, cell_id: str) -> list[Output] | None:
        """A copy of its outputs, plain; None if there is no such code cell."""
        cell = self._cell(cell_id)
        outputs = cell.get("outputs") if cell is not None else None
        if not isinstance(outputs, Array):
            return None
        told = outputs.to_py() or []
        return [output for output in told if isinstance(output, dict)]

    def state_of(self, cell_id: str) -> str:
        """Its ``execution_state``; '' if it has none."""
        cell = self._cell(cell_id)
        return str(cell.get("execution_state", "")) if cell is not None else ""

    def apply(self, changes: Mapping[str, CellChange]) -> None:
        """Make the changes, in cells that are still there."""
        added: list[tuple[int, str]] = []
        for cell_id, change in changes.items():
            cell = self._cell(cell_id)
            if cell is None:
                continue
            _apply(cell, change)
            if change.next_input is not None:
                added.append((self._index[cell_id] + 1, change.next_input))
        for index, source in sorted(added, reverse=True):
            self._cells.insert(index, cell_type(_new_cell(source)))

    def _cell(self, cell_id: str) -> Map[Any] | None:
        index = self._index.get(cell_id)
        return self._cells[index] if index is not None else None


def _apply(cell: Map[Any], change: CellChange) -> None:
    if change.shown is not None and isinstance(outputs := cell.get("outputs"), Array):
        set_outputs(outputs, shared(change.shown))
    metadata = cell.get("metadata")
    if isinstance(metadata, Map):
        for key, value in change.metadata.items():
            if value is None:
                if key in metadata:
                    del metadata[key]
            elif metadata.get(key) != value:
                metadata[key] = shared(value)
    for key, value in change.values.items():
        if key not in cell or cell.get(key) != value:
            cell[key] = value
    if change.source is not None and isinstance(source := cell.get("source"), Text):
        set_text(source, change.source)


def _new_cell(source: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "cell_type": "code",
        "source": source,
        "metadata": {"trusted": False},  # what it says is the kernel's, not a user's
        "outputs": [],
        "execution_count": None,
    }
