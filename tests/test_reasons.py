from __future__ import annotations

import asyncio

import pytest

from tests.support.reasons import reasons


async def test_the_errors_in_groups_of_groups_are_said_in_a_line_each() -> None:
    async def fails() -> None:
        raise AssertionError("not\nthe same")

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fails())

    with pytest.raises(ExceptionGroup) as told:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(group())
    (reason,) = reasons(told.value)
    assert reason.startswith("AssertionError: not the same")
    assert " at test_reasons.py:" in reason


def test_one_that_was_never_raised_has_no_place() -> None:
    assert list(reasons(ValueError("x" * 1000))) == [f"ValueError: {'x' * 300}"]
