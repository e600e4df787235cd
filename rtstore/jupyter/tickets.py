"""Tickets: in which order requests to run cells arrived at this server, and which came at once."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from dataclasses import dataclass, field, replace

from rtstore.schema.ticket import Ticket
from rtstore.tasks import until_calm

Line = tuple[str, str]
"""The path of the request, and the user's name."""
PAUSE_S, GATHERS_S = 0.01, 0.3
"""A busy server reads one request after another: those of one "Run All" wait for each other until
it has nothing to catch up with, which is one pause if it is not busy."""


@dataclass(slots=True)
class _Lot:
    """Requests that are held for each other."""

    id: str
    size: int = 0
    is_whole: asyncio.Event = field(default_factory=asyncio.Event)


class Tickets:
    """See the module. Each user has a line at each kernel: nobody waits for what others asked."""

    def __init__(self) -> None:
        self._server, self._numbers = secrets.token_hex(4), itertools.count(1)
        self._last: dict[Line, str] = {}
        self._open: dict[Line, _Lot] = {}

    def take(self, line: Line) -> Ticket:
        """A request arrived just now; give the ticket back when it is answered."""
        ticket = Ticket(
            f"{self._server}x{next(self._numbers)}",
            int(time.time() * 1000),
            before=self._last.get(line, ""),
        )
        self._last[line] = ticket.id
        return ticket

    async def with_others(self, line: Line, ticket: Ticket) -> Ticket:
        """The ticket again, when it is known how many came with it. Call it once."""
        if (lot := self._open.get(line)) is not None:
            lot.size += 1
            await lot.is_whole.wait()
        else:
            lot = self._open[line] = _Lot(ticket.id, 1)
            try:
                await until_calm(PAUSE_S, within_s=GATHERS_S)
            finally:
                del self._open[line]
                lot.is_whole.set()
        return replace(ticket, lot=lot.id, of=lot.size)

    def give_back(self, line: Line, ticket: Ticket) -> None:
        """It is answered, whatever the answer: nobody has to wait for it."""
        if self._last.get(line) == ticket.id:
            del self._last[line]
