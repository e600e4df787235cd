"""Cell: one cell of a shared notebook, found by its id however the others move it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rtstore.client import shared_text

if TYPE_CHECKING:
    from rtstore.client.notebook import Notebook


class Cell:
    """A cell. Everything raises LookupError once somebody has deleted it."""

    def __init__(self, notebook: Notebook, cell_id: str) -> None:
        self._notebook = notebook
        self.id = cell_id
        """As in the file; it stays when the cell is edited."""

    def __repr__(self) -> str:
        return f"<Cell {self.id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and (self.id, self._notebook) == (other.id, other._notebook)

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def index(self) -> int:
        """Where it is now, from 0."""
        return self._notebook.index_of(self.id)

    @property
    def type(self) -> str:
        """``code``, ``markdown`` or ``raw``."""
        return str(self._shared["cell_type"])

    @property
    def source(self) -> str:
        """Its text. Setting it makes the fewest edits that lead there."""
        return str(self._shared["source"])

    @source.setter
    def source(self, wanted: str) -> None:
        with self._notebook.transaction():
            shared_text.change_to(self._shared["source"], wanted)

    def insert(self, at: int, added: str) -> None:
        """Insert `added` before character `at` of the source. Raises IndexError."""
        with self._notebook.transaction():
            shared_text.insert(self._shared["source"], at, added)

    def append(self, added: str) -> None:
        """Insert `added` at the end of the source."""
        self.insert(len(self.source), added)

    def delete(self, start: int, end: int) -> None:
        """Delete the source's characters from `start` to before `end`. Raises IndexError."""
        with self._notebook.transaction():
            shared_text.delete(self._shared["source"], start, end)

    @property
    def content(self) -> dict[str, Any]:
        """All of it, as nbformat has it: a copy."""
        return self._notebook.content_of(self.index)

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """What running it gave, as nbformat has it: a copy; empty for cells that can't run."""
        return list(self.content.get("outputs", ()))

    @property
    def metadata(self) -> dict[str, Any]:
        """A copy."""
        return dict(self.content.get("metadata", {}))

    @property
    def _shared(self) -> Any:  # noqa: ANN401 -- a pycrdt Map, whose values have any type
        return self._notebook.shared_cell(self.index)
