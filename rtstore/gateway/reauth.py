"""Reauth: whoever has a socket open is asked about again, now and then.

Only who came directly: for those behind the Jupyter extension's proxy, the proxy asks.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from rtstore.gateway.gate import Gate
from rtstore.gateway.member import Code, Member

logger = logging.getLogger(__name__)

LOOKS = 10
"""Looks for who is due, in the time between two questions about one socket."""


@dataclass(slots=True)
class _Watched:
    member: Member
    request: web.Request
    due: float


class Reauth:
    """Rights that shrank take effect, and who may not be here any more is closed."""

    def __init__(self, gate: Gate, *, every_s: float) -> None:
        self._gate, self._every_s = gate, every_s
        self._watched: dict[str, _Watched] = {}

    @contextmanager
    def watching(self, member: Member, request: web.Request) -> Iterator[None]:
        """Ask again who this is while the body runs, unless a proxy vouches for them."""
        if not self._gate.is_vouched(request):
            self._watched[member.origin] = _Watched(member, request, self._next())
        try:
            yield
        finally:
            self._watched.pop(member.origin, None)

    def _next(self) -> float:
        # Spread: all sockets of a worker that was started again have come at once.
        spread = random.uniform(0.8, 1.0)  # noqa: S311 -- no secret
        return asyncio.get_running_loop().time() + self._every_s * spread

    async def run(self) -> None:
        """Ask for ever; one question at a time, so that Jupyter is not flooded."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._every_s / LOOKS)
            due = [one for one in self._watched.values() if one.due <= loop.time()]
            for one in due:
                if one.member.origin not in self._watched:
                    continue  # left meanwhile
                one.due = self._next()
                try:
                    await self._ask(one)
                except web.HTTPServiceUnavailable as error:
                    logger.info("can't ask who somebody is why=%s", error.reason)
                    break  # they stay: it is Jupyter that is away
                except Exception:  # of one answer; the others are asked about all the same
                    logger.exception("can't ask who somebody is")

    async def _ask(self, one: _Watched) -> None:
        member = one.member
        try:
            # Many sockets of one browser need one question.
            now = await self._gate.again(one.request, not_before_s=self._every_s / LOOKS)
        except web.HTTPForbidden as error:
            name = member.identity.user.username
            logger.info("socket closed user=%s why=%s", name, error.reason)
            # Before the first sync the stock front end says it; later it would try again.
            code = Code.POLICY if member.is_synced else Code.NOT_ALLOWED
            await member.close(code, f"{error.reason}; sign in again")
            return
        could_write = member.may_write
        # The name stays: with a token alone, Jupyter makes one up for each request.
        member.identity = member.identity.with_rights(now.rights)
        if member.may_write and not could_write:
            member.is_held = True  # what it wrote meanwhile was dropped, and has to come first
