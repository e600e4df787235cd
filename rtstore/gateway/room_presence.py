"""RoomPresence: presence of one room between its sockets, the feed and ``…:who``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from rtstore.errors import RTStoreError
from rtstore.pubsub.beat import on_beat
from rtstore.pubsub.presence import Connection, Presence, payload, states_of
from rtstore.redis_backend.link import Link
from rtstore.redis_backend.presence_set import PresenceSet
from rtstore.schema import awareness, frames
from rtstore.schema.awareness import ClientState
from rtstore.schema.feed import FeedAwareness

logger = logging.getLogger(__name__)

GRACE_S = 1.0
"""A socket that closed may come back by another worker; shown as gone only after this."""
WRITE_EVERY_S = 1.0
RENEWALS = 4
"""Fields are renewed this often in their time to live."""


class RoomPresence:
    """Who is here: heard from sockets, stamped, published; null for those who left."""

    def __init__(
        self,
        link: Link,
        channel: str,
        who: PresenceSet,
        *,
        ttl_s: float,
        send: Callable[[bytes], None],
    ) -> None:
        self._link, self._channel, self._who, self._send = link, channel, who, send
        self._renew_s = ttl_s / RENEWALS
        self._presence = Presence()
        self._here: dict[str, Connection] = {}
        self._changed: set[str] = set()
        self._leaving: dict[str, tuple[float, Connection]] = {}
        self._expired: dict[str, bytes] = {}
        """Fields that we dropped, and whose clients nobody has been told are gone."""
        self._written_at = 0.0
        # The first time soon: what was said just before we heard the feed is in `…:who` by then.
        self._renewed_at = asyncio.get_running_loop().time() + 1.5 * WRITE_EVERY_S - self._renew_s
        self._wake = asyncio.Event()

    async def look(self) -> None:
        """Learn who is here, before anybody comes: in one round trip."""
        try:
            found = await self._who.put({})
        except RTStoreError as error:
            logger.info("presence waits why=%s", error)
            return
        self._presence.heard_who(found.here)
        self._expired.update(found.gone)

    async def join(self, connection: Connection) -> None:
        """Somebody came. Who else is here is known when this returns."""
        self._here[connection.origin] = connection
        try:
            await self._put({connection.origin: connection.as_json()})
        except RTStoreError as error:
            logger.info("presence waits why=%s", error)
            self._touch(connection)

    def leave(self, connection: Connection) -> None:
        """Somebody's socket closed."""
        self._here.pop(connection.origin, None)
        self._changed.discard(connection.origin)
        due = asyncio.get_running_loop().time() + GRACE_S
        self._leaving[connection.origin] = (due, connection)
        self._wake.set()

    async def speak(self, connection: Connection, said: list[ClientState]) -> None:
        """What a browser says of itself, told to everybody."""
        if told := self.claim(connection, said):
            self.said(connection, told)
            try:
                await self._publish(told, connection.origin)
            except RTStoreError:
                self.say_here(connection, told)

    def claim(self, connection: Connection, said: list[ClientState]) -> list[ClientState]:
        """What of it may be told to everybody, with the server's word for who it is."""
        return self._presence.claim(said, connection)

    def said(self, connection: Connection, told: list[ClientState]) -> None:
        """Everybody is told this now: who comes later finds it in the store."""
        connection.said(told)
        self._touch(connection)

    def say_here(self, connection: Connection, told: list[ClientState]) -> None:
        """The store is away; its members must still see themselves, or they hang up."""
        self._presence.heard(told, connection.origin)
        self._send(frames.awareness(awareness.encode(told)))

    def _touch(self, connection: Connection) -> None:
        if not self._changed:
            self._wake.set()
        self._changed.add(connection.origin)

    def heard(self, message: FeedAwareness) -> None:
        """Presence from the feed: remembered, and sent to every socket (the speaker's too)."""
        try:
            told = awareness.decode(message.update, is_ours=True)
        except RTStoreError as error:
            logger.warning("bad awareness on the feed channel=%s why=%s", self._channel, error)
            return
        self._presence.heard(told, message.origin)
        self._send(frames.awareness(message.update))

    def snapshot(self) -> bytes | None:
        """The message that tells a joiner who is here; None when nobody is."""
        states = self._presence.snapshot()
        return frames.awareness(awareness.encode(states)) if states else None

    async def run(self) -> None:
        """Write changes, renew, and take leave of those who left. Never returns."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout_at(self._due()):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self._work(loop.time())
            except RTStoreError as error:
                logger.info("presence waits channel=%s why=%s", self._channel, error)
                await asyncio.sleep(WRITE_EVERY_S)

    def _due(self) -> float:
        due = [self._renewed_at + self._renew_s]
        if self._changed:
            due.append(self._written_at + WRITE_EVERY_S)
        due.extend(at for at, _ in self._leaving.values())
        return on_beat(min(due))

    async def _work(self, now: float) -> None:
        left = [c for at, c in self._leaving.values() if at <= now]
        told: dict[str, str] = {}
        if now >= self._renewed_at + self._renew_s:
            told = dict.fromkeys(self._here, "")
            self._renewed_at = now
            self._presence.forget_gone()
        if self._changed and now >= self._written_at + WRITE_EVERY_S:
            told.update({o: self._here[o].as_json() for o in self._changed if o in self._here})
            self._changed.clear()  # before the await: what changes meanwhile is written next
        if not told and not left:
            return
        self._written_at = now
        try:
            await self._put(told, left)
        except RTStoreError:
            self._renewed_at = 0.0  # fields may be gone: write them again
            self._changed.update(self._here)
            raise
        for one in left:
            self._leaving.pop(one.origin, None)
            await self._publish(self._presence.gone(one.origin, one.clients), one.origin)

    def rewrite(self) -> None:
        """The store came back, perhaps without us: say again who is here."""
        self._changed.update(self._here)
        self._wake.set()

    async def _put(self, told: dict[str, str], left: list[Connection] | None = None) -> None:
        found = await self._who.put(told, [one.origin for one in left or ()])
        mine = {one.origin for one in left or ()}
        self._expired.update(found.gone)
        while self._expired:
            origin, value = self._expired.popitem()
            if origin not in mine:
                self._presence.heard_who({origin: value})  # others may know what we don't yet
                clients = [one.client for one in states_of(value)]
                await self._publish(self._presence.gone(origin, clients), origin)
        missing = [origin for origin in self._here if origin not in found.here]
        self._changed.update(missing)
        if news := self._presence.heard_who(found.here):
            self._send(frames.awareness(awareness.encode(news)))

    async def _publish(self, told: list[ClientState], origin: str) -> None:
        if told:
            await self._link.command("SPUBLISH", self._channel, payload(told, origin))
