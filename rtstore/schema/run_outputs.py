"""RunOutputs: what one run put out, whether or not a cell shows it, by its kernel's log."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rtstore.schema import giants
from rtstore.schema.captures import CLOSING
from rtstore.schema.cell_change import CellChange
from rtstore.schema.cell_outputs import WITH_DISPLAY_ID, CellOutputs
from rtstore.schema.giants import Beside
from rtstore.schema.kernel_fold import KernelFold
from rtstore.schema.run import OVER, REQUESTED, SENT, Run
from rtstore.schema.said import Said

ALL = 10**9
CHARS_MAX = 32_000_000
"""More is not held, as it is held several times until somebody has it."""
_LOOK_CHARS = CHARS_MAX // 8
_GONE = "output is missing here: it is not kept any more"
_FULL = f"output is missing here: only {giants.amount(CHARS_MAX)} of a run are shown"


class RunOutputs:
    """See the module. Give it the log's entries after the run's `sent_at` that it `wants`."""

    def __init__(self, run: Run, beside: Beside, *, spills: int = 0) -> None:
        """`spills`: how many there are of the run already, whose names are not to be taken."""
        self._run, self.beside, self._spills = run, beside, spills
        self._fold = KernelFold({}, {}, outputs_of=lambda _: [], beside=beside)
        told = {"document": run.document, "cell": run.cell}
        self._fold.take(Said("", "run", REQUESTED, run.id, told, 0))
        self._spilled: dict[str, list[str]] = {}
        self._is_cut = self._is_noted = False
        self._added = 0
        self.is_full = False
        """Whether it takes no more."""
        self.is_over = False
        """Whether the run's end was taken; a thread of it may say more."""

    def wants(self, kind: str, type_: str, parent: str) -> bool:
        """Whether an entry changes what this run shows, or may change it."""
        state = self._state
        return (
            parent == self._run.id
            or type_ in CLOSING  # of whatever run, it may end what an Output widget takes
            or kind in ("begin", "gap")
            or (type_ == "status" and not parent)
            or (type_ in WITH_DISPLAY_ID and state is not None and bool(state.displays))
        )

    def take(self, said: Said, chars: int) -> None:
        """The next entry, of about so many characters."""
        if self.is_full:
            return
        is_ours = said.parent == self._run.id
        if is_ours and self._state is not None and said.type in (REQUESTED, SENT):
            return  # put back into a store that forgot it: it began long ago
        is_first = said.type == SENT or said.content.get("execution_state") == "busy"
        if is_ours and self._is_cut and self._state is None and not is_first:
            self._begin_late()
        self._fold_in(said)
        self.is_over |= is_ours and said.kind == "run" and said.type in OVER
        self._take_spills()
        self._added += chars
        if self._added >= _LOOK_CHARS:
            self._look()

    def lack(self) -> None:
        """Some of what the log had before what comes next is not there any more."""
        self._is_cut = True
        if self._state is not None and not self._is_noted:
            self._is_noted = True
            self._fold.add_note(self._run.id, _GONE)

    def cell(self) -> tuple[CellOutputs, CellChange]:
        """What a document holds of them; what it keeps beside is in `beside`."""
        if self._state is None and self._run.started:
            self._begin_late()
        self._take_spills()
        for name, parts in self._spilled.items():
            self.beside.spills[name] = "".join(parts)
        return self._state or CellOutputs(self._run.id), self._change

    def whole(self) -> list[dict[str, Any]]:
        """All of them, as a file holds them."""
        _, change = self.cell()
        return giants.whole(change.outputs or [], self.beside.blobs | self.beside.spills)

    @property
    def _state(self) -> CellOutputs | None:
        return self._fold.cells.get(self._run.cell)

    @property
    def _change(self) -> CellChange:
        return self._fold.changes[self._run.cell]

    def _begin_late(self) -> None:
        """What it said first is not there."""
        busy = {"execution_state": "busy"}
        self._fold_in(Said("", "iopub", "status", self._run.id, busy, 0))
        self.lack()

    def _fold_in(self, said: Said) -> None:
        is_new = self._state is None
        # What a kernel says may have any form: one odd message must not hide the rest.
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            self._fold.take(said)
        if is_new and (state := self._state) is not None:
            state.spills = self._spills

    def _take_spills(self) -> None:
        """Put what spilled apart: a text that long is not to be copied with each message."""
        for name, text in self.beside.spills.items():
            self._spilled.setdefault(name, []).append(text)
        self.beside.spills.clear()

    def _look(self) -> None:
        """Let go of what was cleared, and see how much is left."""
        self._added = 0
        outputs = self._change.outputs or []
        needed = giants.names(outputs)
        for held in (self.beside.blobs, self._spilled):
            for name in held.keys() - needed:
                del held[name]
        beside = sum(map(len, self.beside.blobs.values()))
        spilled = sum(len(part) for parts in self._spilled.values() for part in parts)
        self.is_full = sum(map(giants.size, outputs)) + beside + spilled >= CHARS_MAX
        if self.is_full:
            self._fold.add_note(self._run.id, _FULL)
