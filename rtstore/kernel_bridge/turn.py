"""Turn: what one bridge has of a kernel, for as long as it serves one start of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rtstore.schema.run import Run


class Channels(Protocol):
    """What goes to the kernel."""

    async def request(self, frames: Sequence[bytes]) -> None:
        """Send on shell. Raises KernelUnreachable; NotSent if that is certain."""

    async def answer(self, frames: Sequence[bytes]) -> None:
        """Send on stdin. Raises KernelUnreachable."""

    async def show(self, frames: Sequence[bytes]) -> None:
        """Send on control. Raises KernelUnreachable."""


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
    note_sent: Callable[[Run], None] = lambda _: None
    """Called with each run that is about to be sent, with its frames."""
    note_over: Callable[[str], None] = lambda _: None
    """Called with the id of each that is over."""
    may_miss: bool = False
    """Whether what the kernel says while nobody listens is lost."""
    may_resend: bool = True
    """Whether the kernel refuses a request that it has, as it was signed here."""
    may_show: bool = False
    """Whether our launcher started it: it shows pages what we ask it to, also while it is busy."""
    refuses_repeats: bool = False
    """Whether it runs a request once, however often the same bytes come."""
    ordered_ms: int = 0
    """When somebody last ordered a restart (unix, ms); 0: nobody did."""
    restarting_ms: int = 0
    """The same where that restart is under way: this start of the kernel is about to end, or has
    ended. 0: it is not.
    """

    def is_of_earlier(self, run: Run) -> bool:
        """Whether a run was asked for of an earlier start of the kernel, which is over: what came
        after a restart was ordered is for the start that follows.
        """
        asked_of = int(run.generation or 0)  # 0: when nothing was known of the kernel yet
        if not 0 < asked_of < int(self.generation or 0):
            return False
        return int(run.requested or 0) <= self.ordered_ms or not self.ordered_ms
