"""Worker slots of one contents root on this host: what a worker says of itself, and where.

```
<state-dir>/slot-<N>.lock   held by the worker of slot N for its life
<state-dir>/slot-<N>.json   where it is reached, written when it is ready
<state-dir>/slot-<N>.log    its log
```
A worker takes its slot with `claim`; the proxy asks `live` for those that are there.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rtstore import __version__
from rtstore.errors import SettingsError
from rtstore.supervisor.locks import FileLock, is_held, read_holder
from rtstore.supervisor.state_dir import read_json, write_json

CLAIM_S = 10.0
"""How long a new worker waits for the one before it in its slot to be gone."""


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """A worker that is, or was, ready."""

    slot: int
    pid: int
    version: str
    fingerprint: str
    contents_id: str
    socket: str
    """Path of its unix socket."""
    port: int
    """Its port on 127.0.0.1."""
    url: str
    """The same as a URL that serves rooms directly; kept over restarts."""
    worker: str
    started: float
    """When it began (unix time)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A slot that is ours."""

    slot: int
    state_dir: Path

    def announce(
        self, *, fingerprint: str, contents_id: str, socket: str, port: int, worker: str
    ) -> None:
        """Say that we are ready, and where; `fingerprint` is that of our settings."""
        told = WorkerSlot(
            slot=self.slot,
            pid=os.getpid(),
            version=__version__,
            fingerprint=fingerprint,
            contents_id=contents_id,
            socket=socket,
            port=port,
            url=f"http://127.0.0.1:{port}",
            worker=worker,
            started=time.time(),
        )
        write_json(record_path(self.state_dir, self.slot), asdict(told))


@asynccontextmanager
async def claim(state_dir: Path, slot: int) -> AsyncIterator[Claim]:
    """Be the worker of `slot` while the context is open; waits CLAIM_S for the one before.

    Raises SettingsError if it does not leave. Children made by fork alone (no exec) must close
    the descriptor, else they keep the slot when we are killed.
    """
    lock = FileLock(lock_path(state_dir, slot))
    if not await lock.acquire(timeout_s=CLAIM_S):
        raise SettingsError(f"slot {slot} of {state_dir} is taken by another worker")
    try:
        lock.write_holder(str(os.getpid()))
        yield Claim(slot, state_dir)
    finally:
        record_path(state_dir, slot).unlink(missing_ok=True)
        lock.release()


def announced(state_dir: Path, slot: int) -> WorkerSlot | None:
    """What the worker of `slot` last said, alive or not; None if nothing (or not this format)."""
    told = read_json(record_path(state_dir, slot)) | {"slot": slot}
    try:
        return WorkerSlot(**{name: told[name] for name in WorkerSlot.__slots__})
    except KeyError:
        return None


def live(state_dir: Path) -> list[WorkerSlot]:
    """The workers that are there now, by slot. Reads one small file and tries a lock per slot."""
    found = (announced(state_dir, slot) for slot in slots(state_dir))
    return [worker for worker in found if worker is not None and _lives(state_dir, worker)]


def slots(state_dir: Path) -> list[int]:
    """The numbers of all slots that were ever used here."""
    names = (path.stem.removeprefix("slot-") for path in state_dir.glob("slot-*.lock"))
    return sorted(int(name) for name in names if name.isdigit())


def holder(state_dir: Path, slot: int) -> int | None:
    """The pid that last took the slot, ready or not; it may be gone."""
    told = read_holder(lock_path(state_dir, slot)).strip()
    return int(told) if told.isdigit() else None


def lock_path(state_dir: Path, slot: int) -> Path:
    """Held by the worker for its life."""
    return state_dir / f"slot-{slot}.lock"


def record_path(state_dir: Path, slot: int) -> Path:
    """Where the worker says how it is reached."""
    return state_dir / f"slot-{slot}.json"


def _lives(state_dir: Path, worker: WorkerSlot) -> bool:
    """Its pid may have become somebody else's, and its slot another worker's: so both."""
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return is_held(lock_path(state_dir, worker.slot))
