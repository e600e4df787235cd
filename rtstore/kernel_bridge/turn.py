"""Turn: what a bridge's work at one kernel depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One bridge's turn at one start of the kernel."""

    generation: str
    holding: Callable[[], str]
    """Our lease's value."""
    may_send: Callable[[], bool]
    """Whether the kernel takes requests now."""
    hurry: Callable[[], None]
    """Called when messages are about to come."""
    may_miss: bool = False
    """Whether what the kernel says while nobody listens is lost."""
    may_show: bool = False
    """Whether our launcher started it: it shows pages what we ask it to, also while it is busy."""
    refuses_repeats: bool = False
    """Whether it runs a request once, however often the same bytes come."""
