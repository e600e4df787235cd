"""Notebook: a shared notebook, cell by cell."""

from __future__ import annotations

import uuid
from typing import Any

from rtstore.client.cell import Cell
from rtstore.client.document import Document
from rtstore.client.room import Room
from rtstore.schema import live
from rtstore.schema.canonical import plain

KIND, FORMAT = "notebook", "json"
CELL_TYPES = ("code", "markdown", "raw")


class Notebook(Document):
    """A notebook as everybody who has it open sees it."""

    def __init__(self, room: Room, path: str) -> None:
        super().__init__(room, path, KIND)

    @property
    def cells(self) -> list[Cell]:
        """All cells, in order."""
        return [Cell(self, str(shared["id"])) for shared in self._document.ycells]

    def cell(self, which: int | str) -> Cell:
        """The cell at a place (negative: from the end) or with an id. Raises LookupError."""
        if isinstance(which, str):
            self.index_of(which)
            return Cell(self, which)
        return self.cells[which]

    def append_cell(self, source: str = "", cell_type: str = "code", **metadata: Any) -> Cell:  # noqa: ANN401 -- any JSON
        """Add a cell at the end."""
        return self.insert_cell(self._document.cell_number, source, cell_type, **metadata)

    def insert_cell(
        self,
        at: int,
        source: str = "",
        cell_type: str = "code",
        **metadata: Any,  # noqa: ANN401 -- any JSON
    ) -> Cell:
        """Add a cell before the one at `at`. Raises IndexError, ValueError on an unknown type."""
        if cell_type not in CELL_TYPES:
            raise ValueError(f"cell type {cell_type!r}: choose from {', '.join(CELL_TYPES)}")
        if not 0 <= at <= self._document.cell_number:
            raise IndexError(f"place {at}: there are {self._document.cell_number} cells")
        cell: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "cell_type": cell_type,
            "source": source,
            "metadata": metadata,
        }
        if cell_type == "code":
            cell |= {"outputs": [], "execution_count": None}
        with self.transaction():
            self._document.ycells.insert(at, self._document.create_ycell(cell))
        return Cell(self, cell["id"])

    def delete_cell(self, which: int | str) -> None:
        """Delete the cell at a place or with an id. Raises LookupError."""
        index = self.cell(which).index
        with self.transaction():
            del self._document.ycells[index]

    @property
    def metadata(self) -> dict[str, Any]:
        """The notebook's own: a copy."""
        return dict(self.content["metadata"])

    @property
    def content(self) -> dict[str, Any]:
        """All of it, as nbformat has it: a copy."""
        return dict(live.content(self._document))

    # -- for its cells -----------------------------------------------------------------------

    def index_of(self, cell_id: str) -> int:
        """Where the cell with this id is. Raises LookupError if it is not there (any more)."""
        for index, shared in enumerate(self._document.ycells):
            if shared["id"] == cell_id:
                return index
        raise LookupError(f"no cell has the id {cell_id!r}; it may have been deleted")

    def shared_cell(self, index: int) -> Any:  # noqa: ANN401 -- a pycrdt Map, whose values have any type
        """The shared type behind a cell."""
        return self._document.ycells[index]

    def content_of(self, index: int) -> dict[str, Any]:
        """One cell as nbformat has it."""
        cell: dict[str, Any] = plain(self.shared_cell(index).to_py())
        cell.pop("execution_state", None)
        return cell
