"""GlobalRoom: ``JupyterLab:globalAwareness``, who is in this Jupyter server and on what."""

from __future__ import annotations

import asyncio
import logging

from rtstore.errors import BadFrame, RTStoreError
from rtstore.gateway.fan_out import FanOut
from rtstore.gateway.member import Code, Member
from rtstore.gateway.room import HEARTBEAT, HEARTBEAT_S
from rtstore.gateway.room_presence import RoomPresence
from rtstore.gateway.turns import EVERY_S, Turns
from rtstore.pubsub.presence import payload
from rtstore.redis_backend.keys import RootKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.presence_set import PresenceSet
from rtstore.redis_backend.turn import Turn
from rtstore.schema import awareness, feed, frames
from rtstore.schema.awareness import ClientState
from rtstore.schema.feed import FeedAwareness
from rtstore.schema.ids import BEGINNING

logger = logging.getLogger(__name__)

NAME = "JupyterLab:globalAwareness"
TICK_S = 1.0


class GlobalRoom:
    """Presence alone: no document, no log, no session id."""

    def __init__(self, link: Link, keys: RootKeys, *, ttl_s: float) -> None:
        self._link, self._keys = link, keys
        self._fan = FanOut(lambda: BEGINNING)
        who = PresenceSet(link, keys, ttl_ms=int(ttl_s * 1000))
        self._presence = RoomPresence(link, keys.feed, who, ttl_s=ttl_s, send=self._fan.send)
        self._turn, self._turns = Turn(link, keys, every_s=EVERY_S), Turns()
        self._must_wait = asyncio.Event()

    async def run(self) -> None:
        """Live for ever. Raises StoreUnavailable if the feed can't be heard at the start."""
        async with (
            self._link.listen(self._keys.feed, self._heard),
            self._link.watch(self._store_changed),
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._presence.run())
            tasks.create_task(self._speak_in_turn())
            tasks.create_task(self._tick())

    def _heard(self, data: bytes) -> None:
        if isinstance(message := feed.parse(data), FeedAwareness):
            self._presence.heard(message)

    def _store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        if is_up:
            self._presence.rewrite()

    async def _speak_in_turn(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout_at(self._turns.due):
                    await self._must_wait.wait()
            except TimeoutError:
                pass
            self._must_wait.clear()
            for member, told in self._turns.take(loop.time()):
                await self._say(member, told)

    async def _say(self, member: Member, told: list[ClientState]) -> None:
        word = payload(told, member.origin)
        try:
            early_s = await self._turn.say(member.identity.user.username, word)
        except RTStoreError:
            self._presence.say_here(member.presence, told)
            early_s = 0.0
        if not early_s:
            self._presence.said(member.presence, told)
        elif member in self._fan:
            until = asyncio.get_running_loop().time() + early_s
            self._turns.too_early(member, told, until=until)
            self._must_wait.set()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        beat = loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            now = loop.time()
            for member in self._fan.lagging():
                await member.close(Code.LATER, "this browser reads too slowly")
            if now - beat >= HEARTBEAT_S:
                beat = now
                self._fan.send(HEARTBEAT)

    async def join(self, member: Member) -> None:
        """From now on it hears who is here."""
        self._fan.add(member)
        member.is_synced = True  # there is no document
        await self._presence.join(member.presence)
        self._tell_who_is_here(member)

    def _tell_who_is_here(self, member: Member) -> None:
        if member.outbox.full:
            self._fan.skip(member)  # and it is closed soon
        elif (snapshot := self._presence.snapshot()) is not None:
            member.send(snapshot)

    def leave(self, member: Member) -> None:
        """Its socket is closed."""
        self._fan.remove(member)
        self._turns.forget(member)
        self._presence.leave(member.presence)

    async def receive(self, member: Member, data: bytes) -> None:
        """One frame. Sync frames are answered with an empty document. Raises BadFrame, TooBig."""
        frame = frames.decode(data)
        if isinstance(frame, frames.Awareness):
            await self._hear(member, awareness.decode(frame.update))
        elif isinstance(frame, frames.SyncStep1):
            member.send(frames.sync_step2(frames.NOTHING))
            self._tell_who_is_here(member)
        elif isinstance(frame, frames.QueryAwareness):
            self._tell_who_is_here(member)
        elif isinstance(frame, frames.Save):
            raise BadFrame("nothing to save in this room")

    async def _hear(self, member: Member, said: list[ClientState]) -> None:
        told = self._presence.claim(member.presence, said)
        if not told:  # browsers repeat what they hear of others: that takes nobody's turn
            return
        if self._turns.may_speak(member, asyncio.get_running_loop().time()):
            await self._say(member, told)
        else:
            self._turns.wait(member, told)
            self._must_wait.set()

    async def close(self, code: int, reason: str) -> None:
        """Close all sockets: this worker goes."""
        async with asyncio.TaskGroup() as tasks:
            for member in self._fan.members():
                tasks.create_task(member.close(code, reason))
