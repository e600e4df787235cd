"""Parameters of the contract, and what its tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.schema.ids import EntryId

PLACE = {"server": "c1", "path": "a.ipynb", "type": "notebook", "format": "json"}
REAL: list[Any] = [
    "valkey",
    pytest.param("redis7", marks=pytest.mark.redis7),
    "valkey-cluster",
]
ALL: list[Any] = ["fakeredis", *REAL]


def not_on_fakeredis(reason: str) -> pytest.MarkDecorator:
    """The contract without fakeredis, which differs here: `reason`."""
    fake = pytest.param("fakeredis", marks=pytest.mark.skip(reason=f"fakeredis: {reason}"))
    return pytest.mark.parametrize("backend", [fake, *REAL], indirect=True)


async def append(log: UpdateLog, update: bytes, *, epoch: int = 1, user: str = "ann") -> EntryId:
    origin = Origin(user=user, client="77")
    return await log.append(update, origin, epoch=epoch, tag=log.next_tag())


async def append_all(log: UpdateLog, updates: Sequence[bytes], *, epoch: int = 1) -> None:
    for update in updates:
        await append(log, update, epoch=epoch)


async def until(met: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while True:
            if met():
                return
            await asyncio.sleep(0.005)
