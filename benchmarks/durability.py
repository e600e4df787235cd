"""What an fsync for every edit costs: the same appends on an embedded store of each class."""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Literal

from rtstore.redis_backend.connection import connect
from rtstore.redis_backend.keys import Keys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.update_log import Origin, UpdateLog
from rtstore.schema.ids import BEGINNING
from rtstore.supervisor.embedded_store import EmbeddedStore

Class = Literal["fast", "local"]
CLASSES: tuple[Class, ...] = ("fast", "local")
UPDATE = b"u" * 60
"""About as long as the update of one keystroke."""
ROUNDS, ONE_BY_ONE, AT_ONCE, DOCUMENTS = 7, 300, 2000, 50


async def durability() -> dict[str, float]:
    """Milliseconds per append one by one (p50, p95), and appends per second of 50 documents."""
    told: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        logs = {}
        for kind in CLASSES:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            store = EmbeddedStore(home, durability=kind, idle_s=5.0)
            stack.push_async_callback(store.stop)
            link = await stack.enter_async_context(connect(await store.start(), name=kind))
            logs[kind] = [await _opened(link, number) for number in range(DOCUMENTS)]
        single: dict[Class, list[float]] = {kind: [] for kind in CLASSES}
        rates: dict[Class, list[float]] = {kind: [] for kind in CLASSES}
        for _ in range(ROUNDS):  # in turn, so that a slow minute hits both
            for kind in CLASSES:
                single[kind] += await _one_by_one(*logs[kind][0])
                rates[kind].append(await _at_once(logs[kind]))
        for kind in CLASSES:
            told[f"{kind}_p50_ms"] = median(single[kind])
            told[f"{kind}_p95_ms"] = quantiles(single[kind], n=20)[-1]
            told[f"{kind}_per_s"] = median(rates[kind])
    return told


async def _opened(link: Link, number: int) -> tuple[UpdateLog, int]:
    log = UpdateLog(link, Keys().document(f"d{number}"), worker="bench")
    return log, (await log.open(BEGINNING, gen="g")).epoch


async def _append(log: UpdateLog, epoch: int) -> None:
    await log.append(UPDATE, Origin("u", "1"), epoch=epoch, tag=log.next_tag())


async def _one_by_one(log: UpdateLog, epoch: int) -> list[float]:
    took = []
    for _ in range(ONE_BY_ONE):
        began = time.perf_counter()
        await _append(log, epoch)
        took.append((time.perf_counter() - began) * 1000)
    return took


async def _at_once(logs: list[tuple[UpdateLog, int]]) -> float:
    async def type_on(log: UpdateLog, epoch: int) -> None:
        for _ in range(AT_ONCE // len(logs)):
            await _append(log, epoch)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for log, epoch in logs:
            tasks.create_task(type_on(log, epoch))
    return AT_ONCE / (time.perf_counter() - began)
