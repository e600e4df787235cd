"""Launches: what is known on this host of each start of a kernel.

``<runtime directory>/rtstore/<kernel id>/<n>.json`` says how the n-th start went, and
``<n>.journal`` beside it is what that start of the kernel wrote down. The bridges read them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from jupyter_core.paths import jupyter_runtime_dir

from rtstore.pids import is_alive

LAUNCHER = str(Path(__file__).resolve().parent.parent / "kernel_bridge" / "launcher.py")
"""Run by kernels in their own Python, so only its path matters here."""
JOURNAL, RING = "journal", "ring"
SAME_S = 2.0
"""Processes read when the machine was started in whole seconds, each for itself."""
_IPYKERNEL = (("-m", "ipykernel_launcher"), ("-m", "ipykernel"))


@dataclass(frozen=True, slots=True)
class Launch:
    """One start of one kernel."""

    generation: int
    capture: str
    """journal: it writes down what it says; ring: bridges have to listen."""
    why: str
    """Why it is not journal."""
    journal: str
    """Path, whether it is written or not."""
    pid: int = 0
    owner: str = ""
    """Contents root of the Jupyter server that started it."""
    created: float = 0.0
    """When the process began: its number may be another's by now."""
    server: int = 0
    """Process of the Jupyter server that has it, and when that began."""
    server_created: float = 0.0
    spec: str = ""
    """Name of its kernelspec."""


def folder(kernel_id: str) -> Path:
    """Where the files of a kernel are; made if need be, for nobody else to read."""
    path = Path(jupyter_runtime_dir()) / "rtstore" / kernel_id
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def prepare(kernel_id: str, argv: Sequence[str]) -> tuple[Launch, list[str]]:
    """The next start of a kernel whose command is `argv`, and the command to run instead."""
    before = newest(kernel_id)
    generation = before.generation + 1 if before else 1
    journal = folder(kernel_id) / f"{generation}.journal"
    journaled = _with_launcher(argv)
    why = ""
    if journaled is None:
        why = "not an IPython kernel that is started by its usual command"
    elif before is not None and before.capture == JOURNAL and _failed(before):
        why = "the journalling launcher failed the last time"
    if journaled is None or why:
        return Launch(generation, RING, why, str(journal)), list(argv)
    try:
        journal.touch(mode=0o600)
    except OSError as error:
        return Launch(generation, RING, f"no journal can be written: {error}", str(journal)), list(
            argv
        )
    return Launch(generation, JOURNAL, "", str(journal)), journaled


def record(kernel_id: str, launch: Launch) -> None:
    """It was started. Raises OSError if that can't be kept: then nothing of it is."""
    path = folder(kernel_id) / f"{launch.generation}.json"
    fresh = path.with_suffix(".new")
    try:
        fresh.write_text(json.dumps(asdict(launch)))
        fresh.replace(path)  # in one step: half a record would be none
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def undo(launch: Launch) -> None:
    """It was not started after all: the next start has its number, and a journal of its own."""
    with suppress(OSError):
        Path(launch.journal).unlink(missing_ok=True)


def newest(kernel_id: str) -> Launch | None:
    """The newest start; None if we did not start it."""
    path = Path(jupyter_runtime_dir()) / "rtstore" / kernel_id
    numbers = [int(file.stem) for file in path.glob("*.json") if file.stem.isdigit()]
    if not numbers:
        return None
    try:
        told: dict[str, Any] = json.loads((path / f"{max(numbers)}.json").read_text())
        launch = Launch(**told)
    except (OSError, ValueError, TypeError):
        return None
    failed = Path(launch.journal + ".failed")
    if launch.capture == JOURNAL and failed.exists():
        return replace(launch, capture=RING, why=failed.read_text()[:500])
    return launch


def living(kernel_id: str) -> Launch | None:
    """The newest start, if its process runs still."""
    launch = newest(kernel_id)
    return launch if launch is not None and is_same(launch.pid, launch.created) else None


def had_by_this_server(launch: Launch) -> Launch:
    """The same, of which this process is the Jupyter server."""
    return replace(launch, server=os.getpid(), server_created=created_at(os.getpid()))


def has_server(launch: Launch) -> bool:
    """Whether the Jupyter server that had it last, on this host, runs still."""
    return is_same(launch.server, launch.server_created)


def is_same(pid: int, created: float) -> bool:
    """Whether the process that has this number is the one that began then."""
    return bool(pid) and is_alive(pid) and abs(created_at(pid) - created) < SAME_S


def created_at(pid: int) -> float:
    """When a process began, in unix time; 0 if there is none."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def ids() -> list[str]:
    """Kernels of which there are files."""
    return [path.name for path in (Path(jupyter_runtime_dir()) / "rtstore").glob("*-*")]


def forget_others(kept: Collection[str], *, owner: str) -> None:
    """Remove the files of kernels of `owner` that are not in `kept`: all of them is copied."""
    for kernel_id in ids():
        if kernel_id in kept:
            continue
        launch = newest(kernel_id)
        if launch is not None and launch.owner == owner and living(kernel_id) is None:
            shutil.rmtree(Path(jupyter_runtime_dir()) / "rtstore" / kernel_id, ignore_errors=True)


def is_ipykernel(argv: Sequence[str]) -> bool:
    """Whether this command is IPython's kernel: it refuses a request that it has already."""
    return any(tuple(argv[at : at + 2]) in _IPYKERNEL for at in range(1, len(argv) - 1))


def _with_launcher(argv: Sequence[str]) -> list[str] | None:
    for at in range(1, len(argv) - 1):
        if tuple(argv[at : at + 2]) in _IPYKERNEL:
            return [*argv[:at], LAUNCHER, *argv[at + 2 :]]
    return None


def _failed(launch: Launch) -> bool:
    """Whether the kernel died before it said a word: the first is "starting"."""
    try:
        return Path(launch.journal).stat().st_size == 0
    except OSError:
        return True
