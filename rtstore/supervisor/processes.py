"""Processes that outlive us: started in a session of their own, or found again by pid.

A death is heard at once through a pidfd (Linux), else seen by polling. No child watcher of
asyncio is involved, so this works in anybody's event loop.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil  # type: ignore[import-untyped]

POLL_S = 0.05
LOG_BYTES_MAX = 4 * 2**20
"""A log longer than this is moved to ``<name>.1`` when its process is started."""


class _Detached(subprocess.Popen[bytes]):
    """A child that may outlive us on purpose: being forgotten is no reason for a warning."""

    def __del__(self) -> None:
        pass


class Process:
    """One process, ours or found; it is never another one that got the same pid later."""

    def __init__(self, pid: int, child: _Detached | None) -> None:
        self.pid = pid
        self._child = child
        self._gone = False
        self._pidfd: int | None = None
        if hasattr(os, "pidfd_open"):
            with suppress(OSError):  # gone already, or a kernel before 5.3
                self._pidfd = os.pidfd_open(pid)

    @classmethod
    def spawn(
        cls,
        argv: Sequence[str],
        *,
        log: Path,
        environ: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Self:
        """Start `argv` detached from us and our terminal, its output added to `log`.

        Raises OSError when it can't be started.
        """
        _rotate(log)
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            child = _Detached(
                argv,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        finally:
            os.close(out)
        return cls(child.pid, child)

    @classmethod
    def find(cls, pid: int, *, created: float | None = None) -> Self | None:
        """The living process `pid` of this user, or None; `created` as in `created_at`."""
        found = cls(pid, None)  # the pidfd first: what is then checked stays true of it
        try:
            seen = psutil.Process(pid)
            ours = seen.uids().effective == os.geteuid()
            # Reckoned from the boot time, which moves a little when the clock is set.
            same = created is None or abs(seen.create_time() - created) < 2.0
            if ours and same and seen.status() != psutil.STATUS_ZOMBIE:
                return found
        except psutil.Error:
            pass
        found._end()
        return None

    @property
    def created_at(self) -> float:
        """When the process began (unix time); tells it from a later one of the same pid."""
        try:
            return float(psutil.Process(self.pid).create_time())
        except psutil.Error:
            return 0.0

    @property
    def alive(self) -> bool:
        """Whether it runs. Reaps it when it was our child."""
        if not self._gone and self._ended():
            self._end()
        return not self._gone

    @property
    def outcome(self) -> str:
        """How it ended, for a log line: ``signal 9``, ``status 1``, ``gone``."""
        code = self._child.returncode if self._child else None
        if code is None:
            return "gone"
        return f"signal {-code}" if code < 0 else f"status {code}"

    async def exited(self) -> None:
        """Wait until it has ended. Any number may wait."""
        while self.alive:
            if self._pidfd is None:
                await asyncio.sleep(POLL_S)
            else:
                await _readable(self._pidfd)

    def send(self, signum: int) -> None:
        """Send a signal, unless it has ended."""
        if not self.alive:
            return
        with suppress(ProcessLookupError):
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, signum)
            else:
                os.kill(self.pid, signum)

    async def stop(self, *, within_s: float) -> bool:
        """SIGTERM; SIGKILL after `within_s`, or when cancelled. True if it went by itself."""
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(within_s):
                await self.exited()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.exited()
            return False
        except asyncio.CancelledError:
            self.send(signal.SIGKILL)
            raise
        return True

    def _ended(self) -> bool:
        if self._child is not None:
            return self._child.poll() is not None
        if self._pidfd is not None:
            poll = select.poll()
            poll.register(self._pidfd, select.POLLIN)
            return bool(poll.poll(0))
        try:
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return True

    def _end(self) -> None:
        self._gone = True
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


async def _readable(fd: int) -> None:
    """Wait until `fd` can be read. Works on a copy: a loop has one reader per descriptor."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    copy = os.dup(fd)
    loop.add_reader(copy, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(copy)
        os.close(copy)


def tail(log: Path, *, after: int = 0, lines: int = 5) -> str:
    """The last lines of a log (from byte `after` on) as one line, for an error message."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(after if after <= size else 0, size - 16_384))
            text = file.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    kept = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(kept[-lines:]) or "(it wrote nothing)"


def size(log: Path) -> int:
    """How long the log is now; 0 if there is none."""
    try:
        return log.stat().st_size
    except OSError:
        return 0


def _rotate(log: Path) -> None:
    if size(log) > LOG_BYTES_MAX:
        log.replace(log.with_name(log.name + ".1"))
