"""Room: the members of one document on this worker, and where they stand in its log.

It holds sockets and a position, no document: what it keeps of the content are bytes that Redis
has too. A browser's update is appended, and shown to others when the feed says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from rtstore import metrics
from rtstore.errors import (
    DocumentError,
    NoSuchDocument,
    RTStoreError,
    StoreRefused,
    StoreUnavailable,
)
from rtstore.gateway.fan_out import GIVE_UP_S, FanOut
from rtstore.gateway.last_words import Farewell
from rtstore.gateway.member import Code, Member, refusal_of
from rtstore.gateway.place import Place
from rtstore.gateway.room_presence import RoomPresence
from rtstore.gateway.save_requests import SaveRequests
from rtstore.gateway.unhealed import Unhealed
from rtstore.gateway.writer import Writer
from rtstore.pubsub.beat import on_beat
from rtstore.pubsub.content import Content
from rtstore.pubsub.follower import Follower
from rtstore.redis_backend.presence_set import PresenceSet
from rtstore.redis_backend.update_log import Loaded
from rtstore.schema import awareness, feed, frames, updates
from rtstore.schema.feed import FeedAwareness, FeedEntry, FeedNotice

logger = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
"""y-websocket hangs up after 30 s without a message; pings don't count for it."""
HEARTBEAT = frames.awareness(b"\x00")
TICK_S = 2.0
OPEN_AGAIN_S = 0.2
IMPORT_WITHIN_S = 30.0
"""A document that no keeper has imported by then: members try again elsewhere (1013)."""


class Room:
    """One document on one worker. `run` is its life; members come and go meanwhile."""

    def __init__(
        self, place: Place, *, ttl_s: float, outbox_bytes_max: int, update_bytes_max: int
    ) -> None:
        self.place = place
        self.outbox_bytes_max = outbox_bytes_max
        self._content = Content()
        self._unhealed = Unhealed()
        self._follower = Follower(place.log, deliver=self._deliver, replace=self._replaced)
        self._fan = FanOut(lambda: self._follower.position)
        keys, link = place.keys, place.link
        self._presence = RoomPresence(
            link,
            keys.feed,
            PresenceSet(link, keys, ttl_ms=int(ttl_s * 1000)),
            ttl_s=ttl_s,
            send=self._fan.send,
        )
        self._writer = Writer(place, self._content, update_bytes_max=update_bytes_max)
        self._saves = SaveRequests(link, keys)
        self._farewell = Farewell(place, bytes_max=update_bytes_max)
        self._imported = asyncio.Event()
        self._must_open = asyncio.Event()
        self._tried_to_open = asyncio.Event()
        """Set once it is known whether the log can be written: until then edits wait."""
        self._ended: Callable[[], None] = lambda: None
        self.is_over = False
        """Whether nobody may join any more: its document is gone, or of another generation."""
        self.refusal: DocumentError | None = None
        """Why the document can't be loaded, if a keeper has said so."""

    # -- life ------------------------------------------------------------------------------

    async def run(self, ready: asyncio.Future[None], left: asyncio.Event) -> None:
        """Live until `left` is set. Raises NoSuchDocument, StoreUnavailable at the start.

        Ready after one round trip to the store, as opening a document has to be quick: what was
        loaded answers who reads. Who writes waits until the log is open.
        """
        self._ended = left.set
        async with AsyncExitStack() as stack:
            async with asyncio.TaskGroup() as tasks:  # in one write each
                listening = self.place.link.listen(self.place.keys.feed, self._heard)
                tasks.create_task(stack.enter_async_context(listening))
                tasks.create_task(self._follower.start())
                tasks.create_task(self._presence.look())
                has_file = tasks.create_task(self.place.has_file())
            if not has_file.result():
                raise NoSuchDocument(f"no file has the id {self.place.document_id}")
            await stack.enter_async_context(self.place.link.watch(self._store_changed))
            if self.place.gen:
                self._must_open.set()
            else:  # whose session this is can't be told yet
                await self._open()
                self._tried_to_open.set()
            ready.set_result(None)
            self.place.later(self._look_for_file())
            async with asyncio.TaskGroup() as tasks:
                jobs = [
                    tasks.create_task(job)
                    for job in (
                        self._follower.run(),
                        self._presence.run(),
                        self._keep_open(),
                        self._tick(),
                    )
                ]
                await left.wait()
                self._writer.outage.forget()
                for job in jobs:
                    job.cancel()

    async def _look_for_file(self) -> None:
        """Again, as it may have been deleted before that was heard here."""
        if not await self.place.has_file():
            await self._give_up()

    async def _open(self) -> None:
        """Make the log writable; where it lost what we hold, put that back."""
        is_held = bool(self._unhealed) or not self._content.is_empty
        opened = await self.place.open(self._follower, is_held=is_held)
        if self.place.is_displaced or self.place.is_other_history(opened.meta):
            self.end_history()  # and the epoch is not taken: what is said here is of the old one
            return
        self._writer.epoch = opened.epoch
        await self._unhealed.heal(self._writer)
        if not self._writer.outage.is_full:
            self._writer.outage.over()
        await self.place.announce()

    async def _keep_open(self) -> None:
        while True:
            await self._must_open.wait()
            self._must_open.clear()
            if self.place.link.connected:
                await self._open_again()
            self._tried_to_open.set()

    async def _open_again(self) -> None:
        try:
            await self._open()
            if self._tried_to_open.is_set() and not self.is_over:
                self._presence.rewrite()
                await self._ask(self._fan.members())
        except (StoreUnavailable, StoreRefused) as error:
            logger.info("open waits document=%s why=%s", self.place.document_id, error)
            self._tried_to_open.set()
            await asyncio.sleep(OPEN_AGAIN_S)  # who refuses does not tell when it won't
            self._must_open.set()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        beat = announced = loop.time()
        while True:
            await asyncio.sleep(on_beat(loop.time() + TICK_S) - loop.time())
            now = loop.time()
            if self._content.is_long:
                await self._content.whole()
            if now - beat >= HEARTBEAT_S:
                beat = now
                self._fan.send(HEARTBEAT)
            try:
                if now - announced >= self.place.announce_every_s:
                    announced = now
                    await self.place.announce()
                await self._saves.ask_again()
                for member in self._fan.lagging():
                    await self._resync(member, now)
                if self.place.link.connected and self._imported.is_set():
                    await self._ask([m for m in self._fan.members() if m.is_held])
            except RTStoreError as error:
                logger.info("tick document=%s why=%s", self.place.document_id, error)

    def _store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        if is_up:
            self._must_open.set()

    # -- what the feed says ----------------------------------------------------------------

    def _heard(self, data: bytes) -> None:
        message = feed.parse(data)
        if isinstance(message, FeedEntry):
            if message.kind == "e" and message.id <= self._follower.position:
                self._must_open.set()  # of a log that was begun again under us
            self._follower.heard(message)
        elif isinstance(message, FeedAwareness):
            self._presence.heard(message)
        elif isinstance(message, FeedNotice):
            self._noticed(message.told)

    def _deliver(self, entry: FeedEntry) -> None:
        if entry.kind in "uhsx" and entry.update is not None:
            self._content.add(entry.update)
            self._fan.send(frames.update(entry.update), but=self._writer.writer_of(entry.origin))
            self._now_imported()
        elif entry.kind == "q":  # joiners must not get what was put into quarantine
            self.place.later(self._follower.start())
        elif entry.kind == "e" and entry.id.epoch > self._writer.epoch > 0:
            self._must_open.set()

    def _replaced(self, loaded: Loaded) -> None:
        if self.place.is_other_history(loaded.meta):
            self._must_open.set()  # which ends this room; nobody here is to see the other
            return
        self._unhealed.read_anew(self._content, loaded)
        self._content.replace(loaded)
        self.place.known(loaded.meta)
        if self._unhealed:
            self._must_open.set()
        if not self._content.is_empty:
            self._now_imported()
            if len(self._fan):
                self.place.later(self._tell_whole())
                self._must_open.set()  # and ask what they have

    def _now_imported(self) -> None:
        if not self._imported.is_set():
            self._imported.set()
            self.place.later(self._answer_waiting())

    def _noticed(self, told: dict[str, object]) -> None:
        match told.get("type"):
            case "saved":
                self._saves.answered(told)
            case "ask":  # what the log lost may be here, or with those who are here
                self.place.later(self._follower.start())
            case "unmade":
                self._must_open.set()
            case "path":
                self.place.moved(str(told.get("path", "")))
            case "deleted":
                self.place.later(self._give_up())
            case "refused" if not self._imported.is_set():
                code, reason = told.get("code"), str(told.get("reason", ""))
                self.place.later(self._refuse(code if isinstance(code, int) else 4500, reason))

    async def _refuse(self, code: int, reason: str) -> None:
        self.is_over = True
        self.refusal = refusal_of(code, reason)
        await self._close_all(lambda member: member.close(code, reason))

    def end_history(self) -> None:
        """The document has another history now: let nobody in, and all go."""
        if not self.is_over:
            self.is_over = True
            self.place.later(self._close_all(self._farewell.bid))

    async def _give_up(self) -> None:
        self.is_over, why = True, "This file was deleted."
        await self._close_all(lambda member: member.close_for_good(why, is_reloadable=False))

    async def close(self, code: int, reason: str) -> None:
        """Close all sockets: this worker goes."""
        self.is_over = True
        await self._close_all(lambda member: member.close(code, reason))

    async def _close_all(self, close: Callable[[Member], object]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for member in self._fan.members():
                tasks.create_task(close(member))  # type: ignore[arg-type]
        if not len(self._fan):
            self._ended()

    # -- members ---------------------------------------------------------------------------

    async def join(self, member: Member) -> None:
        """From now on it hears everything; its own sync step 1 brings what was before.

        Raises DocumentError if the document was refused meanwhile.
        """
        if self.refusal is not None:
            raise self.refusal
        self._fan.add(member)
        member.acknowledge()
        metrics.CONNECTIONS.inc()
        self.place.later(self._presence.join(member.presence))

    def leave(self, member: Member) -> None:
        """Its socket is closed."""
        if member in self._fan:
            self._fan.remove(member)
            self._writer.forget(member)
            metrics.CONNECTIONS.dec()
            self._presence.leave(member.presence)
        if self.is_over and not len(self._fan):
            self._ended()

    def __len__(self) -> int:
        return len(self._fan)

    async def receive(self, member: Member, data: bytes) -> None:
        """One frame from a browser. Raises BadFrame, TooBig: close that socket."""
        if self._farewell.receive(member, data):
            return
        frame = frames.decode(data)
        if isinstance(frame, frames.Update):
            await self._write(member, frame.update, is_reply=False)
        elif isinstance(frame, frames.Awareness):
            await self._presence.speak(member.presence, awareness.decode(frame.update))
        elif isinstance(frame, frames.SyncStep1):
            updates.decode_state_vector(frame.state_vector)
            await self._answer(member, frame.state_vector)
        elif isinstance(frame, frames.SyncStep2):
            await self._write(member, frame.update, is_reply=True)
        elif isinstance(frame, frames.Save):
            await self._saves.ask(member, frame.id)
        elif member.outbox.full:
            self._fan.skip(member)  # who is here is told when it has caught up
        else:
            self._tell_who_is_here(member)

    def _tell_who_is_here(self, member: Member) -> None:
        if (snapshot := self._presence.snapshot()) is not None:
            member.send(snapshot)

    async def _write(self, member: Member, update: bytes, *, is_reply: bool) -> None:
        member.said()
        if not self._imported.is_set():
            member.is_held = True
            return
        if not self._writer.epoch:
            await self._tried_to_open.wait()
        if await self._writer.take(member, update, is_reply=is_reply):
            return
        self._must_open.set()

    async def _answer(self, member: Member, state_vector: bytes) -> None:
        if not self._imported.is_set():
            if member.asked is None:
                self.place.later(self._expect_import(member))
            member.asked = state_vector
            return
        if member.outbox.full:  # who asks and does not read is answered once, when it has read
            member.asked = state_vector
            self._fan.skip(member)
            return
        member.asked = None
        member.send(frames.sync_step2(await self._content.since(state_vector)))
        member.is_synced = True
        self._tell_who_is_here(member)
        member.send(frames.sync_step1(await self._content.state_vector()))

    async def _answer_waiting(self) -> None:
        for member in self._fan.members():
            if member.asked is not None:
                await self._answer(member, member.asked)

    async def _expect_import(self, member: Member) -> None:
        try:
            async with asyncio.timeout(IMPORT_WITHIN_S):
                await self._imported.wait()
        except TimeoutError:
            await member.close(Code.LATER, "no keeper has loaded this document yet")

    async def _ask(self, members: list[Member]) -> None:
        """Sync step 1 to `members`: what they have and the log has not comes with the answer."""
        asked = [m for m in members if m.may_write and m.asked is None]
        if asked and self._imported.is_set():
            question = frames.sync_step1(await self._content.state_vector())
            for member in asked:
                member.send(question)

    async def _resync(self, member: Member, now: float) -> None:
        lag = member.lag
        assert lag is not None
        if not member.outbox.drained:
            if now - lag.since > GIVE_UP_S:
                await member.close(Code.LATER, "this browser reads too slowly")
            return
        self._fan.caught_up(member)  # first: what comes while we read is sent twice, not never
        member.acknowledge()
        if member.asked is not None:
            await self._answer(member, member.asked)  # all that it missed is in this too
            return
        try:
            loaded = await self.place.log.load(lag.position)
        except RTStoreError:
            self._fan.skip(member, lag)
            raise
        if loaded.is_whole_after(lag.position):
            missed = updates.merge(e.update for e in loaded.entries if e.is_content)
        else:
            missed = await self._content.whole()
        member.send(frames.update(missed))
        self._tell_who_is_here(member)

    async def _tell_whole(self) -> None:
        self._fan.send(frames.update(await self._content.whole()))
