"""Hearing: what was heard of one run, and how it ended by that."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from rtstore.schema.run import ABORTED, ERROR, LOST, OK, Run


@dataclass(slots=True)
class Hearing:
    """See the module. '' and 0 stand for what was not heard."""

    count: str = ""
    """execution_count."""
    status: str = ""
    """As its reply says; where that is missing, as is known otherwise."""
    has_replied: bool = False
    has_failed: bool = False
    idle_s: float = 0.0
    """When the kernel said that it is through (monotonic)."""
    interrupted: str = ""
    """Name of who interrupted it."""
    ended: str = ""
    """Why it could not go on to its end, or how is not known."""
    by_other: bool = False
    """Whether that was somebody else than who asked for it."""
    is_in_doubt: bool = False
    """Whether it may have ended without our hearing it: ask, when it is quiet for long."""
    said_s: float = field(default_factory=time.monotonic)
    """When anything was heard last, of whatever (monotonic)."""

    def replied(self, told: dict[str, Any]) -> None:
        """The kernel's reply came."""
        self.status = str(told.get("status", "ok"))
        self.has_replied = True
        self.count = str(told.get("execution_count") or self.count)

    def acted(self, *, by: object, name: str, run: Run, ended: str) -> None:
        """Somebody interrupted the kernel or (`ended`: why it ends) is about to end it."""
        self.by_other = by != run.user
        if ended:  # Jupyter interrupts the kernel first, so the cell itself only says that
            self.ended = ended
        else:
            self.interrupted = name

    def outcome(self, run: Run) -> Outcome:
        """How it ended, now that it has."""
        status = self.status or ("error" if self.has_failed else "ok")
        to = {"ok": OK, "error": ERROR}.get(status, ABORTED)
        interrupted = f"interrupted by {self.interrupted}" if self.interrupted else None
        why = interrupted if to != OK else None
        count = self.count or None
        if to != OK and self.ended:
            to, why, count = LOST, self.ended, None
        told = {"count": count, "why": why, "by_other": "1" if why and self.by_other else None}
        stops = bool(interrupted) or (to != OK and not (to == ERROR and run.may_fail))
        stopped = why or interrupted or "an earlier cell failed"
        return Outcome(to, told, stopped if stops else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a run, and of those after it."""

    state: str
    told: dict[str, str | None]
    """What is said with it."""
    stops: str
    """Why no more of its batch runs; '' if nothing is against it."""
