"""A kernel's process on this host, which is no child of ours."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

import psutil  # type: ignore[import-untyped]

POLL_S = 0.1


def is_alive(pid: int) -> bool:
    """Whether it runs: one that ended and was not waited for does not. 0: nobody knows, so yes."""
    if pid <= 0:
        return True
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


async def until_ended(pid: int, *, within_s: float) -> None:
    """Wait until it ends, at most `within_s`."""
    loop = asyncio.get_running_loop()
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            if pid <= 0 or not hasattr(os, "pidfd_open"):
                while is_alive(pid):  # noqa: ASYNC110 -- nobody can tell us
                    await asyncio.sleep(POLL_S)
                return
            try:
                handle = os.pidfd_open(pid)
            except OSError:
                return
            ended = asyncio.Event()
            try:
                loop.add_reader(handle, ended.set)
                await ended.wait()
            finally:
                loop.remove_reader(handle)
                os.close(handle)
