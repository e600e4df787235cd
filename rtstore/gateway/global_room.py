"""GlobalRoom: ``JupyterLab:globalAwareness``, who is in this Jupyter server and on what."""

from __future__ import annotations

import asyncio
import logging

from rtstore.errors import BadFrame
from rtstore.gateway.fan_out import FanOut
from rtstore.gateway.member import Code, Member
from rtstore.gateway.room import HEARTBEAT, HEARTBEAT_S
from rtstore.gateway.room_presence import RoomPresence
from rtstore.redis_backend.keys import RootKeys
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.presence_set import PresenceSet
from rtstore.schema import awareness, feed, frames
from rtstore.schema.awareness import ClientState
from rtstore.schema.feed import FeedAwareness
from rtstore.schema.ids import BEGINNING

logger = logging.getLogger(__name__)

NAME = "JupyterLab:globalAwareness"
SPEAK_EVERY_S = 1.0
"""One socket's changes are published at most this often; the newest wins."""


class GlobalRoom:
    """Presence alone: no document, no log, no session id."""

    def __init__(self, link: Link, keys: RootKeys, *, ttl_s: float) -> None:
        self._link, self._keys = link, keys
        self._fan = FanOut(lambda: BEGINNING)
        who = PresenceSet(link, keys, ttl_ms=int(ttl_s * 1000))
        self._presence = RoomPresence(link, keys.feed, who, ttl_s=ttl_s, send=self._fan.send)
        self._spoke: dict[str, float] = {}
        self._unsaid: dict[str, tuple[Member, list[ClientState]]] = {}

    async def run(self) -> None:
        """Live for ever. Raises StoreUnavailable if the feed can't be heard at the start."""
        async with (
            self._link.listen(self._keys.feed, self._heard),
            self._link.watch(self._store_changed),
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._presence.run())
            tasks.create_task(self._tick())

    def _heard(self, data: bytes) -> None:
        if isinstance(message := feed.parse(data), FeedAwareness):
            self._presence.heard(message)

    def _store_changed(self, is_up: bool) -> None:  # noqa: FBT001 -- Link's callback
        if is_up:
            self._presence.rewrite()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        beat = loop.time()
        while True:
            await asyncio.sleep(SPEAK_EVERY_S)
            now = loop.time()
            unsaid, self._unsaid = self._unsaid, {}
            for origin, (member, said) in unsaid.items():
                self._spoke[origin] = now
                await self._presence.speak(member.presence, said)
            for member in self._fan.lagging():
                await member.close(Code.LATER, "this browser reads too slowly")
            if now - beat >= HEARTBEAT_S:
                beat = now
                self._fan.send(HEARTBEAT)

    async def join(self, member: Member) -> None:
        """From now on it hears who is here."""
        self._fan.add(member)
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
        self._spoke.pop(member.origin, None)
        self._unsaid.pop(member.origin, None)
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
        now = asyncio.get_running_loop().time()
        if now - self._spoke.get(member.origin, 0.0) >= SPEAK_EVERY_S:
            self._spoke[member.origin] = now
            await self._presence.speak(member.presence, said)
        else:
            self._unsaid[member.origin] = (member, said)

    async def close(self, code: int, reason: str) -> None:
        """Close all sockets: this worker goes."""
        async with asyncio.TaskGroup() as tasks:
            for member in self._fan.members():
                tasks.create_task(member.close(code, reason))
