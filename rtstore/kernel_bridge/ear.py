"""Ear: hears one kernel for as long as it is there, so that this bridge can take over."""

from __future__ import annotations

import asyncio
import logging

from rtstore.errors import StoreRefused, StoreUnavailable
from rtstore.kernel_bridge.connection import Connection
from rtstore.kernel_bridge.ring import Ring
from rtstore.kernel_bridge.service import Desk
from rtstore.redis_backend.kernel_index import RING, capture_of
from rtstore.redis_backend.output_log import OutputLog

logger = logging.getLogger(__name__)

LOOK_S = 0.5
TOLD_S = 10.0
WAIT_FOR_BETTER_S = 3.0
"""A bridge that may have missed something leaves the lease for so long to one that has not."""


class Ear:
    """See the module."""

    def __init__(self, desk: Desk, kernel_id: str) -> None:
        self._desk, self._kernel_id = desk, kernel_id
        self._keys = desk.index.keys_of(kernel_id)
        self._log = OutputLog(desk.link, self._keys)
        self._free_since = 0.0
        self.ring: Ring | None = None

    async def run(self) -> None:
        """Until the kernel is gone. Raises KernelUnreachable, StoreUnavailable."""
        meta = await self._desk.index.meta(self._kernel_id)
        connection = Connection.read(meta.get("connection_file", ""))
        ring = Ring(self._log, connection.key)
        async with ring.listening(self._desk.link, connection):
            self.ring = ring
            while meta.get("state") != "dead" and capture_of(meta) == RING:
                try:
                    await self._tell(ring)
                    meta = await self._desk.index.meta(self._kernel_id)
                except (StoreUnavailable, StoreRefused) as error:
                    logger.debug("still listening kernel=%s: %s", self._kernel_id, error)
                await asyncio.sleep(LOOK_S)

    async def _tell(self, ring: Ring) -> None:
        """Say that we could take over."""
        link, state = self._desk.link, "synced" if ring.is_synced else "listening"
        await link.command("HSET", self._keys.ears, self._desk.worker, state)
        await link.command("PEXPIRE", self._keys.ears, int(TOLD_S * 1000))

    async def may_take(self) -> bool:
        """Whether we should try for the lease now: nothing is missing here, or nobody has more."""
        if self.ring is None:
            return False
        now = asyncio.get_running_loop().time()
        if await self._desk.link.command("EXISTS", self._keys.lease):
            self._free_since = 0.0
            return False
        if self.ring.is_synced or not (await self._log.end()).epoch:
            return True
        self._free_since = self._free_since or now
        return now - self._free_since >= WAIT_FOR_BETTER_S
