"""Notebook: a shared notebook, cell by cell."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any
from weakref import WeakSet

from jupyter_ydoc import YNotebook
from pycrdt import Map

from rtstore.client import runs
from rtstore.client.cell import Cell
from rtstore.client.cell_changes import CellChanges, of_events
from rtstore.client.document import Document
from rtstore.client.requests import Requests
from rtstore.client.room import Room
from rtstore.client.runner import Runner
from rtstore.client.runs import Run
from rtstore.schema import live, prompts
from rtstore.schema.canonical import plain
from rtstore.schema.live_cells import cell_type as shared_cell_of
from rtstore.tasks import one_error

KIND, FORMAT = "notebook", "json"
CELL_TYPES = ("code", "markdown", "raw")
AT_ONCE = 6
"""As browsers do; the server takes what comes so for one "Run All"."""


class Notebook(Document):
    """A notebook as everybody who has it open sees it."""

    def __init__(self, room: Room, path: str, requests: Requests, document_id: str) -> None:
        super().__init__(room, path)
        self._document = YNotebook(self._doc)
        self._requests, self._runner = requests, Runner(requests, document_id)
        self._ids: list[str] = []
        self._watchers: WeakSet[CellChanges] = WeakSet()
        self._cells_subscription = self._document.ycells.observe_deep(self._cells_changed)

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

    def move_cell(self, which: int | str, to: int) -> Cell:
        """Put a cell at the place `to` of the others; it keeps its id, and what it shows.

        What somebody types into it in the same instant is lost, as in JupyterLab: for Yjs it is
        a new cell. Raises LookupError, IndexError.
        """
        cell = self.cell(which)
        if not 0 <= to < self._document.cell_number:
            raise IndexError(f"place {to}: there are {self._document.cell_number} cells")
        at = cell.index
        if at != to:
            content = plain(self.shared_cell(at).to_py())
            state = content.pop("execution_state", None)
            with self.transaction():
                del self._document.ycells[at]
                self._document.ycells.insert(to, shared_cell_of(content))
                if state is not None:
                    self._document.ycells[to]["execution_state"] = state
        return cell

    def cell_changes(self) -> CellChanges:
        """What happens to cells from this call on, by anybody: ``async for`` each `CellChange`.

        Raises the error for which the document was closed.
        """
        watcher = CellChanges(self)
        self._watchers.add(watcher)
        return watcher

    # -- running -----------------------------------------------------------------------------

    async def run_cell(self, which: int | str | Cell) -> Run:
        """As `Cell.run`."""
        cell = which if isinstance(which, Cell) else self.cell(which)
        if cell.type != "code":
            raise ValueError(f"cell {cell.id} is a {cell.type} cell: only code runs")
        await self.flush()
        kernel_id = await self._runner.kernel(self.path, self._kernel_name)
        return await self._runner.run(kernel_id, cell.id, cell.source, self)

    async def run_all(self) -> list[Run]:
        """Run all code cells, and return when all are over: an error aborts those after it.

        Nothing is raised for cells that fail: see `Run.check`. Raises as `Cell.run`.
        """
        await self.flush()
        cells = [cell for cell in self.cells if cell.type == "code"]
        kernel_id = await self._runner.kernel(self.path, self._kernel_name)
        one_of_few, found = asyncio.Semaphore(AT_ONCE), list[Run | None]([None] * len(cells))

        async def ask(at: int, cell: Cell) -> None:
            async with one_of_few:
                found[at] = await self._runner.run(kernel_id, cell.id, cell.source, self)

        with one_error():
            async with asyncio.TaskGroup() as group:
                for at, cell in enumerate(cells):
                    group.create_task(ask(at, cell))
        return [await run.done() for run in found if run is not None]

    async def interrupt(self) -> None:
        """Interrupt the notebook's kernel, if it has one. Raises ActionFailed, NotAllowed."""
        if kernel_id := await self._runner.kernel(self.path, start=False):
            await runs.interrupt(self._requests, kernel_id)

    async def restart(self) -> None:
        """Restart the notebook's kernel, if it has one; what runs or waits there ends."""
        if kernel_id := await self._runner.kernel(self.path, start=False):
            await runs.restart(self._requests, kernel_id)

    @property
    def _kernel_name(self) -> str:
        return str(dict(self.metadata.get("kernelspec") or {}).get("name") or "")

    @property
    def metadata(self) -> dict[str, Any]:
        """The notebook's own: a copy."""
        return dict(plain(self._doc.get("meta", type=Map).to_py() or {}).get("metadata") or {})

    @property
    def content(self) -> dict[str, Any]:
        """All of it, as nbformat has it: a copy."""
        return dict(live.content(self._document))

    # -- for its cells, runs and watchers ----------------------------------------------------

    def cell_of(self, cell_id: str) -> Cell:
        """The cell with this id, whether or not it is there."""
        return Cell(self, cell_id)

    def sign_of(self, cell_id: str) -> tuple[str, int | None, bool] | None:
        """What a cell shows of its run: (state, count, whether it asks); None if it is gone."""
        try:
            shared = self.shared_cell(self.index_of(cell_id))
        except LookupError:
            return None
        outputs, count = shared.get("outputs"), shared.get("execution_count")
        last = outputs[len(outputs) - 1] if outputs else None
        asks = last is not None and prompts.is_prompt(
            last if isinstance(last, dict) else last.to_py()
        )
        state = str(shared.get("execution_state") or "")
        return state, int(count) if count is not None else None, asks

    def _cells_changed(self, events: list[Any]) -> None:
        before = self._ids
        if any(not event.path for event in events):
            self._ids = [str(one.get("id")) for one in self._document.ycells]
        for what, cell_id in of_events(events, before, self._ids):
            for watcher in self._watchers:
                watcher.add(what, cell_id, is_mine=not self._is_applying)

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
