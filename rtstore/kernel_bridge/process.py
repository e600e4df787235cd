"""A kernel's process on this host, which is no child of ours."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from rtstore.pids import is_alive

POLL_S = 0.1


def may_run(pid: int) -> bool:
    """Whether it runs; 0: nobody knows which it is, so yes."""
    return pid <= 0 or is_alive(pid)


async def until_ended(pid: int, *, within_s: float) -> None:
    """Wait until it ends, at most `within_s`; 0: nobody knows which it is, so it runs."""
    loop = asyncio.get_running_loop()
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            if pid <= 0 or not hasattr(os, "pidfd_open"):
                while may_run(pid):  # noqa: ASYNC110 -- nobody can tell us
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
