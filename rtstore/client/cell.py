"""Cell: one cell of a shared notebook, found by its id however the others move it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from rtstore.client import shared_text
from rtstore.client.runs import Run

if TYPE_CHECKING:
    from rtstore.client.notebook import Notebook


class Outputs(list[dict[str, Any]]):
    """A copy of a cell's outputs; awaited, those that it has when it is idle."""

    def __init__(self, cell: Cell, outputs: list[dict[str, Any]]) -> None:
        super().__init__(outputs)
        self._cell = cell

    def __await__(self) -> Generator[Any, None, Outputs]:
        return self._cell.until_idle().__await__()


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
    def outputs(self) -> Outputs:
        """What running it gave, as nbformat has it: a copy; empty for cells that can't run.

        ``await cell.outputs`` gives those that it has when it is idle.
        """
        return Outputs(self, list(self.content.get("outputs", ())))

    @property
    def execution_count(self) -> int | None:
        """The number before it; None if it was not run, and for cells that can't be."""
        count = self.content.get("execution_count")
        return int(count) if count is not None else None

    @property
    def is_running(self) -> bool:
        """Whether it runs, or waits to be run, whoever asked for it."""
        return self._shared.get("execution_state") not in (None, "", "idle")

    async def until_idle(self) -> Outputs:
        """Its outputs, once it neither runs nor waits. Raises as `Document.until`."""
        await self._notebook.until(lambda: not self.is_running)
        return self.outputs

    async def run(self) -> Run:
        """Have the server run it as it is now; returns when it is in the kernel's queue.

        ``await run.done()`` waits for its end. Raises ValueError if it is no code cell,
        ActionFailed if the server refuses, NotAllowed, JupyterUnavailable (and that the server
        runs no cells).
        """
        return await self._notebook.run_cell(self)

    @property
    def metadata(self) -> dict[str, Any]:
        """A copy."""
        return dict(self.content.get("metadata", {}))

    @property
    def _shared(self) -> Any:  # noqa: ANN401 -- a pycrdt Map, whose values have any type
        return self._notebook.shared_cell(self.index)
