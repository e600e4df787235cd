"""SteppedLink: a Link whose answers come when a test says so, to count round trips.

stepped.hold()          what is asked from now on gets no answer
await stepped.step()    …all that was asked until now gets its answer: one round trip
stepped.go()            as a link does
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from rtstore.redis_backend.link import Arg, Heard, Link, Script
from tests.support.waiting import until


class SteppedLink:
    """See the module. Only answers wait: what is asked reaches the store at once."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._answers: asyncio.Event | None = None
        self.asked: list[str] = []
        """What waits for its answer."""

    def hold(self) -> None:
        """Stop answering."""
        self._answers = asyncio.Event()

    async def has_asked(self) -> bool:
        """Whether anything waits for its answer."""
        return bool(self.asked)

    async def step(self) -> list[str]:
        """One round trip, as soon as anything was asked; returns what was."""
        await until(self.has_asked, what="something is asked of the store")
        told, self.asked = self.asked, []
        assert self._answers is not None
        self._answers.set()
        self._answers = asyncio.Event()
        return told

    def go(self) -> None:
        """Answer at once again."""
        if self._answers is not None:
            self._answers.set()
        self._answers = None

    @property
    def server(self) -> str:
        """See Link."""
        return self._link.server

    @property
    def connected(self) -> bool:
        """See Link."""
        return self._link.connected

    @property
    def connections(self) -> int:
        """See Link."""
        return self._link.connections

    async def _turn(self, what: str) -> None:
        if self._answers is not None:
            self.asked.append(what)
            await self._answers.wait()

    async def command(self, *args: Arg) -> Any:
        """See Link."""
        answers = self._turn(str(args[0]))
        try:
            return await self._link.command(*args)
        finally:
            await answers

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Arg] = ()) -> Any:
        """See Link."""
        answers = self._turn(script.name)
        try:
            return await self._link.call(script, keys, args)
        finally:
            await answers

    @asynccontextmanager
    async def listen(self, channel: str, heard: Heard) -> AsyncIterator[None]:
        """See Link."""
        async with self._link.listen(channel, heard):
            await self._turn("SSUBSCRIBE")
            yield

    def watch(self, changed: Callable[[bool], None]) -> AbstractAsyncContextManager[None]:
        """See Link."""
        return self._link.watch(changed)
