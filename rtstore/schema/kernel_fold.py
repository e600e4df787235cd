"""KernelFold: what the log of one kernel says, as changes of one notebook.

No I/O: entries go in, changes of cells come out, and a state that is kept beside the cursor. Runs
are shared by all kernels of the notebook: a cell shows the run that was begun last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from rtstore.schema import captures, prompts
from rtstore.schema.captures import Captures
from rtstore.schema.cell_outputs import (
    SHOWN,
    WITH_DISPLAY_ID,
    CellOutputs,
    Output,
    display_id_of,
    output_of,
)
from rtstore.schema.giants import Beside
from rtstore.schema.run import ABORTED, LOST, OVER, REQUESTED, RUNNING

RunInfo = dict[str, Any]

TOLD = ("why", "count", "generation", "seq")
"""What the log says of a run with a state, and the document keeps."""
RECENT_CELLS = 100
"""The state goes into the store with each change, so it must not grow with the notebook."""


class Said(NamedTuple):
    """One entry of a kernel's log, with its content."""

    id: str
    kind: str
    type: str
    parent: str
    content: dict[str, Any]
    ts: int


@dataclass(slots=True)
class CellChange:
    """What is to be changed in one cell."""

    outputs: list[Output] | None = None
    """All its outputs, if they change."""
    values: dict[str, Any] = field(default_factory=dict)
    """execution_state, execution_count."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Keys to set; None deletes one."""
    next_input: str | None = None
    """Source of a cell to add below."""
    source: str | None = None
    """Source to replace the cell's by."""


class KernelFold:
    """See the module. Take entries, use `changes` and `changed_runs`, then `flushed`."""

    def __init__(
        self,
        state: dict[str, Any],
        runs: dict[str, RunInfo],
        *,
        outputs_of: Callable[[str], list[Output] | None],
        beside: Beside,
    ) -> None:
        """`outputs_of`: the outputs that a cell has in the document now; None: no such cell.

        `beside` names document and kernel, and takes what is too large.
        """
        self._document_id, self._kernel_id = beside.document_id, beside.kernel_id
        self._runs, self._outputs_of, self.beside = runs, outputs_of, beside
        self.waiting: dict[str, str] = dict(state.get("waiting", {}))
        """Run → cell, of those that did not begin."""
        self._timed: dict[str, dict[str, str]] = dict(state.get("timed", {}))
        self.cells: dict[str, CellOutputs] = {
            cell: CellOutputs.of_json(told) for cell, told in state.get("cells", {}).items()
        }
        self._captures = Captures(state.get("captures"))
        self.changes: dict[str, CellChange] = {}
        self.changed_runs: set[str] = set()

    def state(self) -> dict[str, Any]:
        """What the constructor takes: of cells that began long ago only what can be updated."""
        recent = set(list(self.cells)[-RECENT_CELLS:])
        return {
            "waiting": self.waiting,
            "timed": self._timed,
            "captures": self._captures.as_json(),
            "cells": {
                cell: outputs.as_json()
                for cell, outputs in self.cells.items()
                if cell in recent or outputs.displays
            },
        }

    def flushed(self) -> None:
        """The changes are in the document."""
        self.changes, self.changed_runs = {}, set()
        self.beside.blobs.clear()
        self.beside.spills.clear()

    @property
    def is_busy(self) -> bool:
        """Whether a run of this document is not over."""
        return any(
            info.get("kernel") == self._kernel_id and info.get("state") not in OVER
            for info in self._runs.values()
        )

    def cells_of(self, said: Said) -> set[str]:
        """Which cells the entry may change."""
        if said.kind == "run":
            return {str(said.content.get("cell", ""))} if self._is_ours(said) else set()
        return {cell for cell, outputs in self.cells.items() if outputs.run == said.parent}

    # -- entries ---------------------------------------------------------------------------

    def take(self, said: Said) -> None:
        """The next entry."""
        match said.kind:
            case "run" if self._is_ours(said):
                self._take_run(said)
            case "iopub":
                self._take_iopub(said)
            case "reply" if said.type == "execute_reply":
                self._take_reply(said)
            case "gap":
                self._take_gap(said)
            case _:
                pass

    def _is_ours(self, said: Said) -> bool:
        return said.content.get("document") == self._document_id

    def _take_run(self, said: Said) -> None:
        cell, run_id, state = str(said.content.get("cell", "")), said.parent, said.type
        if state == REQUESTED:
            self._requested(cell, said)
            return
        if state in ("asks", "answered"):
            self._prompt(cell, said)
            return
        info = self._runs.get(cell)
        if info is None or info.get("run") != run_id:
            if state in OVER:
                self.waiting.pop(run_id, None)
                is_last = info is not None and info.get("state") in OVER
                if is_last and info is not None and info.get("shown") == run_id:
                    # Asked for earlier, but begun last: the cell shows it, so it ends with it.
                    self._over(cell, state, said)
            return
        if state == LOST and said.content.get("by_other") and run_id in self.waiting:
            self._begin(cell, said)  # so that the cell says what became of it
        info["state"] = state
        info |= {key: said.content[key] for key in TOLD if said.content.get(key)}
        self.changed_runs.add(cell)
        if state in OVER:
            self.waiting.pop(run_id, None)
            self._over(cell, state, said)

    def _requested(self, cell: str, said: Said) -> None:
        self.waiting[said.parent] = cell
        if said.content.get("records_timing"):
            self._timed[said.parent] = {}
        before = self._runs.get(cell, {})
        # In one kernel the log's order counts; clocks of workers differ.
        is_elsewhere = before.get("kernel") != self._kernel_id
        asked_ms = int(said.content.get("requested", 0))
        if is_elsewhere and int(before.get("requested", 0)) > asked_ms:
            return
        told = ("user", "name", "sha", "requested")
        self._runs[cell] = {
            "run": said.parent,
            "state": REQUESTED,
            "kernel": self._kernel_id,
            "shown": before.get("shown", ""),
            "at": said.id,
            **{key: said.content[key] for key in told if key in said.content},
        }
        self.changed_runs.add(cell)
        self._change(cell).values["execution_state"] = "running"

    def _begin(self, cell: str, said: Said) -> None:
        """The kernel is at it: the cell shows this run from now on."""
        self.waiting.pop(said.parent, None)
        self.cells.pop(cell, None)  # the order is that in which they began
        self.cells[cell] = CellOutputs(said.parent)
        info = self._runs.setdefault(cell, {"run": said.parent, "kernel": self._kernel_id})
        info["shown"] = said.parent
        if info["run"] == said.parent:
            info["state"] = RUNNING
        self.changed_runs.add(cell)
        change = self._change(cell)
        change.outputs = []
        change.values["execution_state"] = "running"
        # Who may run code may show what it says: the page itself does this for its own runs.
        change.metadata["trusted"] = True
        change.metadata["rtstore"] = None

    def _over(self, cell: str, state: str, said: Said) -> None:
        change = self._change(cell)
        count = said.content.get("count")
        is_counted = state not in (ABORTED, LOST) and count
        # Together, at the end: a count alone would end the [*] in some views.
        change.values["execution_count"] = int(count) if is_counted and count else None
        change.values["execution_state"] = "idle"
        for _, outputs in self._shown_by(said.parent):
            prompts.remove(outputs)  # nobody can answer any more
            self.cells[cell].number = len(outputs)
            self.cells[cell].settle(outputs, self.beside)
        if said.content.get("by_other"):
            self._add_note(said.parent, str(said.content.get("why")))
        if state == LOST:
            change.metadata["rtstore"] = {"status": LOST, "why": str(said.content.get("why", ""))}
        if timed := self._timed.pop(said.parent, None):
            change.metadata["execution"] = timed | {"shell.execute_reply": _iso(said.ts)}

    # -- messages --------------------------------------------------------------------------

    def _take_iopub(self, said: Said) -> None:
        if said.type == "status":
            self._take_status(said)
            return
        if said.type == "execute_input":
            self._note_time(said, "iopub.execute_input")
            return
        if said.type in captures.CLOSING:
            self._captures.take(said.type, said.content)
            return
        display_id = display_id_of(said.content) if said.type in WITH_DISPLAY_ID else ""
        if display_id:
            self._update_displays(display_id, said)
        if self._captures.by(said.parent):
            return  # an Output widget shows it: see the bridge's OutputWidgets
        if said.type == "clear_output":
            for cell, outputs in self._shown_by(said.parent):
                self.cells[cell].clear(outputs, wait=bool(said.content.get("wait")))
        elif said.type in SHOWN:
            self._show(said, display_id)

    def _show(self, said: Said, display_id: str) -> None:
        for cell, outputs in self._shown_by(said.parent):
            self.cells[cell].add(outputs, output_of(said.type, said.content), self.beside)
            if display_id and said.type == "display_data":
                self.cells[cell].register(outputs, display_id)

    def _take_status(self, said: Said) -> None:
        state = said.content.get("execution_state")
        if state == "busy" and said.parent in self.waiting:
            self._begin(self.waiting[said.parent], said)
        if captures.is_start(said.type, said.content):
            self._captures.forget()
        self._note_time(said, f"iopub.status.{state}")

    def _update_displays(self, display_id: str, said: Said) -> None:
        for cell, state in self.cells.items():
            if display_id in state.displays and self._is_shown(cell):
                outputs = self._outputs(cell)
                if outputs is not None:
                    shown = output_of("display_data", said.content)
                    state.update(outputs, display_id, shown, self.beside)

    def _take_reply(self, said: Said) -> None:
        self._note_time(said, "shell.execute_reply.started")
        for payload in said.content.get("payload") or ():
            if not isinstance(payload, dict):
                continue
            for cell, outputs in self._shown_by(said.parent):
                self._take_payload(cell, outputs, payload)

    def _take_payload(self, cell: str, outputs: list[Output], payload: dict[str, Any]) -> None:
        match payload.get("source"):
            case "page" if isinstance(payload.get("data"), dict):
                output = {"output_type": "display_data", "data": payload["data"], "metadata": {}}
                self.cells[cell].add(outputs, output, self.beside)
            case "set_next_input":
                text = str(payload.get("text", ""))
                if payload.get("replace"):
                    self._change(cell).source = text
                else:
                    self._change(cell).next_input = text
            case _:
                pass

    def _take_gap(self, said: Said) -> None:
        why = said.content.get("why", "it was not heard")
        for info in self._runs.values():
            if info.get("kernel") == self._kernel_id and info.get("state") == RUNNING:
                self._add_note(str(info.get("shown")), f"output is missing here: {why}")

    def _add_note(self, run_id: str, note: str) -> None:
        """Say below a cell what its kernel did not say."""
        for cell, outputs in self._shown_by(run_id):
            text = f"[rtstore: {note}]\n"
            stream = {"output_type": "stream", "name": "stderr", "text": text}
            self.cells[cell].add(outputs, stream, self.beside)

    def _prompt(self, cell: str, said: Said) -> None:
        for _, outputs in self._shown_by(said.parent):
            state = self.cells[cell]
            prompts.remove(outputs)
            if said.type == "asks":
                url = f"{self.beside.base_url}rtstore/input/{self._kernel_id}/{said.parent}"
                outputs.append(prompts.output(str(said.content.get("prompt", "")), url=url))
            else:
                text = f"{said.content.get('prompt', '')} {said.content.get('value', '')}\n"
                stream = {"output_type": "stream", "name": "stdin", "text": text}
                state.add(outputs, stream, self.beside)
            state.number = len(outputs)

    # -- cells -----------------------------------------------------------------------------

    def _shown_by(self, run_id: str) -> list[tuple[str, list[Output]]]:
        """The cell that shows this run, with its outputs to change; [] if none does any more."""
        found = []
        for cell, state in self.cells.items():
            if state.run == run_id and self._is_shown(cell):
                outputs = self._outputs(cell)
                if outputs is not None:
                    found.append((cell, outputs))
        return found

    def _is_shown(self, cell: str) -> bool:
        return self._runs.get(cell, {}).get("shown") == self.cells[cell].run

    def _outputs(self, cell: str) -> list[Output] | None:
        change = self._change(cell)
        if change.outputs is None:
            change.outputs = self._outputs_of(cell)
        return change.outputs

    def _change(self, cell: str) -> CellChange:
        return self.changes.setdefault(cell, CellChange())

    def _note_time(self, said: Said, what: str) -> None:
        if said.parent in self._timed:
            self._timed[said.parent][what] = _iso(said.ts)


def _iso(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
