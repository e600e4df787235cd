"""Patience: how long a kernel may say nothing of a request until it is taken for not received."""

from __future__ import annotations

import time

from rtstore.errors import KernelUnreachable
from rtstore.schema.run import SENT, Run

UNHEARD_S = 5.0


class Patience:
    """See the module.

    A bridge that stood still may connect late: from then on the kernel takes nothing of us, and
    doesn't say so. Who serves it next connects anew, and sends the same bytes again.
    """

    def __init__(self) -> None:
        self._until_s = 0.0

    def begin(self, *, sent_before_s: float = 0.0) -> None:
        """It was sent, or sent again. Twice as long each time: perhaps the kernel has much to do
        for somebody else.
        """
        self._until_s = time.monotonic() + max(UNHEARD_S, sent_before_s)

    def check(self, run: Run | None) -> None:
        """Raise KernelUnreachable if the kernel, by all we know, has not got our request."""
        if run is not None and run.state == SENT and time.monotonic() > self._until_s:
            raise KernelUnreachable(f"it says nothing of run {run.id}")
