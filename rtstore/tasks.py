"""Background work with an owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from rtstore.errors import RTStoreError


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


@contextmanager
def one_error() -> Iterator[None]:
    """Raise an RTStoreError as itself, not as the group that TaskGroups make of it.

    A group that holds anything else besides comes out whole: it is a defect, to be read whole.
    """
    try:
        yield
    except ExceptionGroup as group:
        expected, others = group.split(RTStoreError)
        if expected is None or others is not None:
            raise
        raise cause_of(expected) from None


async def until_set(event: asyncio.Event, *, within_s: float) -> None:
    """Wait for `event`, but no longer than `within_s`: whoever was to set it may have failed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()


async def until_calm(pause_s: float, *, within_s: float) -> None:
    """Wait until this loop has caught up, that is until a pause is no longer than it should be.

    What was in its sockets is read by then. At least one pause, at most `within_s`.
    """
    loop = asyncio.get_running_loop()
    now = loop.time()
    deadline = now + within_s
    while now < deadline:
        await asyncio.sleep(pause_s)
        began, now = now, loop.time()
        if now - began < 2 * pause_s:
            return


def cause_of(error: BaseException) -> BaseException:
    """The first single error in (nested) exception groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
