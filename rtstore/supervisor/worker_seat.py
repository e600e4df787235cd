"""One worker slot as its supervisor sees it: find who is in it, keep or replace, start.

``<state-dir>/launch-<N>.json`` is the supervisor's own note of whom it started and how; with
it a worker is known before it is ready, and its port and socket stay the same over restarts.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rtstore import __version__
from rtstore.errors import RTStoreError
from rtstore.ports import free_port
from rtstore.settings import Settings
from rtstore.supervisor.environ import child_environ
from rtstore.supervisor.locks import is_held
from rtstore.supervisor.processes import Process
from rtstore.supervisor.slots import announced, holder, lock_path, record_path
from rtstore.supervisor.state_dir import read_json, socket_path, write_json

logger = logging.getLogger(__name__)

DRAIN_S = 10.0
"""A worker may take this long to close its sockets and leave."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What a process must have been started with to be kept by a new supervisor."""

    version: str
    fingerprint: str
    contents_id: str
    secret: str
    """A digest: with another secret it would refuse everybody."""

    @classmethod
    def of(cls, settings: Settings) -> Edition:
        """The edition of what we start; `settings` as handed down."""
        digest = hashlib.sha256(f"rtstore {settings.secret}".encode()).hexdigest()[:16]
        return cls(__version__, settings.fingerprint(), settings.contents_id or "", digest)

    def began(self, record: dict[str, object]) -> bool:
        """Whether the process of this record has this edition."""
        return all(record.get(name) == value for name, value in asdict(self).items())


class WorkerSeat:
    """Slot `slot`; `settings` are those handed down to its worker. One supervisor at a time."""

    def __init__(
        self, slot: int, *, command: Sequence[str], settings: Settings, state_dir: Path
    ) -> None:
        self.log = state_dir / f"slot-{slot}.log"
        self._slot = slot
        self._command = command
        self._settings = settings
        self._state_dir = state_dir
        self._launch = state_dir / f"launch-{slot}.json"
        self._edition = Edition.of(settings)

    async def start(self) -> Process:
        """The worker that is in the slot if it is of our edition, else a new one in its place.

        Raises OSError or RTStoreError if none can be had.
        """
        found = self._found()
        if found is not None and self._keeps(found):
            logger.info("worker %d adopted pid=%d", self._slot, found.pid)
            return found
        if found is not None:
            logger.info("worker %d is of another edition, replaced pid=%d", self._slot, found.pid)
            await found.stop(within_s=DRAIN_S)
        return self._spawn()

    async def is_ready(self, process: Process) -> bool:
        """Whether this process has said that it serves."""
        told = announced(self._state_dir, self._slot)
        return told is not None and told.pid == process.pid

    async def retire(self) -> None:
        """End whoever is in the slot; it is not wanted any more."""
        if (found := self._found()) is not None:
            logger.info("worker %d is one too many, ended pid=%d", self._slot, found.pid)
            await found.stop(within_s=DRAIN_S)

    def _found(self) -> Process | None:
        launch = read_json(self._launch)
        if "pid" in launch:
            process = Process.find(int(launch["pid"]), created=launch.get("created"))
            if process is not None:
                return process
        if not is_held(lock_path(self._state_dir, self._slot)):
            return None
        # Somebody we have no note of: started by hand, or its supervisor died at that instant.
        pid = holder(self._state_dir, self._slot)
        process = Process.find(pid) if pid is not None else None
        if process is None and is_held(lock_path(self._state_dir, self._slot)):
            raise RTStoreError(
                f"slot {self._slot} of {self._state_dir} is held by an unknown process"
                f" (fuser {lock_path(self._state_dir, self._slot)} names it); end it"
            )
        return process

    def _keeps(self, process: Process) -> bool:
        launch = read_json(self._launch)
        if launch.get("pid") != process.pid or not self._edition.began(launch):
            return False
        told = announced(self._state_dir, self._slot)
        if told is None or told.pid != process.pid:
            return True  # it is still on its way
        ours = (self._edition.version, self._edition.fingerprint, self._edition.contents_id)
        return (told.version, told.fingerprint, told.contents_id) == ours

    def _spawn(self) -> Process:
        launch = read_json(self._launch)
        known = Path(launch["socket"]) if "socket" in launch else None
        path = socket_path(self._state_dir, f"slot-{self._slot}.sock", known=known)
        port = free_port("127.0.0.1", [int(launch.get("port", 0)), 0])
        if port != launch.get("port", port):
            logger.warning("worker %d moved to port=%d, its own is in use", self._slot, port)
        record_path(self._state_dir, self._slot).unlink(missing_ok=True)
        argv = [*self._command, "--slot", str(self._slot)]
        argv += ["--contents-id", self._edition.contents_id, "--state-dir", str(self._state_dir)]
        argv += ["--socket", str(path), "--port", str(port)]
        environ = child_environ(self._settings, state_dir=self._state_dir)
        process = Process.spawn(argv, log=self.log, environ=environ)
        note = {"pid": process.pid, "created": process.created_at}
        where = {"socket": str(path), "port": port}
        write_json(self._launch, note | where | asdict(self._edition))
        return process
