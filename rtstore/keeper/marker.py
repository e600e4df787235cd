"""Marker: says of each cell's newest run whether it still means what one may think."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping

from rtstore.keeper.charge import Charge
from rtstore.redis_backend.keys import KernelKeys
from rtstore.schema import live
from rtstore.schema.kernel_fold import RunInfo
from rtstore.schema.marks import marks

EVERY_S = 2.0


class Marker:
    """Keeps ``rt:{D}:marks`` current, at most every EVERY_S."""

    def __init__(
        self,
        charge: Charge,
        runs: Mapping[str, RunInfo],
        keys_of: Callable[[str], KernelKeys],
    ) -> None:
        self._charge, self._runs, self._keys_of = charge, runs, keys_of
        self._told: dict[str, str] | None = None

    async def run(self) -> None:
        """Never returns. Raises StoreUnavailable."""
        while True:
            await asyncio.sleep(EVERY_S)
            if self._runs:
                await self._tell()

    async def _tell(self) -> None:
        charge, link = self._charge, self._charge.office.link
        async with charge.lock:
            await charge.settle()
            content = live.content(charge.replica.document)
        generations = {}
        for kernel_id in {str(run.get("kernel", "")) for run in self._runs.values()}:
            now = await link.command("HGET", self._keys_of(kernel_id).meta, "generation")
            generations[kernel_id] = (now or b"").decode()
        found = marks(content["cells"], self._runs, generations)
        told = {cell: json.dumps(one) for cell, one in found.items()}
        if told == self._told:
            return
        pairs = [part for pair in told.items() for part in pair]
        await link.command("DEL", charge.keys.marks)
        if pairs:
            await link.command("HSET", charge.keys.marks, *pairs)
        self._told = told
        await charge.notice("marks")
