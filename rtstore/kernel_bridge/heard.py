"""Heard: one message of a kernel as a bridge heard it; and those that were written lately."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection
from typing import NamedTuple

from rtstore.schema.kernel_message import KernelMessage

KEPT_S, KEPT_BYTES = 10.0, 32 * 2**20
"""A store that is killed forgets two seconds at most."""


class Heard(NamedTuple):
    """One message that the log lacks."""

    name: str
    message: KernelMessage
    size: int
    missing: str = ""
    """Why it can't be written; '' if it can."""


class WrittenLately:
    """Messages that the log has, in order, for a store that loses its newest entries."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, Heard]] = deque()
        self._bytes = 0

    def add(self, one: Heard) -> None:
        """It was written."""
        now = time.monotonic()
        self._kept.append((now, one))
        self._bytes += one.size
        while self._kept and (self._kept[0][0] < now - KEPT_S or self._bytes > KEPT_BYTES):
            self._bytes -= self._kept.popleft()[1].size

    def heard(self) -> list[Heard]:
        """All of them, oldest first."""
        return [one for _, one in self._kept]

    def take(self, *, after: int) -> list[Heard]:
        """All but the oldest so many, which were not written after all."""
        taken = [self._kept.pop()[1] for _ in range(len(self._kept) - after)]
        self._bytes -= sum(one.size for one in taken)
        return taken[::-1]


class Replies:
    """What a kernel told this bridge alone: kept until the log has it, whoever's turn it is."""

    def __init__(self) -> None:
        self._unwritten: dict[str, KernelMessage] = {}
        self._written: deque[tuple[float, str, KernelMessage]] = deque()

    def came(self, name: str, message: KernelMessage) -> None:
        """The kernel sent this."""
        self._unwritten[name] = message

    def written(self, name: str) -> None:
        """The log has it."""
        message = self._unwritten.pop(name, None)
        now = time.monotonic()
        if message is not None:
            self._written.append((now, name, message))
        while self._written and self._written[0][0] < now - KEPT_S:
            self._written.popleft()

    def find_lost(self, found: Collection[str]) -> None:
        """A store lost its newest entries; `found` are those that are left."""
        for _, name, message in self._written:
            if name not in found:
                self._unwritten[name] = message
        self._written.clear()

    def unwritten(self) -> list[Heard]:
        """What the log lacks, in order."""
        return [Heard(name, message, 0) for name, message in self._unwritten.items()]
