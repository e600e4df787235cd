"""SaveRequests: a browser's "save now", passed to the keeper, and its answer passed back."""

from __future__ import annotations

import asyncio

from rtstore.errors import RTStoreError
from rtstore.gateway.member import Member
from rtstore.redis_backend.keys import DocumentKeys
from rtstore.redis_backend.link import Link
from rtstore.schema import feed, frames

ANSWER_WITHIN_S = 10.0
WAITING_MAX = 8
"""Of one member: who asks again and again while the disk is slow is told that it did not work."""
ASK_AGAIN_S = 2.0
"""A keeper that died is replaced within 5 s; whoever follows it must hear of the request too."""


class SaveRequests:
    """Requests of one room that wait for the keeper. Each is answered once, truthfully."""

    def __init__(self, link: Link, keys: DocumentKeys) -> None:
        self._link, self._keys = link, keys
        self._waiting: dict[tuple[str, int], tuple[Member, asyncio.TimerHandle]] = {}

    async def ask(self, member: Member, number: int) -> None:
        """Ask the keeper to save for `member`, who numbered the request."""
        waiting = sum(origin == member.origin for origin, _ in self._waiting)
        if not member.may_write or waiting >= WAITING_MAX:
            _tell(member, number, "failed")
            return
        key = (member.origin, number)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(ANSWER_WITHIN_S, self._late, key)
        self._waiting[key] = (member, timer)
        await self._publish(key)

    async def ask_again(self) -> None:
        """Repeat what waits for an answer; to save twice is harmless. Called every ASK_AGAIN_S."""
        for key in list(self._waiting):
            await self._publish(key)

    async def _publish(self, key: tuple[str, int]) -> None:
        try:
            note = feed.notice("save", by=key[0], id=key[1])
            await self._link.command("SPUBLISH", self._keys.feed, note)
        except RTStoreError:
            self._end(key, "failed")

    def answered(self, told: dict[str, object]) -> None:
        """A "saved" notice: ours or another room's."""
        number = told.get("id")
        if isinstance(number, int):
            status = "success" if told.get("status") == "success" else "failed"
            self._end((str(told.get("by", "")), number), status)

    def _late(self, key: tuple[str, int]) -> None:
        self._end(key, "failed")

    def _end(self, key: tuple[str, int], status: str) -> None:
        member, timer = self._waiting.pop(key, (None, None))
        if member is not None and timer is not None:
            timer.cancel()
            _tell(member, key[1], status)


def _tell(member: Member, number: int, status: str) -> None:
    if not member.outbox.closed:
        member.send(frames.raw({"type": "save", "responseTo": number, "status": status}))
