"""SentRuns: what this bridge sent to one kernel lately, for a store that forgot it."""

from __future__ import annotations

import logging
import time

from rtstore.redis_backend.run_queue import NoSuchKernel, RunQueue
from rtstore.schema.run import REQUESTED, SENT, Run

logger = logging.getLogger(__name__)

KEPT_S = 10.0
"""A store that is killed forgets two seconds at most. What is not over is kept for ever."""


class SentRuns:
    """See the module. It outlives the bridge's turns."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._over_s: dict[str, float] = {}

    def note(self, run: Run) -> None:
        """It is about to be sent: with its frames, and where its messages begin."""
        for earlier in self._runs:  # one at a time: whoever served the kernel saw them end
            self._over_s.setdefault(earlier, time.monotonic())
        self._forget()
        self._runs[run.id] = run

    def over(self, run_id: str) -> None:
        """It is over, and soon no store can have forgotten that."""
        self._over_s[run_id] = time.monotonic()
        self._forget()

    def _forget(self) -> None:
        until_s = time.monotonic() - KEPT_S
        for run_id in [name for name, at_s in self._over_s.items() if at_s < until_s]:
            self._runs.pop(run_id, None)
            del self._over_s[run_id]

    async def put_back(self, queue: RunQueue) -> bool:
        """Have the store say of each run at least that it was sent; what came of it the kernel's
        log says. False where it does not know the kernel: try again when it has been told.

        Raises StoreUnavailable.
        """
        self._forget()
        for run in list(self._runs.values()):
            try:
                await queue.add(run)
            except NoSuchKernel:
                return False
            names = ("sent", "sent_at", "generation", "seq", "frames")
            told = {name: getattr(run, name) for name in names}
            if await queue.change(run, SENT, when=(REQUESTED,), put_back="1", **told):
                logger.warning("put back: the store had forgotten run=%s", run.id)
        return True
