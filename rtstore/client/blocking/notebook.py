"""Notebooks, without await: see the classes of the same names in `rtstore.client`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rtstore import client
from rtstore.client.blocking.document import Document
from rtstore.client.blocking.facade import Facade
from rtstore.client.cell_changes import What
from rtstore.client.runs import CellError, Question


class Run(Facade[client.Run]):
    """One run; what it says of itself is of the last look."""

    @property
    def id(self) -> str:
        """As the server calls it."""
        return self._inner.id

    @property
    def cell_id(self) -> str:
        """Of the cell that is run."""
        return self._inner.cell_id

    @property
    def kernel_id(self) -> str:
        """Of the kernel that runs it."""
        return self._inner.kernel_id

    @property
    def state(self) -> str:
        """``requested``, ``sent``, ``running``, ``ok``, ``error``, ``aborted``, ``lost``."""
        return self._inner.state

    @property
    def is_over(self) -> bool:
        """Whether it does not change any more."""
        return self._inner.is_over

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """What it put out so far."""
        return self._inner.outputs

    @property
    def execution_count(self) -> int | None:
        """Its number."""
        return self._inner.execution_count

    @property
    def why(self) -> str:
        """Why it was aborted or lost."""
        return self._inner.why

    @property
    def error(self) -> CellError | None:
        """The exception that ended it."""
        return self._inner.error

    @property
    def question(self) -> Question | None:
        """What it asks now."""
        return self._inner.question

    def check(self) -> Run:
        """Itself if it ended well. Raises RunFailed."""
        self._inner.check()
        return self

    def refresh(self) -> Run:
        """Itself, after another look."""
        self._loop.wait(self._inner.refresh())
        return self

    def done(self, timeout: float | None = None) -> Run:
        """Itself, when it is over and the notebook shows so. Raises TimeoutError."""
        self._loop.wait(self._inner.done(), timeout)
        return self

    def asks(self, timeout: float | None = None) -> Question | None:
        """What it asks, as soon as it does; None when it ends without. Raises TimeoutError."""
        return self._loop.wait(self._inner.asks(), timeout)

    def answer(self, value: str) -> None:
        """Answer what it asks."""
        self._loop.wait(self._inner.answer(value))

    def cancel(self) -> None:
        """Take it out of the queue."""
        self._loop.wait(self._inner.cancel())

    def interrupt(self) -> None:
        """Interrupt the kernel."""
        self._loop.wait(self._inner.interrupt())


class Cell(Facade[client.Cell]):
    """One cell, found by its id however the others move it."""

    @property
    def id(self) -> str:
        """As in the file."""
        return self._inner.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cell) and self._inner == other._inner

    def __hash__(self) -> int:
        return hash(self._inner)

    @property
    def index(self) -> int:
        """Where it is now, from 0."""
        return self.on_loop(lambda it: it.index)

    @property
    def type(self) -> str:
        """``code``, ``markdown`` or ``raw``."""
        return self.on_loop(lambda it: it.type)

    @property
    def source(self) -> str:
        """Its text. Setting it makes the fewest edits that lead there."""
        return self.on_loop(lambda it: it.source)

    @source.setter
    def source(self, wanted: str) -> None:
        def change(it: client.Cell) -> None:
            it.source = wanted

        self.on_loop(change)

    def insert(self, at: int, added: str) -> None:
        """Insert `added` before character `at` of the source."""
        self.on_loop(lambda it: it.insert(at, added))

    def append(self, added: str) -> None:
        """Insert `added` at the end of the source."""
        self.on_loop(lambda it: it.append(added))

    def delete(self, start: int, end: int) -> None:
        """Delete the source's characters from `start` to before `end`."""
        self.on_loop(lambda it: it.delete(start, end))

    @property
    def content(self) -> dict[str, Any]:
        """All of it, as nbformat has it: a copy."""
        return self.on_loop(lambda it: it.content)

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """What running it gave: a copy."""
        return self.on_loop(lambda it: list(it.outputs))

    @property
    def metadata(self) -> dict[str, Any]:
        """A copy."""
        return self.on_loop(lambda it: it.metadata)

    @property
    def execution_count(self) -> int | None:
        """The number before it."""
        return self.on_loop(lambda it: it.execution_count)

    @property
    def is_running(self) -> bool:
        """Whether it runs, or waits to be run."""
        return self.on_loop(lambda it: it.is_running)

    def until_idle(self, timeout: float | None = None) -> list[dict[str, Any]]:
        """Its outputs, once it neither runs nor waits. Raises TimeoutError."""
        return list(self._loop.wait(self._inner.until_idle(), timeout))

    def run(self) -> Run:
        """Have the server run it; ``run().done()`` waits for its end."""
        return Run(self._loop, self._loop.wait(self._inner.run()))


@dataclass(frozen=True, slots=True)
class CellChange:
    """Something happened to a cell."""

    what: What
    cell: Cell
    is_mine: bool


class Notebook(Document[client.Notebook]):
    """A shared notebook, cell by cell."""

    @property
    def cells(self) -> list[Cell]:
        """All cells, in order."""
        return [Cell(self._loop, one) for one in self.on_loop(lambda it: it.cells)]

    def cell(self, which: int | str) -> Cell:
        """The cell at a place (negative: from the end) or with an id. Raises LookupError."""
        return Cell(self._loop, self.on_loop(lambda it: it.cell(which)))

    def append_cell(self, source: str = "", cell_type: str = "code", **metadata: Any) -> Cell:  # noqa: ANN401 -- any JSON
        """Add a cell at the end."""
        added = self.on_loop(lambda it: it.append_cell(source, cell_type, **metadata))
        return Cell(self._loop, added)

    def insert_cell(
        self,
        at: int,
        source: str = "",
        cell_type: str = "code",
        **metadata: Any,  # noqa: ANN401 -- any JSON
    ) -> Cell:
        """Add a cell before the one at `at`."""
        added = self.on_loop(lambda it: it.insert_cell(at, source, cell_type, **metadata))
        return Cell(self._loop, added)

    def delete_cell(self, which: int | str) -> None:
        """Delete the cell at a place or with an id."""
        self.on_loop(lambda it: it.delete_cell(which))

    def move_cell(self, which: int | str, to: int) -> Cell:
        """Put a cell at the place `to` of the others."""
        return Cell(self._loop, self.on_loop(lambda it: it.move_cell(which, to)))

    @property
    def metadata(self) -> dict[str, Any]:
        """The notebook's own: a copy."""
        return self.on_loop(lambda it: it.metadata)

    @property
    def content(self) -> dict[str, Any]:
        """All of it, as nbformat has it: a copy."""
        return self.on_loop(lambda it: it.content)

    def cell_changes(self, timeout: float | None = None) -> Iterator[CellChange]:
        """What happens to cells from this call on. TimeoutError if nothing does for so long."""
        changes = self._loop.each(self._inner.cell_changes, timeout)
        return (CellChange(one.what, Cell(self._loop, one.cell), one.is_mine) for one in changes)

    def run_cell(self, which: int | str) -> Run:
        """Have the server run a cell."""
        return Run(self._loop, self._loop.wait(self._inner.run_cell(which)))

    def run_all(self, timeout: float | None = None) -> list[Run]:
        """Run all code cells, and return when all are over. Raises TimeoutError."""
        return [Run(self._loop, one) for one in self._loop.wait(self._inner.run_all(), timeout)]

    def interrupt(self) -> None:
        """Interrupt the notebook's kernel, if it has one."""
        self._loop.wait(self._inner.interrupt())

    def restart(self) -> None:
        """Restart the notebook's kernel, if it has one."""
        self._loop.wait(self._inner.restart())
