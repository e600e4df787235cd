"""Line: in it, requests to run cells ask for them in the order in which they arrived at Jupyter.

They come here over several connections, and one that finds its connection open overtakes one that
has to make it. All of a kernel's come to one worker, unless that dies.
"""

from __future__ import annotations

import asyncio

from rtstore.schema.ticket import Ticket

WAIT_S = 2.5
"""For the one before, which waits for its kernel to be known, or was refused on its way."""
KEPT = 1000


class Line:
    """Of one worker."""

    def __init__(self) -> None:
        self._passed: dict[str, asyncio.Event] = {}

    async def until_next(self, ticket: Ticket | None) -> None:
        """Wait until who was before has asked, or was refused; no longer than WAIT_S."""
        if ticket is None or not ticket.before:
            return
        try:
            async with asyncio.timeout(WAIT_S):
                await self._of(ticket.before).wait()
        except TimeoutError:
            self._of(ticket.before).set()  # who comes later does not wait for it once more

    def passed(self, ticket: Ticket | None) -> None:
        """It has asked, or won't: the next one may."""
        if ticket is not None:
            self._of(ticket.id).set()

    def _of(self, ticket_id: str) -> asyncio.Event:
        event = self._passed.setdefault(ticket_id, asyncio.Event())
        while len(self._passed) > KEPT:
            del self._passed[next(iter(self._passed))]
        return event
