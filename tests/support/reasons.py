"""Reasons: what a failure comes down to, in a line for each error that is no group."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

LONGEST = 300
_TESTS = Path(__file__).parents[1]


def reasons(error: BaseException) -> Iterator[str]:
    """Type, message, and where in the tests, of each error in groups of groups."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from reasons(one)
        return
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _TESTS in Path(frame.filename).parents] or frames
    where = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    message = " ".join(str(error).split())[:LONGEST]
    yield f"{type(error).__name__}: {message}{where}"
