"""Turns of the processes of one run: who measures time runs alone, all others side by side.

Two locked files: `room` is shared by tests that run, and held alone by one that measures; whoever
waits for it holds `door`, so that nobody who comes later goes first.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Run the body beside others, or `alone`; waits for those that run now."""
    door, room = (_opened(folder / name) for name in ("door", "room"))
    try:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
    finally:
        os.close(door)
        os.close(room)


def _opened(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
