"""Who plays in these tests: a worker, a Jupyter server and a supervisor to be killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rtstore.supervisor.jupyter_seat import JupyterCommand, http_status
from rtstore.supervisor.slots import WorkerSlot
from rtstore.supervisor.supervisor import System

HERE = Path(__file__).parent
WORKER = (sys.executable, "-P", str(HERE / "fake_worker.py"))
ROOT = "c-test"
PATIENCE_S = 60.0
"""No measure of anything: a start is much computing, and others may be using the machine."""


def fake_jupyter(*ports: int, flavour: str = "plain") -> JupyterCommand:
    """A small server in Jupyter's place; `flavour` is part of its command line."""
    script = str(HERE / "fake_jupyter.py")
    return JupyterCommand(
        argv=lambda port: [sys.executable, "-P", script, str(port), flavour],
        ports=ports or (0,),
        base_url="/base/",
    )


T = TypeVar("T")


async def until(told: Callable[[], T], *, within_s: float = PATIENCE_S) -> T:
    """Wait until `told()` is true, and return what it says. Raises TimeoutError."""

    async def asked() -> T:
        return told()

    return await until_answered(asked, within_s=within_s)


async def until_answered(told: Callable[[], Awaitable[T]], *, within_s: float = PATIENCE_S) -> T:
    """As `until`, for what must be awaited."""
    async with asyncio.timeout(within_s):
        while True:
            if found := await told():
                return found
            await asyncio.sleep(0.01)


async def serves(worker: WorkerSlot) -> bool:
    """Whether it does; one that is slow to answer is waited for."""

    async def answer() -> int | None:
        return await http_status(("127.0.0.1", worker.port), "/rtstore/readyz")

    return await until_answered(answer) == 200


async def another_worker(
    system: System, gone: WorkerSlot, *, within_s: float = PATIENCE_S
) -> WorkerSlot:
    """The worker that came into the slot of `gone`, and serves."""

    def came() -> list[WorkerSlot]:
        return [w for w in system.workers if w.slot == gone.slot and w.pid != gone.pid]

    [worker] = await until(came, within_s=within_s)
    assert await serves(worker)
    return worker


def runs(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@dataclass
class OtherSupervisor:
    """A supervisor in a process of its own, and what it said when it was ready."""

    process: asyncio.subprocess.Process
    store: str
    workers: list[dict[str, Any]]
    jupyter: dict[str, Any] | None

    @property
    def worker_pids(self) -> list[int]:
        return [worker["pid"] for worker in self.workers]

    async def killed(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stopped(self) -> None:
        self.process.terminate()
        assert await self.process.wait() == 0


@asynccontextmanager
async def other_supervisor(data_dir: Path, **told: Any) -> AsyncIterator[OtherSupervisor]:
    """See run_supervisor.py for what it can be told."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        f"{__package__}.run_supervisor",
        json.dumps({"data_dir": str(data_dir)} | told),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[__package__.count(".")])},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            ready = json.loads(await process.stdout.readline())
        yield OtherSupervisor(process, **ready)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
