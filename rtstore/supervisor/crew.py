"""The workers of one contents root on this host: one set, whoever supervises it.

```
<state-dir>/supervisor.lock    held by the supervisor of the workers; the others wait for it
<state-dir>/supervisor.json    who that is, and how many workers it keeps
<state-dir>/present.lock       shared by all supervisors that use the workers
```
A supervisor that is killed leaves its workers serving. Whoever gets the lock next adopts them.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rtstore.errors import SettingsError
from rtstore.settings import Settings
from rtstore.supervisor.kept import Kept
from rtstore.supervisor.locks import FileLock
from rtstore.supervisor.processes import Process
from rtstore.supervisor.slots import live, slots
from rtstore.supervisor.state_dir import read_json, write_json
from rtstore.supervisor.worker_seat import DRAIN_S, Edition, WorkerSeat

logger = logging.getLogger(__name__)

TAKE_OVER_POLL_S = 0.2
START_S = 60.0
"""A worker that is not ready after this long hangs."""


class Crew:
    """The `settings.workers` workers of one root; `settings` as handed down to them."""

    def __init__(
        self, settings: Settings, *, state_dir: Path, command: Sequence[str], root_dir: Path
    ) -> None:
        self.ready = asyncio.Event()
        """Set when all workers were ready for the first time, whoever supervises them."""
        self._settings = settings
        self._state_dir = state_dir
        self._command = command
        self._root_dir = root_dir
        self._edition = Edition.of(settings)
        self._lock = FileLock(state_dir / "supervisor.lock")
        self._present = FileLock(state_dir / "present.lock")
        self._record = state_dir / "supervisor.json"
        self._supervises = False
        self._kept: list[Kept] = []

    async def run(self) -> None:
        """Keep the workers, or wait to do so while another supervisor does; until cancelled.

        Raises SettingsError if the other has other settings, RTStoreError if a worker can't start.
        """
        await self._present.acquire(shared=True)
        await self._own()
        self._supervises = True
        mine = {"pid": os.getpid(), "workers": self._settings.workers}
        write_json(self._record, mine | asdict(self._edition))
        async with asyncio.TaskGroup() as group:
            surplus = group.create_task(self._retire_surplus())
            for slot in range(self._settings.workers):
                seat = self._seat(slot)
                worker = Kept(
                    f"worker {slot}",
                    start=seat.start,
                    is_ready=seat.is_ready,
                    log=seat.log,
                    ready_within_s=START_S,
                    stop_within_s=DRAIN_S,
                )
                self._kept.append(worker)
                group.create_task(worker.run(patient=self.ready.is_set()))
            for worker in self._kept:
                await worker.ready.wait()
            await surplus  # whoever asks for the workers now is told of these only
            self.ready.set()

    async def stop(self) -> None:
        """Drain the workers, unless another supervisor here uses them too. After `run`."""
        try:
            if self._supervises and self._alone():
                async with asyncio.TaskGroup() as group:
                    for worker in self._kept:
                        group.create_task(worker.stop())
            elif self._supervises:
                logger.info("workers left to the other supervisor of %s", self._state_dir)
        finally:
            if self._supervises:
                self._record.unlink(missing_ok=True)
            self._lock.release()
            self._present.release()

    def processes(self) -> list[Process]:
        """The workers that we supervise and that run now."""
        return [worker.process for worker in self._kept if worker.process is not None]

    async def _retire_surplus(self) -> None:
        async with asyncio.TaskGroup() as group:
            for slot in slots(self._state_dir):
                if slot >= self._settings.workers:
                    group.create_task(self._seat(slot).retire())

    async def _own(self) -> None:
        """Become the supervisor; meanwhile the other's workers are ours too."""
        waited = False
        while not self._lock.try_acquire():
            told = read_json(self._record)
            if told and Process.find(int(told["pid"])) is not None:
                self._agree(told)
                if not self.ready.is_set() and len(live(self._state_dir)) >= told["workers"]:
                    logger.info("workers are supervised by pid=%d already", told["pid"])
                    self.ready.set()
            waited = True
            await asyncio.sleep(TAKE_OVER_POLL_S)
        if waited:
            logger.info("supervision of the workers taken over")

    def _agree(self, told: dict[str, object]) -> None:
        if not self._edition.began(told):
            raise SettingsError(
                f"rtstore {told.get('version')} (pid {told['pid']}) serves {self._root_dir}"
                " already, with other settings or another version. Stop it first, or start"
                " with the same RTSTORE_… settings"
            )

    def _alone(self) -> bool:
        """Whether no other supervisor is here; then none can come before we released."""
        self._present.release()
        return self._present.try_acquire()

    def _seat(self, slot: int) -> WorkerSeat:
        return WorkerSeat(
            slot, command=self._command, settings=self._settings, state_dir=self._state_dir
        )
