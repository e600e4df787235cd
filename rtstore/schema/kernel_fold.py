"""KernelFold: what the log of one kernel says, as changes of one notebook.

No I/O: entries go in, changes of cells come out, and a state that is kept beside the cursor. Runs
are shared by all kernels of the notebook: a cell shows the run that was begun last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rtstore.schema import captures, prompts
from rtstore.schema.captures import Captures
from rtstore.schema.cell_change import CellChange
from rtstore.schema.cell_outputs import (
    SHOWN,
    WITH_DISPLAY_ID,
    CellOutputs,
    Output,
    display_id_of,
    output_of,
)
from rtstore.schema.giants import Beside
from rtstore.schema.run import ERROR, LOST, OK, OVER, REQUESTED, RUNNING, SENT
from rtstore.schema.run_times import RunTimes
from rtstore.schema.said import Said

RunInfo = dict[str, Any]

TOLD = ("why", "count", "generation", "seq")
"""What the log says of a run with a state, and the document keeps."""
RECENT_CELLS, DISPLAYING_CELLS = 100, 1000
"""The state goes into the store with each change, so it must not grow with the notebook."""


class KernelFold:
    """See the module. Take entries, use `changes` and `changed_runs`, then `flushed`."""

    def __init__(
        self,
        state: dict[str, Any],
        runs: dict[str, RunInfo],
        *,
        outputs_of: Callable[[str], list[Output] | None],
        beside: Beside,
        is_awaited_elsewhere: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`outputs_of`: the outputs that a cell has in the document now; None: no such cell.

        `beside` names document and kernel, and takes what is too large. `is_awaited_elsewhere`:
        what `awaits` of the folds of the notebook's other kernels say.
        """
        self._document_id, self._kernel_id = beside.document_id, beside.kernel_id
        self._runs, self._outputs_of, self.beside = runs, outputs_of, beside
        self._is_awaited_elsewhere = is_awaited_elsewhere
        self.waiting: dict[str, str] = dict(state.get("waiting", {}))
        """Run → cell, of those that did not begin."""
        self.unfinished: dict[str, str] = dict(state.get("unfinished", {}))
        """Run → cell, of those that are not over."""
        self._generation = state.get("generation")
        self._times = RunTimes(state.get("timed"))
        self.cells: dict[str, CellOutputs] = {
            cell: CellOutputs.of_json(told) for cell, told in state.get("cells", {}).items()
        }
        self.missed: dict[str, None] = dict.fromkeys(state.get("missed", ()))
        """Cells that were not in the document when something was said to them."""
        self._captures = Captures(state.get("captures"))
        self.changes: dict[str, CellChange] = {}
        self.changed_runs: set[str] = set()

    def state(self) -> dict[str, Any]:
        """What the constructor takes: of cells that began long ago only what can be updated."""
        displaying = [cell for cell, outputs in self.cells.items() if outputs.displays]
        kept = {*list(self.cells)[-RECENT_CELLS:], *displaying[-DISPLAYING_CELLS:]}
        return {
            "waiting": self.waiting,
            "unfinished": self.unfinished,
            "generation": self._generation,
            "missed": list(self.missed)[-RECENT_CELLS:],
            "timed": self._times.as_json(),
            "captures": self._captures.as_json(),
            "cells": {
                cell: outputs.as_json() for cell, outputs in self.cells.items() if cell in kept
            },
        }

    def miss(self, cells: Iterable[str]) -> None:
        """These are not in the document, so their changes go nowhere."""
        self.missed |= dict.fromkeys(cells)

    def restore(self, cell: str, found: tuple[CellOutputs, CellChange] | None) -> None:
        """It is in the document again; `found`: what its run put out (see RunOutputs)."""
        self.missed.pop(cell, None)
        info = self._runs.get(cell)
        if info is None:
            return
        change = self._change(cell)
        if found is not None:
            self.cells[cell], whole = found
            change.outputs, change.question = whole.outputs, whole.question
        elif cell in self.cells:
            self.add_note(self.cells[cell].run, "output is missing here: the cell was deleted")
        self._idle(cell, info.get("count") if info.get("state") in (OK, ERROR) else None)

    def flushed(self) -> None:
        """The changes are in the document."""
        self.changes, self.changed_runs = {}, set()
        self.beside.blobs.clear()
        self.beside.spills.clear()

    @property
    def is_busy(self) -> bool:
        """Whether a run of this document is not over."""
        return bool(self.unfinished)

    def awaits(self, cell: str) -> bool:
        """Whether a run that the cell shows, or will show, is not over."""
        shown = self._runs.get(cell, {}).get("shown")
        return any(
            of == cell and (run == shown or run in self.waiting)
            for run, of in self.unfinished.items()
        )

    def cells_of(self, said: Said) -> set[str]:
        """Which cells the entry may change."""
        if said.kind == "run":
            return {str(said.content.get("cell", ""))} if self._is_ours(said) else set()
        display_id = display_id_of(said.content) if said.type in WITH_DISPLAY_ID else ""
        return {
            cell
            for cell, outputs in self.cells.items()
            if outputs.run == said.parent or (display_id and display_id in outputs.displays)
        }

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
            case "begin" if generation := said.content.get("generation"):
                if generation != self._generation:
                    self._generation = generation
                    self._started_again()
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
            self._ask(said)
            return
        if state in OVER:
            self._end(cell, said)
            return
        info = self._runs.get(cell)
        if info is not None and info.get("run") == run_id:
            if state == RUNNING or said.content.get("put_back"):
                self._begin_late(said)
            if said.content.get("put_back"):  # what it said may be before this in the log
                self.miss([cell])
            info["state"] = state
            info |= {key: said.content[key] for key in TOLD if said.content.get(key)}
            self.changed_runs.add(cell)

    def _requested(self, cell: str, said: Said) -> None:
        self.waiting[said.parent] = self.unfinished[said.parent] = cell
        if said.content.get("records_timing"):
            self._times.want(said.parent)
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
        self.missed.pop(cell, None)
        self.cells.pop(cell, None)  # the order is that in which they began
        self.cells[cell] = CellOutputs(said.parent)
        info = self._runs.setdefault(cell, {"run": said.parent, "kernel": self._kernel_id})
        info["shown"] = said.parent
        if info["run"] == said.parent:
            info |= {"state": RUNNING, "started": said.ts}
        self.changed_runs.add(cell)
        change = self._change(cell)
        change.outputs, change.question = [], None
        change.values["execution_state"] = "running"
        # Who may run code may show what it says: the page itself does this for its own runs.
        change.metadata["trusted"] = True
        change.metadata["rtstore"] = None
        if not self._times.are_wanted(said.parent):
            change.metadata["execution"] = None  # it was an earlier run's

    def _begin_late(self, said: Said) -> None:
        """Something of a run came, or is missing, and that it began was not heard."""
        if said.parent in self.waiting:
            self._begin(self.waiting[said.parent], said)

    def _end(self, cell: str, said: Said) -> None:
        """A run is over, perhaps not the cell's newest, nor the one that it shows."""
        run_id, state = said.parent, said.type
        info = self._runs.get(cell, {})
        is_newest = info.get("run") == run_id
        if is_newest:
            if state == LOST and said.content.get("by_other") and run_id in self.waiting:
                self._begin(cell, said)  # so that the cell says what became of it
            told = {key: said.content[key] for key in TOLD if said.content.get(key)}
            info |= {"state": state, "ended": said.ts, **told}
            self.changed_runs.add(cell)
        self.waiting.pop(run_id, None)
        self.unfinished.pop(run_id, None)
        times = self._times.pop(run_id, said.ts)
        if is_newest or info.get("shown") == run_id:
            self._close(cell, said, times)
            self._idle(cell, said.content.get("count") if state in (OK, ERROR) else None)
        elif info:
            self._idle(cell, info.get("count") if info.get("state") in (OK, ERROR) else None)

    def _close(self, cell: str, said: Said, times: dict[str, str]) -> None:
        """Say in a cell how its run ended."""
        change = self._change(cell)
        for _, outputs in self._shown_by(said.parent):
            change.question = None  # nobody can answer any more
            self.cells[cell].settle(outputs, self.beside)
        why = str(said.content.get("why", ""))
        if said.content.get("by_other"):
            self.add_note(said.parent, why)
        if said.type == LOST:
            change.metadata["rtstore"] = {"status": LOST, "why": why}
        if times:
            change.metadata["execution"] = times

    def _idle(self, cell: str, count: object) -> None:
        """The cell is idle, unless its newest run, or one that it awaits, is not over."""
        values = self._change(cell).values
        is_over = self._runs.get(cell, {}).get("state") in OVER
        if not is_over or self.awaits(cell) or self._is_awaited_elsewhere(cell):
            values["execution_state"] = "running"
            return
        # Together, at the end: a count alone would end the [*] in some views.
        values["execution_count"] = int(str(count)) if str(count).isdecimal() else None
        values["execution_state"] = "idle"

    # -- messages --------------------------------------------------------------------------

    def _take_iopub(self, said: Said) -> None:
        if said.type == "status":
            self._take_status(said)
            return
        if said.type == "execute_input":
            self._note_time(said)
            return
        if said.type in captures.CLOSING:
            self._captures.take(said.type, said.content)
            return
        self._begin_late(said)
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
            state = self.cells[cell]
            is_there = state.add(outputs, output_of(said.type, said.content), self.beside)
            if is_there and display_id and said.type == "display_data":
                state.register(outputs, display_id)

    def _take_status(self, said: Said) -> None:
        state = said.content.get("execution_state")
        if state == "busy" and said.parent in self.waiting:
            self._begin(self.waiting[said.parent], said)
        if captures.is_start(said.type, said.content):
            self._started_again()
        self._note_time(said)

    def _started_again(self) -> None:
        """What the kernel says from here on is of another process: ids of the old one are over."""
        self._captures.forget()
        for outputs in self.cells.values():
            outputs.displays.clear()

    def _update_displays(self, display_id: str, said: Said) -> None:
        for cell, state in self.cells.items():
            if display_id in state.displays and self._is_shown(cell):
                outputs = self._outputs(cell)
                if outputs is not None:
                    shown = output_of("display_data", said.content)
                    state.update(outputs, display_id, shown, self.beside)

    def _take_reply(self, said: Said) -> None:
        self._note_time(said)
        if said.content.get("status") != "ok":
            return
        first: dict[str, dict[str, Any]] = {}
        for payload in said.content.get("payload") or ():
            if isinstance(payload, dict):
                first.setdefault(str(payload.get("source")), payload)  # as in JupyterLab
        for cell, outputs in self._shown_by(said.parent):
            if isinstance(data := first.get("page", {}).get("data"), dict):
                shown = output_of("display_data", {"data": data})
                self.cells[cell].add(outputs, shown, self.beside)
            if (payload := first.get("set_next_input")) is not None:
                text = str(payload.get("text", ""))
                if payload.get("replace"):
                    self._change(cell).source = text
                else:
                    self._change(cell).next_input = text

    def _take_gap(self, said: Said) -> None:
        why = said.content.get("why", "it was not heard")
        self._begin_late(said)
        for run_id, cell in list(self.unfinished.items()):
            info = self._runs.get(cell, {})
            if said.parent == "" and (info.get("run"), info.get("state")) == (run_id, SENT):
                self._begin(cell, said._replace(parent=run_id))  # it may have begun unheard
            if said.parent in {"", run_id} and run_id not in self.waiting:
                self.add_note(run_id, f"output is missing here: {why}")

    def add_note(self, run_id: str, note: str) -> None:
        """Say below a cell what its kernel did not say."""
        for cell, outputs in self._shown_by(run_id):
            text = f"[rtstore: {note}]\n"
            stream = {"output_type": "stream", "name": "stderr", "text": text}
            self.cells[cell].add(outputs, stream, self.beside)

    def _ask(self, said: Said) -> None:
        """The run asks something, or was answered."""
        prompt = str(said.content.get("prompt", ""))
        for cell, outputs in self._shown_by(said.parent):
            if said.type == "asks":
                url = f"{self.beside.base_url}rtstore/input/{self._kernel_id}/{said.parent}"
                self._change(cell).question = prompts.output(prompt, url=url)
            else:
                self._change(cell).question = None
                text = f"{prompt} {said.content.get('value', '')}\n"
                stream = {"output_type": "stream", "name": "stdin", "text": text}
                self.cells[cell].add(outputs, stream, self.beside)

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
            change.begin_from(self._outputs_of(cell))
        return change.outputs

    def _change(self, cell: str) -> CellChange:
        return self.changes.setdefault(cell, CellChange())

    def _note_time(self, said: Said) -> None:
        self._times.note(said.type, said.parent, said.content, said.ts)
