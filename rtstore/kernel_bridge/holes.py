"""Holes: parts of a file that take no room on the disk, while all offsets stay what they are."""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import os
import sys
from pathlib import Path

logger = logging.getLogger(__name__)

NOTE = ".given"
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # linux/falloc.h


def punch(path: str, start: int, end: int) -> bool:
    """Give ``[start, end)`` of the file back to the file system; whether that was done.

    Linux only, and not on every file system: elsewhere the file stays as it is.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except OSError as error:
        logger.debug("not given back path=%s why=%s", path, error)
        return False
    try:
        done = libc.fallocate(file, _KEEP_SIZE | _PUNCH_HOLE, start, end - start) == 0
    finally:
        os.close(file)
    return bool(done)


def note(path: str, end: int) -> None:
    """Remember beside the file that all before `end` was given back: a store may forget it.

    Written in place, so that a full disk does not matter after the first time.
    """
    try:
        file = os.open(f"{path}{NOTE}", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(file, b"%020d" % end, 0)
        finally:
            os.close(file)
    except OSError as error:
        logger.warning("not noted what was given back path=%s why=%s", path, error)


def noted(path: str) -> int:
    """What was noted last; 0 if nothing was."""
    try:
        return int(Path(f"{path}{NOTE}").read_bytes())
    except (OSError, ValueError):
        return 0
