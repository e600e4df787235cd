"""Attached: a kernel's process that another Jupyter server started, with Popen's face."""

from __future__ import annotations

import os
import signal
import time

import psutil  # type: ignore[import-untyped]

WAIT_S = 5.0
POLL_S = 0.05


class Attached:
    """It is no child of ours, so how it ended can't be told: the exit status is 0 then."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @property
    def returncode(self) -> int | None:
        """None while it runs."""
        return self.poll()

    def poll(self) -> int | None:
        """None while it runs."""
        return None if is_running(self.pid) else 0

    def wait(self, timeout: float | None = None) -> int:
        """Wait, but not for long: it was seen to end, or was told to."""
        until = time.monotonic() + (WAIT_S if timeout is None else timeout)
        while is_running(self.pid) and time.monotonic() < until:
            time.sleep(POLL_S)
        return 0

    def send_signal(self, number: int) -> None:
        """Raises ProcessLookupError if it is gone."""
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
