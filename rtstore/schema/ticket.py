"""Ticket: what a request to run cells gets as it arrives at the Jupyter server.

The requests of "Run All" come over several connections, there and from there to a worker. They
must not overtake each other, and whoever queues their cells should know how many there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = "X-Rtstore-Ticket"
"""Set by the Jupyter extension's proxy on what it passes to a worker."""
OF_MAX = 999
_ID = "[0-9a-z]{1,40}"
_HEADER = re.compile(
    rf"(?P<ms>[0-9]{{1,13}}) (?P<id>{_ID}) (?P<lot>{_ID}) (?P<of>[0-9]{{1,3}})"
    rf"(?: (?P<before>{_ID}))?"
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """When a request arrived, and which one was there before it."""

    id: str
    arrived_ms: int
    """By the clock of the Jupyter server's host, which is the worker's, too."""
    lot: str = ""
    """Those of one user that were at the server at once are one lot: the first one's ticket."""
    of: int = 1
    """How many those are."""
    before: str = ""
    """The ticket of the last one that came before it and was not answered yet; '': none."""

    def as_header(self) -> str:
        """What `of_header` reads."""
        lot = self.lot or self.id
        return f"{self.arrived_ms} {self.id} {lot} {min(self.of, OF_MAX)} {self.before}".rstrip()

    @classmethod
    def of_header(cls, text: str) -> Ticket | None:
        """None if it is no ticket."""
        found = _HEADER.fullmatch(text)
        if found is None:
            return None
        return cls(
            found["id"], int(found["ms"]), found["lot"], int(found["of"]), found["before"] or ""
        )
