"""FanOut: one frame to many sockets; a slow one is skipped, never waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from rtstore import metrics
from rtstore.gateway.member import Lag, Member
from rtstore.schema.frames import websocket_frame
from rtstore.schema.ids import EntryId

logger = logging.getLogger(__name__)

CHECK_BYTES = 2**16
"""Queues are looked at each time this much was sent: asking costs a third of a small write."""
GIVE_UP_S = 60.0
"""A browser that takes nothing for this long is closed with 1013."""


class FanOut:
    """The members of a room that are up to date, and those that lag behind."""

    def __init__(self, position: Callable[[], EntryId]) -> None:
        self._position = position
        self._members: dict[str, Member] = {}
        self._prompt: tuple[Member, ...] = ()
        self._unchecked = 0

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, member: Member) -> bool:
        return self._members.get(member.origin) is member

    def members(self) -> list[Member]:
        """All of them."""
        return list(self._members.values())

    def lagging(self) -> list[Member]:
        """Those that are being skipped."""
        return [m for m in self._members.values() if m.lag is not None]

    def add(self, member: Member) -> None:
        """From now on it gets all that is sent."""
        self._members[member.origin] = member
        self._sort()

    def remove(self, member: Member) -> None:
        """It gets nothing any more."""
        if self._members.pop(member.origin, None) is not None:
            self._sort()

    def _sort(self) -> None:
        self._prompt = tuple(m for m in self._members.values() if m.lag is None)

    def send(self, message: bytes, *, but: Member | None = None) -> None:
        """Send a message to all but one; those with a full queue miss it and lag from here.

        Never raises: a socket that fails is cut off, and the others get the message.
        """
        frame = websocket_frame(message)
        count = 0
        for member in self._prompt:
            if member is not but:
                try:
                    member.outbox.write(frame)
                except Exception:  # whatever it is, it must not be the others' loss
                    logger.exception("socket failed member=%s", member.origin)
                    member.outbox.abort()
                count += 1
        metrics.DELIVERED.inc(count)
        self._unchecked += len(frame)
        if self._unchecked >= CHECK_BYTES:
            self._unchecked = 0
            self._skip_full()

    def _skip_full(self) -> None:
        for member in self._prompt:
            if member.outbox.full:
                self.skip(member)

    def skip(self, member: Member, lag: Lag | None = None) -> None:
        """It takes too little: it gets nothing until it has `caught_up`. `lag`: from where."""
        if member.lag is None:
            member.lag = lag or Lag(self._position(), asyncio.get_running_loop().time())
            metrics.LAGGING.inc()
            self._sort()

    def caught_up(self, member: Member) -> None:
        """It was brought up to date: it gets everything again."""
        member.lag = None
        self._sort()
