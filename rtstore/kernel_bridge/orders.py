"""Orders: who told one start of a kernel to end, and what that means for its runs."""

from __future__ import annotations

import time
from typing import Any

from rtstore.redis_backend.output_log import OutputEntry

HELD_MS = 60_000
"""A kernel that ends so long after it was told to ended for that reason."""


class Orders:
    """See the module. Found in the kernel's log, entry by entry."""

    def __init__(self, *, restart_ms: int = 0) -> None:
        self.restart_ms = restart_ms
        """When its restart was ordered (unix; 0: nobody did): what is asked for later is for the
        start that follows.
        """
        self.by = ""
        """Username of who ended it."""
        self.why = ""
        """What became of it; '' while nobody ordered its end."""
        self._at_ms = 0

    def note(self, entry: OutputEntry, told: dict[str, Any]) -> None:
        """Somebody did something to it: `told` is what the entry says."""
        if entry.type == "restart":
            self.restart_ms = entry.ts
        if entry.type != "interrupt":
            self.by = str(told.get("by") or "")
            done = "restarted" if entry.type == "restart" else "shut down"
            name = str(told.get("name") or self.by)
            self.why, self._at_ms = f"the kernel was {done} by {name}", entry.ts

    def why_ended(self, otherwise: str) -> str:
        """Why it ended, now that it has."""
        return self.why if time.time() * 1000 - self._at_ms < HELD_MS else otherwise
