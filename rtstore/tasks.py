"""Background work with an owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def background(*jobs: Coroutine[None, None, object]) -> AsyncIterator[None]:
    """Run `jobs` for as long as the body runs: cancel them when it ends, end it if one fails."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(job) for job in jobs]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def cause_of(error: BaseException) -> BaseException:
    """The first single error in (nested) exception groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
