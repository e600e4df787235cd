"""SteppedLink: a Link whose answers come when a test says so, to count round trips.

stepped.hold()          what is asked from now on gets no answer
await stepped.step()    …all that was asked until now gets its answer: one round trip
stepped.go()            as a link does
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any

from rtstore.redis_backend.link import Arg, Heard, Link, Script
from tests.support.waiting import until


class SteppedLink:
    """See the module. Only answers wait: what is asked reaches the store at once."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._answers: asyncio.Event | None = None
        self._under_way = 0
        """How much the store has not answered: that is to wait here when it has."""
        self.asked: list[str] = []
        """What waits for its answer."""

    def hold(self) -> None:
        """Stop answering."""
        self._answers = asyncio.Event()

    async def has_asked_all(self) -> bool:
        """Whether anything waits for its answer, and nothing more is asked without one."""
        before = len(self.asked)
        for _ in range(10):  # who is about to ask does
            await asyncio.sleep(0)
        return 0 < before == len(self.asked) and not self._under_way

    async def step(self) -> list[str]:
        """One round trip, once all was asked that needs no answer; returns what was."""
        await until(self.has_asked_all, what="something is asked of the store", timeout_s=30)
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

    @contextmanager
    def _on_its_way(self) -> Iterator[None]:
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _turn(self, what: str) -> None:
        if self._answers is not None:
            self.asked.append(what)
            await self._answers.wait()

    async def command(self, *args: Arg) -> Any:
        """See Link."""
        answers = self._turn(str(args[0]))
        try:
            with self._on_its_way():
                return await self._link.command(*args)
        finally:
            await answers

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Arg] = ()) -> Any:
        """See Link."""
        answers = self._turn(script.name)
        try:
            with self._on_its_way():
                return await self._link.call(script, keys, args)
        finally:
            await answers

    @asynccontextmanager
    async def listen(self, channel: str, heard: Heard) -> AsyncIterator[None]:
        """See Link."""
        async with AsyncExitStack() as stack:
            with self._on_its_way():
                await stack.enter_async_context(self._link.listen(channel, heard))
            await self._turn("SSUBSCRIBE")
            yield

    def watch(self, changed: Callable[[bool], None]) -> AbstractAsyncContextManager[None]:
        """See Link."""
        return self._link.watch(changed)
