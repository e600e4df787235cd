"""Attached: a kernel's process that another Jupyter server started, with Popen's face."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from rtstore.pids import is_alive

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
        return None if is_alive(self.pid) else 0

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it ends, in seconds; None: 5, as Jupyter calls this only when it saw the end.

        Raises subprocess.TimeoutExpired, as Popen does: then it still runs.
        """
        within_s = WAIT_S if timeout is None else timeout
        until = time.monotonic() + within_s
        while is_alive(self.pid):
            if time.monotonic() >= until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", within_s)
            # Nobody can tell us: only a parent can wait, and not every system has pidfd.
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
