"""RecentAsks: runs that people asked for lately, for a store that forgot them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from rtstore.errors import StoreRefused, StoreUnavailable
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.run_book import RunBook
from rtstore.schema.run import Run

logger = logging.getLogger(__name__)

KEPT_S = 5.0
"""A store that is killed forgets two seconds at most."""
AGAIN_S = 1.0
Asks = list[tuple[Run, dict[str, Any]]]
Announce = Callable[[], Awaitable[None]]
"""Tells keepers that the document is in use."""


class RecentAsks:
    """See the module. Asking again under the same ids does nothing, where nothing was lost."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._asks: dict[str, tuple[float, RunBook, Asks, Announce]] = {}
        self._lost_at = float("inf")
        self._is_back = asyncio.Event()

    def note(self, book: RunBook, asks: Asks, announce: Announce) -> None:
        """These were asked for, in one request."""
        self._forget_before(time.monotonic() - KEPT_S)
        self._asks[asks[0][0].id] = time.monotonic(), book, asks, announce

    def refused(self, run_id: str) -> None:
        """The request, by its first run, won't be met, and its user knows."""
        self._asks.pop(run_id, None)

    async def run(self) -> None:
        """Ask again whenever the store comes back. Never returns."""
        async with self._link.watch(self._store_changed):
            while True:
                await self._is_back.wait()
                self._is_back.clear()
                try:
                    await self._ask_again()
                except (StoreUnavailable, StoreRefused) as error:
                    logger.info("runs are asked for again later: %s", error)
                    await asyncio.sleep(AGAIN_S)
                    self._is_back.set()

    def _store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        if is_up:
            self._is_back.set()
        else:
            self._lost_at = min(self._lost_at, time.monotonic())

    async def _ask_again(self) -> None:
        self._forget_before(min(self._lost_at, time.monotonic()) - KEPT_S)
        for _, book, asks, announce in list(self._asks.values()):
            await book.ask(asks)
            await announce()
        self._lost_at = float("inf")

    def _forget_before(self, time_s: float) -> None:
        self._asks = {name: told for name, told in self._asks.items() if told[0] >= time_s}
