"""A notebook as a fold sees it: cells, outputs, and what is heard of kernels."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from rtstore.schema.giants import Beside
from rtstore.schema.kernel_fold import KernelFold
from rtstore.schema.said import Said

RUN, CELL = "run1", "cell-0"


class Notebook:
    """Cells' outputs, as a document would have them, and one kernel's fold."""

    def __init__(self, *cells: str) -> None:
        self.outputs: dict[str, list[dict[str, Any]]] = {cell: [] for cell in cells or (CELL,)}
        self.values: dict[str, dict[str, Any]] = {cell: {} for cell in self.outputs}
        self.metadata: dict[str, dict[str, Any]] = {cell: {} for cell in self.outputs}
        self.added: list[str] = []
        self.sources: dict[str, str] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.folds: dict[str, KernelFold] = {}
        self._numbers = count(1)

    def hear(
        self, kind: str, type_: str, parent: str = RUN, /, *, kernel: str = "k", **content: Any
    ) -> None:
        """One entry, put into the document at once."""
        fold = self.folds.setdefault(kernel, self._fold(kernel, {}))
        number = next(self._numbers)
        fold.take(Said(f"1-{number}", kind, type_, parent, content, number))
        for cell, change in fold.changes.items():
            if cell in self.outputs:
                if change.shown is not None:
                    self.outputs[cell] = change.shown
                self.values[cell] |= change.values
                self.metadata[cell] |= change.metadata
                if change.next_input is not None:
                    self.added.append(change.next_input)
                if change.source is not None:
                    self.sources[cell] = change.source
        fold.flushed()

    def _fold(self, kernel: str, state: dict[str, Any]) -> KernelFold:
        def outputs_of(cell: str) -> list[dict[str, Any]] | None:
            found = self.outputs.get(cell)
            return None if found is None else [dict(one) for one in found]

        beside = Beside("/b/", "d", kernel)
        return KernelFold(
            json.loads(json.dumps(state)),
            self.runs,
            outputs_of=outputs_of,
            beside=beside,
            is_awaited_elsewhere=lambda cell: any(f.awaits(cell) for f in self.folds.values()),
        )

    def another_keeper(self, kernel: str = "k") -> None:
        """Somebody else goes on from what was kept."""
        self.folds[kernel] = self._fold(kernel, self.folds[kernel].state())

    def request(self, run: str = RUN, cell: str = CELL, *, kernel: str = "k", at: int = 1) -> None:
        self.hear(
            "run",
            "requested",
            run,
            kernel=kernel,
            document="d",
            cell=cell,
            user="ann",
            requested=at,
        )

    def begin(self, run: str = RUN, *, kernel: str = "k") -> None:
        self.hear("iopub", "status", run, kernel=kernel, execution_state="busy")

    def say(self, text: str, run: str = RUN, *, name: str = "stdout", kernel: str = "k") -> None:
        self.hear("iopub", "stream", run, kernel=kernel, name=name, text=text)

    def show(self, text: str, display_id: str, run: str = RUN, *, is_new: bool = True) -> None:
        """Show a text under a display_id."""
        kind = "display_data" if is_new else "update_display_data"
        content: dict[str, Any] = {
            "data": {"text/plain": text},
            "transient": {"display_id": display_id},
        }
        self.hear("iopub", kind, run, **content)

    def ask(self, prompt: str, run: str = RUN, cell: str = CELL) -> None:
        self.hear("run", "asks", run, document="d", cell=cell, prompt=prompt)

    def answer(self, prompt: str, value: str, run: str = RUN, cell: str = CELL) -> None:
        told = {"document": "d", "cell": cell, "prompt": prompt, "value": value}
        self.hear("run", "answered", run, **told)

    def end(self, state: str, run: str = RUN, cell: str = CELL, **more: Any) -> None:
        self.hear("run", state, run, document="d", cell=cell, **more)

    def texts(self, cell: str = CELL) -> list[str]:
        return [str(one.get("text", one.get("data"))) for one in self.outputs[cell]]
