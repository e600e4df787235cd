"""What happened to files through Jupyter's contents API, passed on in order.

Jupyter tells it as events; here they wait while the store is away, so that a rename is never
forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from jupyter_events import EventLogger

from rtstore.errors import NoSuchDocument, StoreRefused, StoreUnavailable
from rtstore.jupyter.files import OURS
from rtstore.jupyter.notices import Notices

logger = logging.getLogger(__name__)

RETRY_S = 0.5
WAITING_MAX = 100_000
"""Changes kept while the store is away; beyond it the oldest are dropped, and said so."""


class Change(NamedTuple):
    """One thing that happened: ``renamed`` (path, to), ``deleted``, ``replaced``, ``copied``
    (path is the copy) or ``indexed`` (path, to is the id that was given out for it).
    """

    what: str
    path: str
    to: str = ""


class ContentsEvents:
    """The queue between Jupyter's events and `Notices`."""

    def __init__(
        self, *, is_indexed: Callable[[str], bool], gone: Callable[[str], object]
    ) -> None:
        """`is_indexed`: whether a path has a file id, as far as is known here at no cost.
        `gone`: told at once of each path whose file is no more, or has another put in its place.
        """
        self._is_indexed, self._gone = is_indexed, gone
        self._waiting: deque[Change] = deque()
        self._more = asyncio.Event()

    async def heard(self, logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        """Jupyter's event listener for `events.CONTENTS`; its signature is Jupyter's."""
        path = str(data["path"]).strip("/")
        match data["action"]:
            case "rename":
                if (source := str(data["source_path"]).strip("/")) != path:
                    self._gone(path)
                self.add(Change("renamed", source, path))
            case "delete":
                self._gone(path)
                self.add(Change("deleted", path))
            case "copy":
                self.add(Change("copied", path))
            case "save" if not OURS.get() and self._is_indexed(path):
                self.add(Change("replaced", path))

    def add(self, change: Change) -> None:
        """Pass it on, after all that happened before; at once if the store is there."""
        if self._waiting and self._waiting[-1] == change:
            return
        if len(self._waiting) >= WAITING_MAX:
            logger.error("change of a file dropped, the store is away too long: %s", change)
            self._waiting.popleft()
        self._waiting.append(change)
        self._more.set()

    async def run(self, notices: Notices, learned: Callable[[str, str], None]) -> None:
        """Pass on, for ever. `learned` is told the id of each path that was indexed."""
        while True:
            while self._waiting:
                change = self._waiting[0]
                try:
                    await _pass_on(change, notices, learned)
                except StoreUnavailable as error:
                    logger.debug("change waits for the store change=%s why=%s", change, error)
                    await asyncio.sleep(RETRY_S)
                    continue
                except (NoSuchDocument, StoreRefused) as error:
                    logger.warning("change not passed on change=%s why=%s", change, error)
                if self._waiting and self._waiting[0] is change:
                    self._waiting.popleft()
            self._more.clear()
            await self._more.wait()


async def _pass_on(change: Change, notices: Notices, learned: Callable[[str, str], None]) -> None:
    match change.what:
        case "renamed":
            await notices.renamed(change.path, change.to)
        case "deleted":
            await notices.deleted(change.path)
        case "replaced":
            await notices.replaced(change.path)
        case "copied":
            learned(change.path, await notices.copied(change.path))
        case "indexed":
            learned(change.path, await notices.indexed(change.path, change.to))
