"""Ends: how the actions ended that this process did last.

A store that is killed comes back without its last second, and with it actions that are to be done,
or are being done, as it says. They were: this process says again how they ended.
"""

from __future__ import annotations

import json
from collections import OrderedDict

from rtstore.redis_backend.action_book import Record

NUMBER_MAX = 5000
BYTES_MAX = 64 * 2**20
"""Of their results; a store that lacks more than these had is not one that was killed."""


class Ends:
    """See the module."""

    def __init__(self, *, number_max: int = NUMBER_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._number_max, self._bytes_max = number_max, bytes_max
        self._known: OrderedDict[str, tuple[Record, int]] = OrderedDict()
        self._bytes = 0

    def add(self, ended: Record) -> None:
        """Remember a record as it ended; the oldest go, but never this one."""
        self._drop(ended["id"])
        size = len(json.dumps(ended))
        self._known[ended["id"]] = (ended, size)
        self._bytes += size
        while len(self._known) > 1 and self._is_over():
            self._drop(next(iter(self._known)))

    def get(self, action_id: str) -> Record | None:
        """How it ended; None if this process did not do it, or long ago."""
        found = self._known.get(action_id)
        return found[0] if found is not None else None

    def _is_over(self) -> bool:
        return len(self._known) > self._number_max or self._bytes > self._bytes_max

    def _drop(self, action_id: str) -> None:
        if (gone := self._known.pop(action_id, None)) is not None:
            self._bytes -= gone[1]
