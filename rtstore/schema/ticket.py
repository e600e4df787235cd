"""Ticket: what a request to run cells gets as it arrives at the Jupyter server.

The requests of "Run All" come over several connections, there and from there to a worker, and
must not overtake each other on the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = "X-Rtstore-Ticket"
"""Set by the Jupyter extension's proxy on what it passes to a worker."""
_HEADER = re.compile(r"(?P<ms>[0-9]{1,13}) (?P<id>[0-9a-z]{1,40})(?: (?P<before>[0-9a-z]{1,40}))?")


@dataclass(frozen=True, slots=True)
class Ticket:
    """When a request arrived, and which one was there before it."""

    id: str
    arrived_ms: int
    """By the clock of the Jupyter server's host, which is the worker's, too."""
    before: str = ""
    """The ticket of the last one that came before it and was not answered yet; '': none."""

    def as_header(self) -> str:
        """What `of_header` reads."""
        return f"{self.arrived_ms} {self.id} {self.before}".rstrip()

    @classmethod
    def of_header(cls, text: str) -> Ticket | None:
        """None if it is no ticket."""
        found = _HEADER.fullmatch(text)
        if found is None:
            return None
        return cls(found["id"], int(found["ms"]), found["before"] or "")
