"""Penalties: a client that keeps sending bad frames has to wait before it may try again.

A browser with a broken copy connects again at once after each close; without a wait it would do
so for ever, ten times a second.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

FIRST_S, LONGEST_S = 1.0, 60.0
FORGET_S = 300.0
"""Who behaved for this long starts anew."""
REMEMBERED_MAX = 10_000


class Penalties:
    """Waits by client (user, address, room), doubled with each bad frame."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def add(self, client: str) -> float:
        """`client` sent a bad frame; returns how long it will have to wait, in seconds."""
        now = asyncio.get_running_loop().time()
        until, wait = self._until.pop(client, (0.0, 0.0))
        is_new = not wait or now - until > FORGET_S
        wait = FIRST_S if is_new else min(2 * wait, LONGEST_S)
        self._until[client] = (now + wait, wait)
        if len(self._until) > REMEMBERED_MAX:
            self._until.popitem(last=False)
        return wait

    def due(self, client: str) -> float:
        """How long `client` has to wait now, in seconds."""
        until, _ = self._until.get(client, (0.0, 0.0))
        return max(0.0, until - asyncio.get_running_loop().time())
