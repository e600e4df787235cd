"""Locks between processes, freed by the kernel when the last holder of them is gone.

An flock belongs to the opened file, not to the process: a child that inherits the descriptor
goes on holding it when we close ours or die. So a lock handed to a server says, whatever happens
to everybody else, whether that server lives. Lock files are never deleted: whoever opened a
deleted one would hold a lock on nothing.
"""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import suppress
from pathlib import Path

from rtstore.errors import SettingsError

with suppress(ImportError):  # Windows: see require_posix
    import fcntl

POLL_S = 0.02
POSIX = os.name == "posix"


def require_posix() -> None:
    """Raises SettingsError, saying what to do instead, where nothing of this package can run."""
    if not POSIX:
        raise SettingsError(
            "rtstore can start workers and its own store only on Linux and macOS; on Windows"
            " use WSL, or run them elsewhere and set RTSTORE_REDIS_URL=redis://host:6379"
        )


class FileLock:
    """An flock on `path`, which is created when missing (its directory must exist)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    @property
    def fd(self) -> int:
        """The descriptor that holds the lock, for `pass_fds`; only while it is held."""
        assert self._fd is not None
        return self._fd

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock now, or say False. Raises SettingsError where files can't be locked."""
        assert self._fd is None, f"{self._path} is already held"
        require_posix()
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise SettingsError(
                f"RTSTORE_DATA_DIR: files can't be locked in {self._path.parent}"
                f" ({error.strerror}); set it to a directory on a local disk"
            ) from error
        self._fd = fd
        return True

    async def acquire(
        self, *, timeout_s: float | None = None, shared: bool = False, poll_s: float = POLL_S
    ) -> bool:
        """Take the lock, waiting at most `timeout_s` (None: for ever); say whether we have it."""
        deadline = None if timeout_s is None else asyncio.get_running_loop().time() + timeout_s
        # Polled: a thread blocked in flock() can't be cancelled.
        while not self.try_acquire(shared=shared):
            if deadline is not None and asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(poll_s)
        return True

    def release(self) -> None:
        """Let go (again: no harm). A child that inherited the descriptor keeps the lock."""
        if self._fd is not None:
            # Not LOCK_UN: that would free it for every holder of the descriptor.
            os.close(self._fd)
            self._fd = None

    def write_holder(self, text: str) -> None:
        """Leave a word about the holder in the file; see `read_holder`."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text.encode(), 0)


def read_holder(path: Path) -> str:
    """What the last holder wrote into the file; "" if nothing. It may be gone: see `is_held`."""
    try:
        return path.read_text()
    except OSError:
        return ""


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock exclusively. Takes it shared for an instant."""
    if not path.exists():
        return False
    probe = FileLock(path)
    if probe.try_acquire(shared=True):
        probe.release()
        return False
    return True
