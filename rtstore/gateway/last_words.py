"""LastWords: what a tab of an earlier history says before it is closed, kept as a draft.

Its document must not be merged into the present one, which may hold the same text under other
ids. So it is asked for all it has, and that goes beside the file.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import WSMsgType, web

from rtstore.errors import BadFrame, StoreRefused, StoreUnavailable, TooBig
from rtstore.gateway.member import Code, Member
from rtstore.gateway.place import Place
from rtstore.redis_backend.drafts import Draft, Drafts
from rtstore.schema import feed, frames, updates

logger = logging.getLogger(__name__)

ANSWER_S = 10.0
"""A page answers within its round trip; a big notebook takes a while on a slow line."""


class LastWords:
    """Of one member, who has the document open as `kind` and `form`."""

    def __init__(
        self, place: Place, member: Member, *, kind: str, form: str, bytes_max: int
    ) -> None:
        self._place, self._member = place, member
        self._kind, self._form, self._bytes_max = kind, form, bytes_max
        self._said: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def receive(self, data: bytes) -> None:
        """One frame; all but the answer is ignored. Raises BadFrame, TooBig."""
        frame = frames.decode(data)
        if not isinstance(frame, frames.SyncStep2) or self._said.done():
            return
        if len(frame.update) > self._bytes_max:
            raise TooBig(f"update of {len(frame.update)} bytes, at most {self._bytes_max}")
        updates.check(frame.update)
        self._said.set_result(frame.update)

    async def end(self, why: str, *, socket: web.WebSocketResponse | None = None) -> None:
        """Ask, wait a while for the answer, keep it, and close so that the tab loads anew.

        Reads `socket` itself if one is given, and raises BadFrame, TooBig then. What can't be
        kept now is not given up: the tab is sent to another worker with all that it has. Who
        said nothing in time, or may not write now, is not told that anything was kept.
        """
        member = self._member
        try:
            is_kept = member.may_write and await self._heard(socket)
            if is_kept:
                await self._keep()
        except (StoreUnavailable, StoreRefused) as error:
            await member.close(Code.LATER, f"the store: {error}")
        else:
            await member.close_for_good(why, is_reloadable=True, is_kept=is_kept)

    async def _heard(self, socket: web.WebSocketResponse | None) -> bool:
        self._member.send(frames.sync_step1(frames.EMPTY_STATE_VECTOR))
        try:
            async with asyncio.timeout(ANSWER_S):
                if socket is None:
                    await self._said
                else:
                    await self._read(socket)
        except TimeoutError:
            logger.info("no last words document=%s", self._place.document_id)
        return self._said.done() and not self._said.cancelled()

    async def _read(self, socket: web.WebSocketResponse) -> None:
        while not self._said.done():
            message = await socket.receive()
            if message.type is WSMsgType.TEXT:
                raise BadFrame("a text message; this protocol is binary")
            if message.type is not WSMsgType.BINARY:
                return
            self.receive(message.data)

    async def _keep(self) -> None:
        update, place = self._said.result(), self._place
        if update == frames.NOTHING:
            return
        user = self._member.identity.user.username
        draft = Draft(user, self._kind, self._form, update)
        if await Drafts(place.link, place.keys).put(draft):
            logger.info("draft document=%s user=%s bytes=%d", place.document_id, user, len(update))
        await place.link.command("SPUBLISH", place.keys.feed, feed.notice("draft"))
        await place.announce()  # should no keeper have it


class Farewell:
    """The last words of a room's members, whose history ended under them."""

    def __init__(self, place: Place, *, bytes_max: int) -> None:
        self._place, self._bytes_max = place, bytes_max
        self._words: dict[Member, LastWords] = {}

    async def bid(self, member: Member) -> None:
        """See `LastWords.end`; its frames come by `receive` meanwhile."""
        place = self._place
        if place.is_displaced:  # nobody will look for drafts there
            place = await place.successor() or place
        words = self._words[member] = LastWords(
            place, member, kind=place.kind, form=place.format, bytes_max=self._bytes_max
        )
        await words.end("This document's history is gone; load it again.")

    def receive(self, member: Member, data: bytes) -> bool:
        """Whether this member is on its way out; then `data` is taken. Raises BadFrame, TooBig."""
        words = self._words.get(member)
        if words is not None:
            words.receive(data)
        return words is not None
