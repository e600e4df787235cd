"""LostFolds: cells whose outputs may be in the document twice.

A store that is killed while its disk is slow forgets the last second or two, and with it how far
kernels were followed. Rooms and pages bring back what they heard of the document meanwhile; the
kernels' words are followed again from the older cursor. A cell then has both, and is written anew.
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

    async def cells(self, cells: Mapping[str, CellOutputs], live: LiveCells) -> list[str]:
        """Those of `cells`, as we left them, that `live` shows otherwise. Raises StoreUnavailable.

        Not those that somebody cleared: nothing that comes back makes outputs fewer than none.
        """
        epoch = self._charge.replica.follower.position.epoch
        if epoch != self._epoch:
            self._epoch_ms = int((await self._charge.log.meta()).get("epoch_ts") or 0)
            self._epoch = epoch
        is_recent = time.time() * 1000 < self._epoch_ms + BROUGHT_BACK_WITHIN_S * 1000
        off = [
            cell
            for cell, left in cells.items()
            if self._may_be_lost(cell, left, is_recent=is_recent)
            and self._is_off(cell, left, live)
        ]
        return [cell for cell in off if await self._went_on(cells[cell].run)]

    def _may_be_lost(self, cell: str, left: CellOutputs, *, is_recent: bool) -> bool:
        """Whether the run that the cell shows is older than the store's coming back."""
        info = self._runs.get(cell, {})
        if info.get("shown") != left.run or int(info.get("requested", 0)) > self._epoch_ms:
            return False
        return is_recent or info.get("state") not in OVER

    async def _went_on(self, run_id: str) -> bool:
        """Whether the run was not over long before the store went.

        Else it is somebody's work that differs: of an editor, or of a program that ran the file.
        """
        run = await self._queue.get(run_id)
        if run is None:
            return False
        return not run.is_over or int(run.ended or 0) >= self._epoch_ms - FORGOTTEN_MS

    def _is_off(self, cell: str, left: CellOutputs, live: LiveCells) -> bool:
        outputs = live.outputs_of(cell)
        if outputs is None:
            return False
        is_over = self._runs[cell].get("state") in OVER and not self._awaits(cell)
        return bool(outputs and not left.fits(outputs)) or (
            is_over and live.state_of(cell) == "running"
        )
