"""SentRuns: what this bridge sent to one kernel lately, for a store that forgot it."""

from __future__ import annotations

import logging
import time

from rtstore.redis_backend.run_queue import NoSuchKernel, RunQueue
from rtstore.schema.run import REQUESTED, SENT, Run

logger = logging.getLogger(__name__)

KEPT_S = 10.0
"""A store that is killed forgets two seconds at most; the newest run is kept for ever."""


class SentRuns:
    """See the module. It outlives the bridge's turns."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[Run, float]] = {}

    def note(self, run: Run) -> None:
        """It is about to be sent: with its frames, and where its messages begin."""
        now = time.monotonic()
        self._runs = {
            name: (kept, at) for name, (kept, at) in self._runs.items() if now - at < KEPT_S
        }
        self._runs[run.id] = run, now

    async def put_back(self, queue: RunQueue) -> None:
        """Have the store say of each run at least that it was sent; what came of it the kernel's
        log says. Raises StoreUnavailable.
        """
        for run, _ in self._runs.values():
            try:
                await queue.add(run)
            except NoSuchKernel:
                return
            names = ("sent", "sent_at", "generation", "seq", "frames")
            told = {name: getattr(run, name) for name in names}
            if await queue.change(run, SENT, when=(REQUESTED,), put_back="1", **told):
                logger.warning("put back: the store had forgotten run=%s", run.id)
