"""LiveDocument: a Doc that says what the log says, and whose every change is appended.

For code that holds a document for long and edits it as it likes. The keeper uses Replica, which
decides itself when to apply and under which lease to append.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from pycrdt import Doc, TransactionEvent

from rtstore.errors import LoadFailed, RTStoreError
from rtstore.pubsub.content import content_of
from rtstore.pubsub.follower import Follower
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.registry import MARK_EVERY_S
from rtstore.redis_backend.update_log import Loaded, Origin, UpdateLog
from rtstore.schema import feed, updates
from rtstore.schema.feed import FeedEntry
from rtstore.schema.frames import NOTHING

logger = logging.getLogger(__name__)

RETRY_S = 0.2


class LiveDocument:
    """One document in one process, in both directions. `run` is its life."""

    def __init__(self, link: Link, log: UpdateLog, *, user: str, announce: Any) -> None:  # noqa: ANN401
        """`announce`: a coroutine function that tells keepers that the document is in use."""
        self._link, self._log, self._user, self._announce = link, log, user, announce
        self._follower = Follower(log, deliver=self._deliver, replace=self._replaced)
        self._is_applying = False
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        self._must_open = asyncio.Event()
        self._announced_at = float("-inf")
        self.doc: Doc[Any] = Doc()
        self._subscription = self.doc.observe(self._observed)
        self.has_content = asyncio.Event()
        """Set when the document was imported."""
        self._epoch = 0
        self._gen = ""

    async def run(self) -> None:
        """Follow and append, until cancelled.

        Raises StoreUnavailable if it can't begin; LoadFailed when the document has another
        history now, into which nothing of this Doc may be merged.
        """
        try:
            await self._follow()
        finally:
            self.doc.unobserve(self._subscription)  # else it would keep us for ever

    async def _follow(self) -> None:
        async with (
            self._link.listen(self._log.keys.feed, self._heard),
            self._link.watch(self._store_changed),
        ):
            loaded = await self._follower.start()
            self._gen = loaded.meta.get("gen", "")
            await self._open()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follower.run())
                tasks.create_task(self._append())

    def _store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        if is_up:
            self._must_open.set()
            self._said.put_nowait(NOTHING)

    def _heard(self, data: bytes) -> None:
        if isinstance(message := feed.parse(data), FeedEntry):
            self._follower.heard(message)

    def _deliver(self, entry: FeedEntry) -> None:
        if entry.kind in "uhsx" and entry.update:
            self._apply(entry.update)
        elif entry.kind == "e" and entry.id.epoch > self._epoch > 0:
            self._must_open.set()  # it may be of another history
            self._said.put_nowait(NOTHING)

    def _replaced(self, loaded: Loaded) -> None:
        if self._epoch:  # the log may have lost what we have, or be of another history
            self._must_open.set()
            self._said.put_nowait(NOTHING)
        if self._gen and loaded.meta.get("gen", self._gen) != self._gen:
            return
        if told := content_of(loaded):
            self._apply(updates.merge(told))

    def _apply(self, update: bytes) -> None:
        self._is_applying = True
        try:
            self.doc.apply_update(update)
        except Exception as error:  # the keeper puts it into quarantine
            logger.warning("update not applied log=%s why=%s", self._log.keys.log, error)
        finally:
            self._is_applying = False
        self.has_content.set()

    def _observed(self, event: TransactionEvent) -> None:
        if not self._is_applying:
            self._said.put_nowait(event.update)

    async def _append(self) -> None:
        while True:
            told = [await self._said.get()]
            while not self._said.empty():
                told.append(self._said.get_nowait())
            update = updates.merge(told)
            while True:
                try:
                    if self._must_open.is_set():
                        update = await self._what_is_missing()
                    if update != NOTHING:
                        await self._write(update)
                    break
                except LoadFailed:
                    raise
                except RTStoreError as error:
                    logger.info("append waits log=%s why=%s", self._log.keys.log, error)
                    self._must_open.set()
                    await asyncio.sleep(RETRY_S)

    async def _write(self, update: bytes) -> None:
        loop = asyncio.get_running_loop()
        client = next((str(c) for c, _, _ in updates.scan(update).clients), "")
        origin = Origin(self._user, client)
        await self._log.append(update, origin, epoch=self._epoch, tag=self._log.next_tag())
        if loop.time() - self._announced_at > MARK_EVERY_S / 2:
            self._announced_at = loop.time()
            await self._announce()

    async def _open(self) -> None:
        is_held = self.has_content.is_set()
        opened = await self._follower.open(gen=self._gen, is_held=is_held, place={})
        self._gen = self._gen or opened.meta["gen"]
        if opened.meta["gen"] != self._gen:
            raise LoadFailed(f"the history of {self._log.keys.log} is another now: get it again")
        self._epoch = opened.epoch
        self._must_open.clear()

    async def _what_is_missing(self) -> bytes:
        """After a refused append: all that is said here and not in the log."""
        await self._open()
        known = updates.merge(content_of(await self._log.load()))
        return self.doc.get_update(updates.state_vector(known))
