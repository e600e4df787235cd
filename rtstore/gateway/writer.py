"""Writer: the one way by which a browser's update enters a document's log."""

from __future__ import annotations

import asyncio
import json
import logging
import time

from rtstore import metrics
from rtstore.errors import (
    BadContent,
    BadFrame,
    StaleEpoch,
    StoreRefused,
    StoreUnavailable,
    TooBig,
)
from rtstore.gateway.member import Member
from rtstore.gateway.outage import Outage
from rtstore.gateway.place import Place
from rtstore.pubsub.content import Content
from rtstore.redis_backend.update_log import Origin
from rtstore.schema import updates

logger = logging.getLogger(__name__)


class Writer:
    """Three gates: the form of the update, its causes, and the right to write."""

    def __init__(self, place: Place, content: Content, *, update_bytes_max: int) -> None:
        self._place, self._content = place, content
        self._bytes_max = update_bytes_max
        self._mine: dict[str, Member] = {}
        self._authored: set[int] = set()
        self.outage = Outage(place)
        self.epoch = 0
        """The epoch under which we append."""

    def writer_of(self, tag: str) -> Member | None:
        """The member whose update this entry is; asked once, when it comes back by the feed."""
        return self._mine.pop(tag, None)

    def forget(self, member: Member) -> None:
        """It is gone; what it wrote last goes to everybody."""
        for tag in [tag for tag, writer in self._mine.items() if writer is member]:
            del self._mine[tag]

    async def take(self, member: Member, update: bytes, *, is_reply: bool) -> bool:
        """Append what `member` says. False: the log must be opened again first.

        `is_reply`: it is a sync step 2, so it holds all that the member knows and we do not;
        it ends the hold that a refused update began. Raises BadFrame, TooBig.
        """
        if len(update) > self._bytes_max:
            raise TooBig(f"update of {len(update)} bytes, at most {self._bytes_max}")
        try:
            if len(update) <= updates.SCAN_BYTES_MAX:
                scan = updates.check(update)
            else:
                async with self._place.checking:
                    scan = await asyncio.to_thread(updates.check, update)
        except BadFrame as error:
            if is_reply and not await self._content.is_sound():
                # It repeats what it got from us; an end of its socket would change nothing.
                logger.warning("bad log document=%s why=%s", self._place.document_id, error)
                return True
            raise
        if not member.may_write or (member.is_held and not is_reply):
            return True
        if scan.is_nothing or (is_reply and not await self._content.lacks(scan)):
            member.is_held = member.is_held and not is_reply
            if not member.is_held:
                member.stored()
            return True
        return await self._append(member, update, scan, is_reply=is_reply)

    async def _append(
        self, member: Member, update: bytes, scan: updates.Scan, *, is_reply: bool
    ) -> bool:
        clients = [client for client, _, _ in scan.clients]
        origin = Origin(member.identity.user.username, str(clients[0]) if clients else "")
        log = self._place.log
        tag = log.next_tag()
        self._mine[tag] = member
        began = time.perf_counter()
        try:
            await log.append(update, origin, epoch=self.epoch, tag=tag)
        except (StoreUnavailable, StoreRefused) as error:
            self._mine.pop(tag, None)
            member.is_held = True
            return self._refused(error)
        metrics.APPEND_S.observe(time.perf_counter() - began)
        metrics.APPENDED.inc()
        if is_reply:
            member.is_held = False
        member.stored()
        if self.outage.is_on:
            self.outage.over()
        if clients and not self._authored.issuperset(clients):
            await self._attribute(member, clients, is_reply=is_reply)
        return True

    def _refused(self, error: StoreUnavailable | StoreRefused) -> bool:
        metrics.REFUSED.labels(why=type(error).__name__).inc()
        if isinstance(error, StaleEpoch):
            return False
        self.outage.refused(error)
        return True

    async def _attribute(self, member: Member, clients: list[int], *, is_reply: bool) -> None:
        """Say whose the Yjs client ids are, where the connection proves it; first writer wins."""
        bound = member.presence.clients
        is_own = not bound and not is_reply and len(clients) == 1
        told = json.dumps({"user": member.identity.user.username, "ts": int(time.time() * 1000)})
        for client in clients:
            if client in self._authored:
                continue
            if client in bound or is_own:
                self._authored.add(client)
                try:
                    await self._place.link.command(
                        "HSETNX", self._place.keys.authors, str(client), told
                    )
                except (StoreUnavailable, StoreRefused):
                    self._authored.discard(client)

    async def heal(self, held: bytes) -> None:
        """Put back what the log lost and we still have. Raises StoreUnavailable, StoreRefused."""
        log = self._place.log
        if await self._is_lost(held):
            logger.warning("heal document=%s bytes=%d", self._place.document_id, len(held))
            await log.append(held, Origin(kind="h"), epoch=self.epoch, tag=log.next_tag())
        await self._place.link.command("HDEL", self._place.keys.meta, "held")

    async def _is_lost(self, held: bytes) -> bool:
        try:
            scan = await asyncio.to_thread(updates.scan, held)
            return await self._content.lacks(scan)
        except (BadFrame, BadContent) as error:
            logger.warning("can't compare document=%s why=%s", self._place.document_id, error)
            return True  # twice is harmless, never is not
