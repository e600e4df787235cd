"""LostFolds: cells whose outputs may be in the document twice, or not all of them.

A store that is killed while its disk is slow forgets the last second or two, and with it how far
kernels were followed. Rooms and pages bring back what they heard of the document meanwhile; the
kernels' words are followed again from the older cursor. A cell then has both, and is written anew.

Who moves a cell while it runs puts another one in its place, which has what they had heard until
then; an undo likewise. That one is written anew, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from rtstore.keeper.charge import Charge
from rtstore.redis_backend.run_queue import RunQueue
from rtstore.schema.cell_outputs import CellOutputs
from rtstore.schema.kernel_fold import RunInfo
from rtstore.schema.live_fold import LiveCells
from rtstore.schema.run import OVER

FORGOTTEN_MS = 10_000
"""A store forgets two seconds at most, and is away a few."""
MOVED_MS = 10_000
"""What a page knows that moves a cell may be so old: its run is over since."""
BROUGHT_BACK_WITHIN_S = 60.0
"""A run that is over is looked at for so long after the store came back: then it is as it is."""


class LostFolds:
    """See the module. For one kernel and one notebook."""

    def __init__(
        self,
        charge: Charge,
        runs: Mapping[str, RunInfo],
        queue: RunQueue,
        *,
        awaits: Callable[[str], bool],
    ) -> None:
        """`runs`: cell → its newest run; `awaits`: whether a cell waits for any run's end."""
        self._charge, self._runs, self._queue, self._awaits = charge, runs, queue, awaits
        self._epoch = self._epoch_ms = 0
        self._put_in: dict[str, int] = {}
        """As the replica's, when the cell was last as we had left it."""

    async def cells(self, cells: Mapping[str, CellOutputs], live: LiveCells) -> list[str]:
        """Those of `cells`, as we left them, that `live` shows otherwise. Raises StoreUnavailable.

        Not those that somebody cleared: nothing that comes back makes outputs fewer than none.
        """
        epoch = self._charge.replica.follower.position.epoch
        if epoch != self._epoch:
            self._epoch_ms = int((await self._charge.log.meta()).get("epoch_ts") or 0)
            self._epoch = epoch
        now_ms = time.time() * 1000
        is_recent = now_ms < self._epoch_ms + BROUGHT_BACK_WITHIN_S * 1000
        off = []
        for cell, left in cells.items():
            if self._may_be_lost(cell, left, is_recent=is_recent):
                since_ms: float = self._epoch_ms - FORGOTTEN_MS
            elif self._is_moved(cell, left):
                since_ms = now_ms - MOVED_MS
            else:
                continue
            if self._is_off(cell, left, live) and await self._went_on(left.run, since_ms):
                off.append(cell)
            else:
                self._put_in[cell] = self._charge.replica.put_in.get(cell, 0)
        return off

    def _is_moved(self, cell: str, left: CellOutputs) -> bool:
        """Whether it is another than we wrote to, and to show the same run."""
        times = self._charge.replica.put_in.get(cell, 0)
        return times != self._put_in.get(cell, 0) and self._shows(cell, left)

    def _shows(self, cell: str, left: CellOutputs) -> bool:
        return bool(self._runs.get(cell, {}).get("shown") == left.run)

    def _may_be_lost(self, cell: str, left: CellOutputs, *, is_recent: bool) -> bool:
        """Whether the run that the cell shows is older than the store's coming back."""
        info = self._runs.get(cell, {})
        if not self._shows(cell, left) or int(info.get("requested", 0)) > self._epoch_ms:
            return False
        return is_recent or info.get("state") not in OVER

    async def _went_on(self, run_id: str, since_ms: float) -> bool:
        """Whether the run was not over before then.

        Else it is somebody's work that differs: of an editor, or of a program that ran the file.
        """
        run = await self._queue.get(run_id)
        if run is None:
            return False
        return not run.is_over or int(run.ended or 0) >= since_ms

    def _is_off(self, cell: str, left: CellOutputs, live: LiveCells) -> bool:
        outputs = live.outputs_of(cell)
        if outputs is None:
            return False
        is_over = self._runs[cell].get("state") in OVER and not self._awaits(cell)
        return bool(outputs and not left.fits(outputs)) or (
            is_over and live.state_of(cell) == "running"
        )
