"""Follower: every entry of one log, once, in order, however much the feed loses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from rtstore.errors import StoreRefused, StoreUnavailable
from rtstore.pubsub.beat import on_beat
from rtstore.redis_backend.update_log import Entry, Loaded, Opened, UpdateLog
from rtstore.schema.feed import FeedEntry
from rtstore.schema.ids import BEGINNING, EntryId

logger = logging.getLogger(__name__)

CHECK_S = 10.0
"""Read this often even when nothing seems missing: pub/sub may lose the last message."""
RETRY_S = 0.5


class Follower:
    """Where one reader stands in a log.

    `deliver` is called with each entry; `replace` with a whole load when entries between were
    trimmed or lost, after which the position is its end. Neither may block or raise; an entry
    whose delivery raised is read and delivered again, and ends `run` if it raises again.
    """

    def __init__(
        self,
        log: UpdateLog,
        *,
        deliver: Callable[[FeedEntry], None],
        replace: Callable[[Loaded], None],
    ) -> None:
        self._log, self._deliver, self._replace = log, deliver, replace
        self._wake = asyncio.Event()
        self._reading = asyncio.Lock()
        self.position = BEGINNING
        """The newest entry that was delivered."""
        self.tag = ""
        """``<worker>.<seq>`` of that entry."""

    def heard(self, entry: FeedEntry) -> None:
        """An entry from the feed: delivered at once if it is the next one, read later if not."""
        if entry.update is not None and self._is_next(entry):
            self._take(entry)
        elif entry.id > self.position:
            self._wake.set()

    def _is_next(self, entry: FeedEntry) -> bool:
        if entry.kind == "e":
            return EntryId.parse(entry.update or b"0-0") == self.position
        return self.position.is_followed_by(entry.id)

    def _take(self, entry: FeedEntry) -> None:
        before = self.position, self.tag
        self.position, self.tag = entry.id, entry.origin
        try:
            self._deliver(entry)
        except Exception:
            self.position, self.tag = before  # not delivered, or not to everybody
            self._wake.set()
            raise

    async def start(self) -> Loaded:
        """Load everything; `replace` is called. Raises StoreUnavailable."""
        async with self._reading:
            loaded = await self._log.load()
            self._accept(loaded)
        return loaded

    def _accept(self, loaded: Loaded) -> None:
        last = loaded.entries[-1] if loaded.entries else None
        self.position = last.id if last else loaded.snapshot_id
        self.tag = last.tag if last else ""
        self._replace(loaded)

    async def open(self, *, gen: str, is_held: bool, place: dict[str, str]) -> Opened:
        """Make the log writable, then read what is missing.

        With any verdict but ok what was delivered before may be no part of the log any more:
        `replace` was called, and the caller heals. Raises StoreUnavailable, StoreRefused.
        """
        opened = await self._log.open(
            self.position, self.tag, gen=gen, is_held=is_held, place=place
        )
        if opened.verdict == "ok" or self.position == BEGINNING:
            if opened.tail > self.position:
                await self.catch_up()
        else:
            await self.start()
        return opened

    async def catch_up(self) -> None:
        """Read what is after our position. Raises StoreUnavailable, StoreRefused."""
        async with self._reading:
            position = self.position
            loaded = await self._log.load(position)
            if not loaded.is_whole_after(position):
                logger.info("reload log=%s position=%s", self._log.keys.log, position)
                self._accept(await self._log.load())
                return
            for entry in loaded.entries:
                if entry.id > self.position:  # else the feed was quicker
                    self._take(as_heard(entry))

    async def run(self) -> None:
        """Read whenever something is missing, and every CHECK_S. Never returns."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout_at(on_beat(loop.time() + CHECK_S)):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self.catch_up()
            except (StoreUnavailable, StoreRefused) as error:
                logger.info("catch-up waits log=%s why=%s", self._log.keys.log, error)
                self._wake.set()
                await asyncio.sleep(RETRY_S)


def as_heard(entry: Entry) -> FeedEntry:
    """A log entry as the feed would have said it."""
    return FeedEntry(entry.id, entry.kind, entry.tag, entry.update)
