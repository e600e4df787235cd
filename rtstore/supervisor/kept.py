"""Kept: one process that is there again whenever it dies."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from rtstore.errors import RTStoreError
from rtstore.supervisor import processes
from rtstore.supervisor.processes import Process

logger = logging.getLogger(__name__)

DEATHS_TOLD = 5
"""So many deaths within WINDOW_S are told once, with the last log lines."""
WINDOW_S = 60.0
STEADY_S = 2.0
"""Who was ready for this long died of something new: it is started again at once."""
DELAY_S = 0.1
DELAY_S_MAX = 30.0
FIRST_TRIES = 3
"""Who never was ready and died so often does not start at all."""
READY_POLL_S = 0.02


@dataclass(slots=True)
class Deaths:
    """When to start again, and when to tell. Times in seconds, of one clock."""

    _recent: deque[float] = field(default_factory=deque)
    _young: int = 0
    _told: bool = False

    def add(self, *, now: float, served_s: float) -> float:
        """Note a death after `served_s` of being ready (0: never); the delay until the next start.

        None after steady service or the first death, then doubling up to DELAY_S_MAX.
        """
        self._recent.append(now)
        while self._recent[0] < now - WINDOW_S:
            self._recent.popleft()
        if served_s >= WINDOW_S:
            self._told = False
        self._young = 0 if served_s >= STEADY_S else self._young + 1
        if self._young < 2:
            return 0.0
        return min(DELAY_S * 2.0 ** min(self._young - 2, 20), DELAY_S_MAX)

    def to_tell(self) -> bool:
        """True once when there were DEATHS_TOLD within WINDOW_S."""
        if self._told or len(self._recent) < DEATHS_TOLD:
            return False
        self._told = True
        return True


class Kept:
    """One process: `start` finds or makes it, `is_ready` says when it serves.

    `start` raises OSError or RTStoreError when it can't; that counts as a death, and so does not
    being ready after `ready_within_s`.
    """

    def __init__(
        self,
        name: str,
        *,
        start: Callable[[], Awaitable[Process]],
        is_ready: Callable[[Process], Awaitable[bool]],
        log: Path,
        ready_within_s: float,
        stop_within_s: float,
    ) -> None:
        self.name = name
        self.ready = asyncio.Event()
        """Set while it serves."""
        self.process: Process | None = None
        self._start = start
        self._is_ready = is_ready
        self._log = log
        self._ready_within_s = ready_within_s
        self._stop_within_s = stop_within_s
        self._deaths = Deaths()
        self._ever_ready = False

    async def run(self, *, patient: bool = False) -> NoReturn:
        """Keep it running until cancelled (then it runs on: see `stop`).

        Raises RTStoreError with its last words if it never gets ready, unless `patient`.
        """
        clock = asyncio.get_running_loop().time
        tries = 0
        while True:
            tries += 1
            before = processes.size(self._log)
            try:
                self.process = await self._start()
                ready_at = await self._until_ready(self.process)
                await self.process.exited()
                outcome = self.process.outcome
            except (OSError, RTStoreError) as error:  # it could not be started
                ready_at, outcome = None, str(error)
            self.ready.clear()
            served_s = 0.0 if ready_at is None else clock() - ready_at
            delay_s = self._deaths.add(now=clock(), served_s=served_s)
            words = processes.tail(self._log, after=before)
            if not (self._ever_ready or patient) and tries >= FIRST_TRIES:
                raise RTStoreError(f"{self.name} does not start ({outcome}): {words}")
            self._tell(outcome, delay_s, words)
            await asyncio.sleep(delay_s)

    async def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL. Only when `run` has ended."""
        self.ready.clear()
        process, self.process = self.process, None
        if process is not None and process.alive:
            if await process.stop(within_s=self._stop_within_s):
                logger.info("%s stopped pid=%d", self.name, process.pid)
            else:
                logger.warning(
                    "%s did not stop within %.0f s and was killed pid=%d",
                    self.name,
                    self._stop_within_s,
                    process.pid,
                )

    async def _until_ready(self, process: Process) -> float | None:
        """When it got ready; None if it died before, or was ended as it hung."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._ready_within_s
        while process.alive:
            if await self._is_ready(process):
                self._ever_ready = True
                self.ready.set()
                logger.info("%s ready pid=%d", self.name, process.pid)
                return clock()
            if clock() > deadline:
                logger.warning(
                    "%s is not ready after %.0f s, ending it", self.name, self._ready_within_s
                )
                await process.stop(within_s=self._stop_within_s)
            await asyncio.sleep(READY_POLL_S)
        return None

    def _tell(self, outcome: str, delay_s: float, words: str) -> None:
        again = f"starting it again in {delay_s:.1f} s" if delay_s else "starting it again"
        logger.warning("%s died (%s), %s", self.name, outcome, again)
        if self._deaths.to_tell():
            logger.error(
                "%s died %d times within a minute; it is tried again, more and more slowly."
                " Its last words (%s): %s",
                self.name,
                DEATHS_TOLD,
                self._log,
                words,
            )
