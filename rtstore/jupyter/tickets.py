"""Tickets: in which order requests to run cells arrived at this server."""

from __future__ import annotations

import itertools
import secrets
import time

from rtstore.schema.ticket import Ticket

Line = tuple[str, str]
"""The path of the request, and the user's name."""


class Tickets:
    """See the module. Each user has a line at each kernel: nobody waits for what others asked."""

    def __init__(self) -> None:
        self._server, self._numbers = secrets.token_hex(4), itertools.count(1)
        self._last: dict[Line, str] = {}

    def take(self, line: Line) -> Ticket:
        """A request arrived just now; give the ticket back when it is answered."""
        ticket = Ticket(
            f"{self._server}x{next(self._numbers)}",
            int(time.time() * 1000),
            self._last.get(line, ""),
        )
        self._last[line] = ticket.id
        return ticket

    def give_back(self, line: Line, ticket: Ticket) -> None:
        """It is answered, whatever the answer: nobody has to wait for it."""
        if self._last.get(line) == ticket.id:
            del self._last[line]
