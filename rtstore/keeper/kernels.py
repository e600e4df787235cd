"""Kernels: a notebook's runs and their outputs, while it is in our keeping."""

from __future__ import annotations

import asyncio

from rtstore.keeper.charge import Charge
from rtstore.keeper.kernel_outputs import KernelOutputs
from rtstore.keeper.marker import Marker
from rtstore.keeper.run_requests import RunRequests
from rtstore.redis_backend.keys import KernelKeys
from rtstore.redis_backend.run_book import RunBook
from rtstore.redis_backend.run_queue import RunQueue


class Kernels:
    """See the module. For one charge that is a notebook."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        book = RunBook(charge.office.link, charge.keys)
        self._outputs = KernelOutputs(charge, book, self._keys_of)
        self._requests = RunRequests(charge, book, self._queue_of)
        self._marker = Marker(charge, self._outputs.runs, self._keys_of)

    async def run(self) -> None:
        """Never returns. Raises StoreUnavailable, LeaseLost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._outputs.run())
            tasks.create_task(self._requests.run())
            tasks.create_task(self._marker.run())

    def ring(self) -> None:
        """Somebody asked for a run."""
        self._requests.ring()
        self._outputs.ring()

    async def until_written(self) -> None:
        """Wait until the notebook has what its kernels have said by now. Bound it.

        Raises StoreUnavailable.
        """
        await self._outputs.until_written()

    @property
    def is_busy(self) -> bool:
        """Whether runs are not over."""
        return self._outputs.is_busy

    def _keys_of(self, kernel_id: str) -> KernelKeys:
        return self._charge.office.keys.kernel(self._charge.office.contents_id, kernel_id)

    def _queue_of(self, kernel_id: str) -> RunQueue:
        return RunQueue(self._charge.office.link, self._keys_of(kernel_id))
