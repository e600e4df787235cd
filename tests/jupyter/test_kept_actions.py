"""How many actions that have ended are remembered: all who look at the server are shown them."""

from __future__ import annotations

from typing import Any

import pytest

from rtstore.jupyter.actions import KEPT, KEPT_BYTES, KEPT_MIN, too_many


def ended(number: int, size: int = 10) -> dict[str, Any]:
    return {"id": str(number), "params": {"code": "x" * size}, "result": None, "ended": -number}


@pytest.mark.parametrize(
    ("count", "size", "kept"),
    [
        (KEPT, 10, KEPT),
        (KEPT + 7, 10, KEPT),
        (100, KEPT_BYTES // 50, 49),
        (20, KEPT_BYTES, KEPT_MIN),
        (3, KEPT_BYTES, 3),
        (0, 0, 0),
    ],
)
def test_the_oldest_are_forgotten(count: int, size: int, kept: int) -> None:
    records = [ended(number, size) for number in range(count)]
    assert too_many(records) == records[kept:]
