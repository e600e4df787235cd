"""Changes: something changed, perhaps more than once; whoever waits sees that, and never late."""

from __future__ import annotations

import asyncio


class Changes:
    """A counter that can be waited for."""

    def __init__(self) -> None:
        self.count = 0
        self._event = asyncio.Event()

    def tell(self) -> None:
        """Something changed."""
        self.count += 1
        self._event.set()
        self._event = asyncio.Event()

    async def after(self, count: int) -> None:
        """Return once `self.count` is more than `count`."""
        while self.count <= count:
            await self._event.wait()
