"""Waiting for something to become true, instead of sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(
    look: Callable[[], Awaitable[T]], *, what: str, timeout_s: float = 30.0, poll_s: float = 0.02
) -> T:
    """The first true answer of `look`. Raises AssertionError saying `what` did not happen."""
    last: object = None
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                if last := await look():
                    return last
                await asyncio.sleep(poll_s)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s:g} s: {what} (last: {last!r})") from None
