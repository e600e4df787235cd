"""Outage: a document's edits that the store does not take, told to the log and to people.

What a browser typed meanwhile it keeps, and brings with its next sync; its page shows nothing of
that. So who goes on typing for long must be told not to close it.
"""

from __future__ import annotations

import asyncio
import logging

from rtstore.errors import StoreFull, StoreRefused, StoreUnavailable
from rtstore.gateway.place import Place
from rtstore.schema import session_events

logger = logging.getLogger(__name__)

TELL_AFTER_S = 5.0
"""A store that restarts is back sooner, and a message would only frighten."""


class Outage:
    """One document's, on one worker: from the first edit that was refused to the next success."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._timer: asyncio.TimerHandle | None = None
        self._is_told = False
        self.is_on = False
        self.is_full = False
        """The store is there, but takes nothing."""

    def refused(self, error: StoreUnavailable | StoreRefused) -> None:
        """An edit was not taken."""
        self.is_full = isinstance(error, StoreFull)
        if self.is_on:
            return
        self.is_on = True
        logger.error("edits refused document=%s why=%s", self._place.document_id, error)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(TELL_AFTER_S, self._lasts_long)

    def over(self) -> None:
        """Edits are taken again."""
        if not self.is_on:
            return
        logger.info("edits taken again document=%s", self._place.document_id)
        is_told = self._is_told
        self.forget()
        if is_told:
            told = f"Changes to {self._place.path} are stored again."
            self._place.later(self._place.tell_people("INFO", told))

    def forget(self) -> None:
        """Nobody is left who typed."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.is_on, self._is_told = None, False, False

    def _lasts_long(self) -> None:
        self._timer, self._is_told = None, True
        why = "takes no more data" if self.is_full else "does not answer"
        told = (
            f"Changes to {self._place.path} are not being stored: the store {why}. "
            "Keep this page open; what you type is brought in when that is over."
        )
        self._place.later(self._place.tell_people(session_events.ALARM, told))
